import { createHash, randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { identify, type XIdentity } from '../accounts/identity.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XAnswer, XClient, XTokens } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XMeter } from '../x-calls/x-calls.ts'
import { keepRequester } from './keep-requester.ts'
import type { SignInAnswer, SignInOutcome, SignIns, StartedSignIn } from './requesters.ts'

/*
 * Requesters sign in with X (F51, F53): OAuth 2.0 with PKCE, to learn who they are and nothing else. The state is good
 * once, for ten minutes, in the browser that began; only hashes of it, and the sealed verifier, are kept.
 */

const TTL_MINUTES = 10
/** What X wants for `GET /2/users/me`, and no more: no offline.access, so nothing outlives the question. */
const SCOPES = ['tweet.read', 'users.read']

export function createSignIns(services: {
  readonly store: Store
  readonly vault: Vault
  readonly x: Pick<XClient, 'oauth' | 'me'>
  readonly meter: Pick<XMeter, 'answered'>
  readonly logger: Logger
  /** The callback that is registered with X. */
  readonly redirectUri: () => string
}): SignIns {
  const { store, vault, x, meter, logger, redirectUri } = services

  async function open(): Promise<boolean> {
    const found = await store.prisma.workspace.findUnique({ where: { id: 1 }, select: { requesterSignIn: true } })
    return found?.requesterSignIn === true
  }

  async function start(returnTo: string): Promise<StartedSignIn | undefined> {
    if (!(await open())) return undefined
    const to = redirectUri()
    const { url, state, codeVerifier } = x.oauth.authorization(to, SCOPES)
    const browser = randomBytes(32).toString('base64url')
    const stateHash = hash(state)
    const sealed = vault.seal(codeVerifier, signInPlace(stateHash))
    await store.prisma.$executeRaw`
      INSERT INTO requester_sign_in (state_hash, browser_hash, code_verifier, redirect_uri, return_to, expires_at)
      VALUES (${stateHash}, ${hash(browser)}, ${sealed}, ${to}, ${returnTo},
              clock_timestamp() + ${TTL_MINUTES} * interval '1 minute')`
    return { url, browser }
  }

  async function complete(answer: SignInAnswer, browser: string | undefined): Promise<SignInOutcome> {
    if (!(await open())) return { refused: 'CLOSED' }
    const begun = browser === undefined ? undefined : await take(answer.state, browser)
    if (!begun) return { refused: 'STALE' }
    if (answer.error === 'access_denied') return { refused: 'DENIED' }
    if (answer.error !== null || answer.code === null) return { refused: 'X_UNAVAILABLE' }
    const identity = await whoIs(answer.code, begun)
    if (!identity) return { refused: 'X_UNAVAILABLE' }
    const user = await keepRequester(store, identity)
    // F69: whoever was suspended here stays outside.
    if (!user.active) return { refused: 'SUSPENDED' }
    return { userId: user.id, sessionGeneration: user.sessionGeneration, returnTo: begun.returnTo }
  }

  /** Takes the state, if it is this browser's, unused and not too old. Only then is it spent. */
  async function take(state: string, browser: string) {
    const stateHash = hash(state)
    const [row] = await store.prisma.$queryRaw<{ code_verifier: string; redirect_uri: string; return_to: string }[]>`
      UPDATE requester_sign_in SET used_at = clock_timestamp()
      WHERE state_hash = ${stateHash} AND browser_hash = ${hash(browser)} AND used_at IS NULL
        AND expires_at > clock_timestamp()
      RETURNING code_verifier, redirect_uri, return_to`
    if (!row) return undefined
    const codeVerifier = vault.open(row.code_verifier, signInPlace(stateHash))
    return { codeVerifier, redirectUri: row.redirect_uri, returnTo: row.return_to }
  }

  /** Asks X, and throws its tokens away. Undefined: X does not say. */
  async function whoIs(
    code: string,
    { codeVerifier, redirectUri }: { codeVerifier: string; redirectUri: string },
  ): Promise<XIdentity | undefined> {
    let tokens: XTokens | undefined
    try {
      tokens = await x.oauth.exchange(code, codeVerifier, redirectUri)
      const identity = await identify({ me }, tokens.accessToken)
      await forget(tokens, identity.xUserId)
      return identity
    } catch (error) {
      if (!(error instanceof XError)) throw error
      logger.warn({ err: error }, 'a requester could not sign in')
      if (tokens) await forget(tokens, undefined)
      return undefined
    }
  }

  async function me(accessToken: string): Promise<XAnswer> {
    const answer = await x.me(accessToken)
    meter.answered(null, 'GET /2/users/me', answer)
    return answer
  }

  async function forget({ accessToken, refreshToken }: XTokens, xUserId: string | undefined): Promise<void> {
    // X may see one grant in all that a person allowed an app: that of an account at work must live on.
    const account = xUserId && (await store.prisma.account.count({ where: { xUserId, status: { not: 'UNLINKED' } } }))
    if (account) return
    try {
      if (refreshToken) await x.oauth.revoke(refreshToken, 'refresh_token')
      await x.oauth.revoke(accessToken, 'access_token')
    } catch (error) {
      logger.warn({ err: error }, 'a requester’s token could not be ended at X; it dies by itself within two hours')
    }
  }

  return { open, start, complete }
}

const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** The place that a sign-in's verifier is sealed for (store/vault.ts). */
export const signInPlace = (stateHash: string): string => `requester_sign_in/${stateHash}/code_verifier`
