import type { Logger } from 'pino'
import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import type { AccessTokens } from './access-tokens.ts'
import { deauthorize } from './deauthorize.ts'
import { lockAccount } from './lock-account.ts'

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
  readonly tokens: Pick<AccessTokens, 'get'>
  readonly calls: Pick<XCalls, 'make'>
  readonly logger: Logger
}): RemovedApps {
  const { store, vault, x, tokens, calls, logger } = services

  /** Whether X still lets the account in; undefined when it cannot be asked. */
  async function letsIn(accountId: string): Promise<boolean | undefined> {
    try {
      const token = await tokens.get(accountId)
      await calls.make(accountId, 'GET /2/users/me', () => x.me(token))
      return true
    } catch (error) {
      if (error instanceof XError && error.kind === 'UNAUTHORIZED') return false
      logger.warn({ err: error, accountId }, 'X cannot be asked whether the app was removed')
      return undefined
    }
  }

  /** X's refusals were quicker than its word: now the cause is known. */
  async function correctCause(id: string, at: Date): Promise<void> {
    await store.change(ACTOR, async ({ db, emit }) => {
      const account = await lockAccount(db, id)
      if (account?.deauthorizationCause !== 'PASSWORD_CHANGED' || !account.deauthorizedAt) return
      if (Math.abs(at.getTime() - account.deauthorizedAt.getTime()) > SAME_OCCASION_MS) return
      await db.account.update({ where: { id }, data: { deauthorizationCause: 'APP_REMOVED' } })
      emit({ type: 'account.updated', accountId: id, changed: ['deauthorization'] })
    })
  }

  return {
    async heard(xUserId, at) {
      const account = await store.prisma.account.findUnique({
        where: { xUserId },
        include: { credential: { select: { grantedAt: true } } },
      })
      if (!account || account.status === 'UNLINKED') return
      const { id, status, credential } = account
      if (status === 'DEAUTHORIZED' || !credential) return correctCause(id, at)
      const { grantedAt } = credential
      const stillIn = await letsIn(id)
      const believed = stillIn === undefined ? at > grantedAt : !stillIn
      if (!believed) return
      await store.change(ACTOR, async (scope) => {
        await lockAccount(scope.db, id)
        const now = await scope.db.accountCredential.findUnique({ where: { accountId: id } })
        // Authorized anew while we asked, or shut out already.
        if (now?.grantedAt.getTime() !== grantedAt.getTime()) return
        if (await deauthorize(scope, vault, id, 'APP_REMOVED')) {
          logger.error({ accountId: id, cause: 'APP_REMOVED' }, 'an account was deauthorized')
        }
      })
      // Or refusals were quicker than we.
      await correctCause(id, at)
    },
  }
}

/** An hour: X tells within seconds, and tells again for five minutes at most. */
const SAME_OCCASION_MS = 3_600_000
