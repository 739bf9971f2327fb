import type { Logger } from 'pino'
import type { Refusal } from '../domain/authorization.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient, XTokens } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { AuthorizationWatch } from './authorization-watch.ts'
import { tokenPlace } from './sealed-places.ts'

/** Access tokens of connected accounts, fresh whenever they are asked for. */
export interface AccessTokens {
  /**
   * Calls X as an account. A call that X answers 401 is made once more with a refreshed token; one that is refused then,
   * too, is counted against the account (F47), and one that is taken clears its name. Throws XError, or what `call`
   * throws.
   */
  use<T>(accountId: string, call: (accessToken: string) => Promise<T>): Promise<T>
  /**
   * A token that lives for a while yet. `refused` names one that X has just answered 401: it is refreshed first (F47).
   * Throws XError UNAUTHORIZED when X no longer honours the grant or none is kept.
   */
  get(accountId: string, refused?: string): Promise<string>
}

/** Refreshed this long before it expires, so that no call in flight outlives its token. */
const AHEAD_MS = 5 * 60_000

/** What X gave in exchange for a refresh token, which is dead from then on. */
interface Renewal {
  readonly spent: string
  readonly tokens: XTokens
  /** By performance.now(). */
  readonly expiresAt: number
}

export function createAccessTokens(services: {
  readonly store: Store
  readonly vault: Vault
  readonly x: Pick<XClient, 'oauth'>
  readonly logger: Logger
  readonly watch: AuthorizationWatch
}): AccessTokens {
  const { store, vault, x, logger, watch } = services
  const running = new Map<string, Promise<string>>()
  /** Renewals that the database has not taken yet, by account: lost, they would cost the account its access. */
  const unsaved = new Map<string, Renewal>()

  async function renew(accountId: string, refreshToken: string): Promise<Renewal> {
    const kept = unsaved.get(accountId)
    if (kept?.spent === refreshToken) return kept
    const tokens = await x.oauth.refresh(refreshToken).catch((error: unknown) => {
      throw whatWasRefused(error, refreshToken)
    })
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
        // Nothing can follow on this token: that it is over weighs as much as X's saying so.
        if (!row.refresh_token) throw new Refused('CALL', current, 'this account has no refresh token')
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

  /** The token, and whether X has refused this account since it last took a call of it. */
  async function get(accountId: string, refused?: string): Promise<{ token: string; suspect: boolean }> {
    const row = await store.prisma.accountCredential.findUnique({ where: { accountId } })
    const suspect = row !== null && row.refusals > 0
    if (row && row.expiresAt.getTime() > Date.now() + AHEAD_MS) {
      const token = vault.open(row.accessToken, tokenPlace.access(accountId))
      if (token !== refused) return { token, suspect }
    }
    return { token: await refreshOnce(accountId, refused), suspect }
  }

  function refreshOnce(accountId: string, refused: string | undefined): Promise<string> {
    const under = running.get(accountId)
    if (under) return under
    const refreshing = refresh(accountId, refused)
      .catch(async (error: unknown) => {
        if (error instanceof UnknownAppError) logger.error({ err: error, accountId }, 'no token can be refreshed')
        if (!(error instanceof Refused)) throw error
        // After the transaction that held the tokens' row: what counts it needs that row itself.
        await note(accountId, () => watch.refused(accountId, error.refusal, error.token))
        throw new XError('UNAUTHORIZED', error.message)
      })
      .finally(() => running.delete(accountId))
    running.set(accountId, refreshing)
    return refreshing
  }

  /** X's answer is the caller's, whether or not the count of refusals could be kept: a post that was made was made. */
  async function note(accountId: string, counting: () => Promise<void>): Promise<void> {
    await counting().catch((error: unknown) => {
      logger.warn({ err: error, accountId }, 'whether X refuses this account could not be counted')
    })
  }

  return {
    get: async (accountId, refused) => (await get(accountId, refused)).token,
    async use(accountId, call) {
      const { token, suspect } = await get(accountId)
      let doubtful = suspect
      const answer = await call(token).catch(async (error: unknown) => {
        if (!isUnauthorized(error)) throw error
        const fresh = await get(accountId, token)
        doubtful ||= fresh.suspect
        return call(fresh.token).catch(async (again: unknown) => {
          if (isUnauthorized(again)) await note(accountId, () => watch.refused(accountId, 'CALL', fresh.token))
          throw again
        })
      })
      // Read with the tokens, whoever refused it in whatever process; a call that nobody doubts costs no write.
      if (doubtful) await note(accountId, () => watch.accepted(accountId))
      return answer
    },
  }
}

/** X takes this token no more. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal
  readonly token: string
  constructor(refusal: Refusal, token: string, message: string) {
    super(message)
    this.refusal = refusal
    this.token = token
  }
}

/** X refuses the app itself: no account's fault. */
class UnknownAppError extends XError {
  constructor() {
    super('UNAVAILABLE', 'X does not know this app: look at X_CLIENT_ID and X_CLIENT_SECRET')
  }
}

/** What the token endpoint's refusal is about (RFC 6749 §5.2): 400 the grant, 401 and 403 our app, whose operator must look. */
function whatWasRefused(error: unknown, refreshToken: string): unknown {
  if (!(error instanceof XError)) return error
  if (error.kind === 'INVALID_REQUEST') {
    return new Refused('GRANT', refreshToken, 'X no longer honours what the owner of the account granted')
  }
  return error.kind === 'UNAUTHORIZED' || error.kind === 'FORBIDDEN' ? new UnknownAppError() : error
}

const isUnauthorized = (error: unknown): boolean => error instanceof XError && error.kind === 'UNAUTHORIZED'
