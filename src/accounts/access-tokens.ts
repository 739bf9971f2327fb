import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient, XTokens } from '../x/client.ts'
import { XError } from '../x/errors.ts'

/** Access tokens of connected accounts, fresh whenever they are asked for. */
export interface AccessTokens {
  /**
   * A token that lives for a while yet. `refused` names one that X has just answered 401: it is refreshed first (F47).
   * Throws XError UNAUTHORIZED when X no longer honours the grant or none is kept.
   */
  get(accountId: string, refused?: string): Promise<string>
}

/** Refreshed this long before it expires, so that no call in flight outlives its token. */
const AHEAD_MS = 5 * 60_000

/** The places that tokens are sealed for. */
export const tokenPlace = {
  access: (accountId: string) => `account_credential/${accountId}/access_token`,
  refresh: (accountId: string) => `account_credential/${accountId}/refresh_token`,
}

/** What X gave in exchange for a refresh token, which is dead from then on. */
interface Renewal {
  readonly spent: string
  readonly tokens: XTokens
  /** By performance.now(). */
  readonly expiresAt: number
}

export function createAccessTokens(services: { store: Store; vault: Vault; x: XClient; logger: Logger }): AccessTokens {
  const { store, vault, x, logger } = services
  const running = new Map<string, Promise<string>>()
  /** Renewals that the database has not taken yet, by account: lost, they would cost the account its access. */
  const unsaved = new Map<string, Renewal>()

  async function renew(accountId: string, refreshToken: string): Promise<Renewal> {
    const kept = unsaved.get(accountId)
    if (kept?.spent === refreshToken) return kept
    const tokens = await x.oauth.refresh(refreshToken)
    const renewal = { spent: refreshToken, tokens, expiresAt: performance.now() + tokens.expiresInSeconds * 1000 }
    unsaved.set(accountId, renewal)
    logger.info({ accountId }, 'access token refreshed')
    return renewal
  }

  /** One refresh at a time for an account, here by the map, among processes by the row's lock. */
  async function refresh(accountId: string, refused: string | undefined): Promise<string> {
    const token = await store.prisma.$transaction(
      async (db) => {
        const [row] = await db.$queryRaw<{ access_token: string; refresh_token: string | null; fresh: boolean }[]>`
          SELECT access_token, refresh_token,
                 expires_at > clock_timestamp() + ${AHEAD_MS} * interval '1 millisecond' AS fresh
          FROM account_credential WHERE account_id = ${accountId}::uuid FOR UPDATE`
        if (!row) throw new XError('UNAUTHORIZED', 'this account has no tokens: it must be authorized')
        const current = vault.open(row.access_token, tokenPlace.access(accountId))
        // Whoever held the lock before us may have done it already.
        if (row.fresh && current !== refused) return current
        if (!row.refresh_token) throw new XError('UNAUTHORIZED', 'this account has no refresh token')
        const refreshToken = vault.open(row.refresh_token, tokenPlace.refresh(accountId))
        const { tokens, expiresAt } = await renew(accountId, refreshToken)
        await db.$executeRaw`
          UPDATE account_credential SET
            access_token = ${vault.seal(tokens.accessToken, tokenPlace.access(accountId))},
            refresh_token = coalesce(${
              tokens.refreshToken ? vault.seal(tokens.refreshToken, tokenPlace.refresh(accountId)) : null
            }, refresh_token),
            scopes = ${[...tokens.scopes]},
            expires_at = clock_timestamp() + ${Math.round(expiresAt - performance.now())} * interval '1 millisecond',
            updated_at = now()
          WHERE account_id = ${accountId}::uuid`
        return tokens.accessToken
      },
      { maxWait: 10_000, timeout: 40_000 },
    )
    unsaved.delete(accountId)
    return token
  }

  return {
    async get(accountId, refused) {
      const row = await store.prisma.accountCredential.findUnique({ where: { accountId } })
      if (row && row.expiresAt.getTime() > Date.now() + AHEAD_MS) {
        const token = vault.open(row.accessToken, tokenPlace.access(accountId))
        if (token !== refused) return token
      }
      const under = running.get(accountId)
      if (under) return under
      const refreshing = refresh(accountId, refused).finally(() => running.delete(accountId))
      running.set(accountId, refreshing)
      return refreshing
    },
  }
}
