import type { Logger } from 'pino'
import { causeOfRefusals, PATIENCE, type Patience, type Refusal } from '../domain/authorization.ts'
import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import { deauthorize } from './deauthorize.ts'
import { lockAccount } from './lock-account.ts'
import { tokenPlace } from './sealed-places.ts'

/** Keeps count of X's refusals, in the database, so that all processes and restarts count together (F47). */
export interface AuthorizationWatch {
  /** X took a call: the row of refusals ends. */
  accepted(accountId: string): Promise<void>
  /** X refused. `token`: the one that was refused last; if another is kept by now, the refusal is history. */
  refused(accountId: string, kind: Refusal, token: string): Promise<void>
}

const ACTOR: Actor = { kind: 'system', part: 'authorization' }

export function createAuthorizationWatch(services: {
  readonly store: Store
  readonly vault: Vault
  readonly logger: Logger
  readonly patience?: Readonly<Record<Refusal, Patience>>
}): AuthorizationWatch {
  const { store, vault, logger, patience = PATIENCE } = services

  return {
    async accepted(accountId) {
      await store.prisma.accountCredential.updateMany({
        where: { accountId, refusals: { gt: 0 } },
        data: { refusals: 0, refusedSince: null },
      })
    },

    async refused(accountId, kind, token) {
      await store.change(ACTOR, async (scope) => {
        const { db } = scope
        if (!(await lockAccount(db, accountId))) return
        // Whoever holds the row is refreshing: then, too, what was refused is history.
        const [kept] = await db.$queryRaw<{ access_token: string; refresh_token: string | null }[]>`
          SELECT access_token, refresh_token FROM account_credential
          WHERE account_id = ${accountId}::uuid FOR UPDATE SKIP LOCKED`
        const sealed = kind === 'GRANT' ? kept?.refresh_token : kept?.access_token
        const place = kind === 'GRANT' ? tokenPlace.refresh(accountId) : tokenPlace.access(accountId)
        if (!sealed || vault.open(sealed, place) !== token) return
        const [row] = await db.$queryRaw<{ refusals: number; ms: number }[]>`
          UPDATE account_credential SET
            refusals = refusals + 1, refused_since = coalesce(refused_since, clock_timestamp())
          WHERE account_id = ${accountId}::uuid
          RETURNING refusals, (extract(epoch FROM clock_timestamp() - refused_since) * 1000)::float8 AS ms`
        if (!row) return
        const cause = causeOfRefusals({ count: row.refusals, ms: row.ms, last: kind }, patience)
        logger.warn({ accountId, kind, refusals: row.refusals }, 'X refuses an account')
        if (cause && (await deauthorize(scope, vault, accountId, cause))) {
          logger.error({ accountId, cause }, 'an account was deauthorized')
        }
      })
    },
  }
}
