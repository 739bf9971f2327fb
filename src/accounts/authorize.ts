import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import { HANDLES } from '../domain/account.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XAnswer, XClient, XTokens } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XMeter } from '../x-calls/x-calls.ts'
import { identify } from './identity.ts'
import { keepGrant } from './keep-grant.ts'
import { lockWorkspace } from './lock-account.ts'
import { type Done, NO_ACCOUNT, type Outcome, refusal } from './outcome.ts'
import { authorizationPlace } from './sealed-places.ts'

/*
 * OAuth 2.0 with PKCE at X (F4, F8; RFC 6749, RFC 7636, RFC 9700). The state is good once, for ten minutes and for the
 * administrator who began; only its hash and the sealed verifier are kept. The same flow connects and reauthorizes.
 */

export interface StartedAuthorization extends Outcome {
  /** Where the account's owner consents; null when there are userErrors. */
  readonly authorizeUrl: string | null
  readonly expiresAt: Date | null
}

/** What came back from X's page. */
export interface AuthorizationAnswer {
  readonly state: string
  readonly code?: string | null | undefined
  /** RFC 6749 §4.1.2.1, such as `access_denied`. */
  readonly error?: string | null | undefined
}

export interface Authorizations {
  /** `accountId`: the account to be authorized anew; null: a new one. */
  start(userId: string, accountId: string | null): Promise<StartedAuthorization>
  /** `userId` null: the state says in whose name (the callback door, where no token comes along). */
  complete(userId: string | null, answer: AuthorizationAnswer): Promise<Outcome>
}

const TTL_MINUTES = 10
/** Without these an account would be connected that cannot do its work; X asks for all or nothing. */
const NEEDED_SCOPES = ['tweet.read', 'users.read', 'offline.access']

interface Begun {
  readonly stateHash: string
  readonly userId: string
  readonly accountId: string | null
  readonly codeVerifier: string
  readonly redirectUri: string
}

