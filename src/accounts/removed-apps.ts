import type { Logger } from 'pino'
import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { AccessTokens } from './access-tokens.ts'
import { deauthorize } from './deauthorize.ts'

/** X's `oauth.revoke`: an account's owner removed the app. */
export interface RemovedApps {
  /** `at`: when, as X says. */
  heard(xUserId: string, at: Date): Promise<void>
}

const ACTOR: Actor = { kind: 'system', part: 'authorization' }

/**
 * Acts on `oauth.revoke` at once (F46), but believes X's calls more than its events: a stream that tells old events
 * again must not shut out an account that was authorized anew since.
 */
export function createRemovedApps(services: {
  readonly store: Store
  readonly vault: Vault
  readonly x: Pick<XClient, 'me'>
  readonly tokens: AccessTokens
  readonly logger: Logger
}): RemovedApps {
  const { store, vault, x, tokens, logger } = services

  /** Whether X still lets the account in; undefined when it cannot be asked. */
  async function letsIn(accountId: string): Promise<boolean | undefined> {
    try {
      await x.me(await tokens.get(accountId))
      return true
    } catch (error) {
      if (error instanceof XError && error.kind === 'UNAUTHORIZED') return false
      logger.warn({ err: error, accountId }, 'X cannot be asked whether the app was removed')
      return undefined
    }
  }

  return {
    async heard(xUserId, at) {
      const account = await store.prisma.account.findUnique({
        where: { xUserId },
        include: { credential: { select: { grantedAt: true } } },
      })
      if (!account || account.status === 'UNLINKED') return
      const { id, status, deauthorizedAt, deauthorizationCause } = account
      if (status === 'DEAUTHORIZED') {
        // X's refusals were quicker than its word: now the cause is known.
        if (deauthorizationCause !== 'PASSWORD_CHANGED' || !deauthorizedAt) return
        if (Math.abs(at.getTime() - deauthorizedAt.getTime()) > SAME_OCCASION_MS) return
        await store.change(ACTOR, async ({ db, emit }) => {
          const { count } = await db.account.updateMany({
            where: { id, status: 'DEAUTHORIZED', deauthorizationCause: 'PASSWORD_CHANGED' },
            data: { deauthorizationCause: 'APP_REMOVED' },
          })
          if (count > 0) emit({ type: 'account.updated', accountId: id, changed: ['deauthorization'] })
        })
        return
      }
      const grantedAt = account.credential?.grantedAt
      const wellAfter = await letsIn(id)
      const believed = wellAfter === undefined ? grantedAt !== undefined && at > grantedAt : !wellAfter
      if (!believed) return
      await store.change(ACTOR, async (scope) => {
        const now = await scope.db.accountCredential.findUnique({
          where: { accountId: id },
          select: { grantedAt: true },
        })
        // Authorized anew while we asked.
        if (now?.grantedAt.getTime() !== grantedAt?.getTime()) return
        if (await deauthorize(scope, vault, id, 'APP_REMOVED')) {
          logger.error({ accountId: id, cause: 'APP_REMOVED' }, 'an account was deauthorized')
        }
      })
    },
  }
}

/** An hour: X tells within seconds, and tells again for five minutes at most. */
const SAME_OCCASION_MS = 3_600_000