export function createAuthorizations(services: {
  readonly store: Store
  readonly vault: Vault
  readonly x: XClient
  readonly meter: Pick<XMeter, 'answered'>
  readonly logger: Logger
  /** The callback that is registered with X. */
  readonly redirectUri: () => string
}): Authorizations {
  const { store, vault, x, meter, logger, redirectUri } = services
  /** Whose windows it uses up is what it asks: it is charged to the app. */
  async function me(accessToken: string): Promise<XAnswer> {
    const answer = await x.me(accessToken)
    meter.answered(null, 'GET /2/users/me', answer)
    return answer
  }

  async function start(userId: string, accountId: string | null): Promise<StartedAuthorization> {
    const to = redirectUri()
    const { url, state, codeVerifier } = x.oauth.authorization(to)
    const stateHash = hash(state)
    const sealed = vault.seal(codeVerifier, authorizationPlace(stateHash))
    const { value, position } = await store.change({ kind: 'user', id: userId }, async ({ db }) => {
      const plan = await lockWorkspace(db)
      if (accountId !== null) {
        const account = await db.account.findUnique({ where: { id: accountId }, select: { status: true } })
        if (!account || account.status === 'UNLINKED') return { ...NO_ACCOUNT, expiresAt: null }
      } else if ((await db.account.count({ where: { status: { not: 'UNLINKED' } } })) >= HANDLES[plan]) {
        // A deauthorized handle can come back without its id being named, and takes no new room.
        const returning = await db.account.count({ where: { status: 'DEAUTHORIZED' } })
        const message = `This plan has room for ${HANDLES[plan]} X account${HANDLES[plan] === 1 ? '' : 's'}; unlink one first.`
        if (returning === 0) return { ...refusal(null, 'ACCOUNT_LIMIT_REACHED', [], message), expiresAt: null }
      }
      const [row] = await db.$queryRaw<{ expires_at: Date }[]>`
        INSERT INTO account_authorization (state_hash, user_id, account_id, code_verifier, redirect_uri, expires_at)
        VALUES (${stateHash}, ${userId}::uuid, ${accountId}::uuid, ${sealed}, ${to},
                clock_timestamp() + ${TTL_MINUTES} * interval '1 minute')
        RETURNING expires_at`
      return { accountId, userErrors: [], expiresAt: row?.expires_at ?? null }
    })
    return { ...value, position, authorizeUrl: value.expiresAt ? url : null }
  }

  async function complete(userId: string | null, answer: AuthorizationAnswer): Promise<Outcome> {
    const begun = await take(userId, answer.state)
    if ('userErrors' in begun) return here(begun)
    const denied = deniedBy(answer)
    if (denied) return here(denied)
    const granted = await exchange(begun, answer.code ?? '')
    if ('userErrors' in granted) return here(granted)
    const missing = NEEDED_SCOPES.filter((scope) => !granted.tokens.scopes.includes(scope))
    if (missing.length > 0) {
      await forget(granted.tokens)
      return here(
        refusal(null, 'SCOPES_MISSING', [], `X granted no ${missing.join(' and no ')}; start anew and grant all.`),
      )
    }
    const { value, position } = await store.change({ kind: 'user', id: begun.userId }, async (scope) => {
      const kept = await keepGrant(scope, vault, { ...granted, expectedId: begun.accountId })
      const known = await scope.db.account.count({
        where: { xUserId: granted.identity.xUserId, status: { notIn: ['UNLINKED', 'DEAUTHORIZED'] } },
      })
      return { kept, known: known > 0 }
    })
    if (!('refused' in value.kept)) return { accountId: value.kept.accountId, userErrors: [], position }
    // A grant that nobody keeps is ended; but not that of an account at work: X may see one grant for both.
    if (!value.known) await forget(granted.tokens)
    return { accountId: null, userErrors: [value.kept.refused], position }
  }

  /** Takes the state, if it is this person's, unused and not too old. Only then is it spent. */
  async function take(userId: string | null, state: string): Promise<Begun | Done> {
    const stateHash = hash(state)
    const [row] = await store.prisma.$queryRaw<
      { user_id: string; account_id: string | null; code_verifier: string; redirect_uri: string }[]
    >`
      UPDATE account_authorization a SET used_at = clock_timestamp()
      FROM "user" u
      WHERE a.state_hash = ${stateHash} AND a.used_at IS NULL AND a.expires_at > clock_timestamp()
        AND u.id = a.user_id AND u.active AND u.role = 'ADMIN'
        AND (${userId}::uuid IS NULL OR a.user_id = ${userId}::uuid)
      RETURNING a.user_id, a.account_id, a.code_verifier, a.redirect_uri`
    if (row) {
      return {
        stateHash,
        userId: row.user_id,
        accountId: row.account_id,
        codeVerifier: vault.open(row.code_verifier, authorizationPlace(stateHash)),
        redirectUri: row.redirect_uri,
      }
    }
    const known = await store.prisma.accountAuthorization.findUnique({ where: { stateHash } })
    if (!known || (userId !== null && known.userId !== userId)) {
      return refusal(null, 'AUTHORIZATION_UNKNOWN', ['state'], 'No authorization of yours has this state.')
    }
    return known.usedAt
      ? refusal(null, 'AUTHORIZATION_USED', ['state'], 'This authorization was completed already. Start a new one.')
      : refusal(null, 'AUTHORIZATION_EXPIRED', ['state'], `More than ${TTL_MINUTES} minutes have passed. Start anew.`)
  }

  type Granted = { readonly tokens: XTokens; readonly identity: Awaited<ReturnType<typeof identify>> }

  async function exchange(begun: Begun, code: string): Promise<Granted | Done> {
    let tokens: XTokens | undefined
    try {
      tokens = await x.oauth.exchange(code, begun.codeVerifier, begun.redirectUri)
      return { tokens, identity: await identify({ me }, tokens.accessToken) }
    } catch (error) {
      if (!(error instanceof XError)) throw error
      if (tokens === undefined && error.kind === 'INVALID_REQUEST') {
        return refusal(
          null,
          'CODE_REJECTED',
          ['code'],
          'X does not take the code: it is good once, for 30 seconds. Start anew.',
        )
      }
      // 401 and 403 at the token endpoint are about our app's own credentials: the operator's to mend.
      logger.warn({ err: error }, 'an authorization could not be completed')
      if (tokens) await forget(tokens)
      // The code may still be good: the same answer can be tried again.
      else await giveBack(begun.stateHash)
      return refusal(null, 'X_UNAVAILABLE', [], 'X did not answer, or not sensibly. Try again, or start anew.')
    }
  }

  async function giveBack(stateHash: string): Promise<void> {
    await store.prisma.accountAuthorization.updateMany({ where: { stateHash }, data: { usedAt: null } })
  }

  async function forget({ accessToken, refreshToken }: XTokens): Promise<void> {
    try {
      if (refreshToken) await x.oauth.revoke(refreshToken, 'refresh_token')
      await x.oauth.revoke(accessToken, 'access_token')
    } catch (error) {
      logger.warn({ err: error }, 'a grant that was not kept could not be ended at X; its access token dies by itself')
    }
  }

  async function here(done: Done): Promise<Outcome> {
    const { epoch, head } = await store.log.head()
    return { ...done, position: { epoch, offset: head } }
  }

  return { start, complete }
}

function deniedBy({ code, error }: AuthorizationAnswer): Done | undefined {
  if (error === 'access_denied') {
    return refusal(null, 'AUTHORIZATION_DENIED', [], 'The owner of the account did not let us in.')
  }
  if (error) return refusal(null, 'X_UNAVAILABLE', [], 'X could not ask the owner of the account. Start anew.')
  if (!code) return refusal(null, 'CODE_REJECTED', ['code'], 'The answer of X carries no code. Start anew.')
  return undefined
}

const hash = (state: string): string => createHash('sha256').update(state).digest('hex')
