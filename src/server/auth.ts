import { hkdfSync } from 'node:crypto'
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { PerchError } from '../domain/errors.ts'
import type { Viewer } from '../schema/context.ts'
import { SESSION_SCHEME } from './requester-cookies.ts'

export type Role = Viewer['role']

const PERCH = 'perch'
const RANK: Readonly<Record<Role, number>> = { END_USER: 0, AGENT: 1, ADMIN: 2 }
/** Of a JWKS only public keys are taken: an HMAC key published by mistake must not verify anything. */
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** The 32-byte signing key of a deployment's secret (HKDF-SHA256, RFC 5869). Other uses derive with another info. */
export function deriveTokenKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'perch token v1', 32))
}

/** The key of the requester's page's sessions: what a cookie holds is no token, and the other way round. */
export function deriveSessionKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'perch requester session v1', 32))
}

export interface TokenSigner {
  /** A compact JWT (HS256). `ttlSeconds` may be negative in tests. */
  sign(claims: { sub: string; role: Role; ttlSeconds: number }): Promise<string>
}

/** Signs tokens that `createAuthenticator({ key })` of the same key accepts. */
export function createTokenSigner(key: Uint8Array): TokenSigner {
  return {
    sign: ({ sub, role, ttlSeconds }) => {
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ role })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(sub)
        .setIssuer(PERCH)
        .setAudience(PERCH)
        .setIssuedAt(now)
        .setExpirationTime(now + ttlSeconds)
        .sign(key)
    },
  }
}

/** What the database knows of a token's subject. */
export interface KnownUser {
  readonly id: string
  readonly role: Role
  readonly active: boolean
}

export interface AuthenticatorOptions {
  /** The HS256 key, or … */
  readonly key?: Uint8Array
  /** Further HS256 keys that are taken, while a secret is being replaced. */
  readonly furtherKeys?: readonly Uint8Array[]
  /** … the address of a JSON Web Key Set (RFC 7517); exactly one of the two. */
  readonly jwksUrl?: string
  /** Expected `iss`; `perch` for a key, anyone for a JWKS unless named. */
  readonly issuer?: string
  /** Expected `aud`; `perch` unless named, so that a token for another program of the same issuer is refused. */
  readonly audience?: string
  /** The requester's page: the keys of its cookies, the first of which signs, and whether requesters can sign in (F51). */
  readonly requesters?: { readonly keys: readonly [Uint8Array, ...Uint8Array[]]; readonly open: () => Promise<boolean> }
  /** Looks a subject up. Throwing means "cannot say now" and is answered UNAVAILABLE. */
  readonly findUser: (id: string) => Promise<KnownUser | null>
  /** How long a user is remembered, in milliseconds; with the sessions' sweep, deactivation takes hold within 5 s. */
  readonly userTtlMs?: number
}

export interface Authentication {
  /** Null when no token was sent. */
  readonly viewer: Viewer | null
  readonly expiresAt: Date | null
}

export interface Authenticator {
  /** Takes `Bearer <token>` or the bare token. Throws PerchError UNAUTHENTICATED, TOKEN_EXPIRED or UNAVAILABLE. */
  authenticate(authorization: string | undefined): Promise<Authentication>
  /** Whether a viewer may go on as who they are: still active, and still of that role or a higher one. */
  isCurrent(viewer: Viewer): Promise<boolean>
}

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  role: z.enum(['ADMIN', 'AGENT', 'END_USER']).optional(),
})

/** Checks tokens against the key or the JWKS, and their subjects against the database, whose role is the truth. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const verify = createVerifier(options)
  const { requesters } = options
  const verifySession = requesters && createVerifier({ ...options, ...sessionOptions(requesters.keys) })
  const users = new LRUCache<string, { readonly user: KnownUser | null }>({
    max: 10_000,
    ttl: options.userTtlMs ?? 3_500,
    // fetch() also joins concurrent look-ups of one user into one.
    fetchMethod: async (id) => ({ user: await options.findUser(id) }),
  })

  const find = async (id: string): Promise<KnownUser | null> => {
    try {
      return (await users.fetch(id))?.user ?? null
    } catch (cause) {
      throw new PerchError('UNAVAILABLE', 'Users cannot be looked up at the moment. Try again.', { cause })
    }
  }

  return {
    async authenticate(authorization) {
      if (authorization === undefined) return { viewer: null, expiresAt: null }
      const session = verifySession && SESSION.exec(authorization)?.[1]
      const token = session ?? authorization.replace(/^Bearer(?:\s+|$)/i, '').trim()
      if (!token) throw new PerchError('UNAUTHENTICATED', 'The token is empty.')
      const check = (session !== undefined && verifySession) || verify
      const claims = claimsSchema.safeParse(await check(token))
      if (!claims.success) throw new PerchError('UNAUTHENTICATED', 'The token lacks a usable sub, exp or role claim.')
      const { sub, exp, role } = claims.data
      const user = await find(sub)
      // One sentence for both, so that tokens tell nothing about who exists.
      if (!user?.active) throw new PerchError('UNAUTHENTICATED', 'The user of this token is unknown or deactivated.')
      if (session) await requireOpen(requesters)
      // Whoever comes by the requester's page is a requester there.
      const claimed = session ? 'END_USER' : (role ?? user.role)
      return {
        viewer: { userId: user.id, role: lower(user.role, claimed) },
        expiresAt: new Date(exp * 1000),
      }
    },
    async isCurrent(viewer) {
      const user = await find(viewer.userId)
      return user?.active === true && RANK[user.role] >= RANK[viewer.role]
    },
  }
}

const SESSION = new RegExp(`^${SESSION_SCHEME} (.+)$`)

function sessionOptions([key, ...furtherKeys]: readonly [Uint8Array, ...Uint8Array[]]) {
  // Not what the settings say of tokens, which may come from elsewhere.
  return { key, furtherKeys, jwksUrl: '', issuer: PERCH, audience: PERCH }
}

async function requireOpen(requesters: AuthenticatorOptions['requesters']): Promise<void> {
  const open = await requesters?.open().catch((cause: unknown) => {
    throw new PerchError('UNAVAILABLE', 'Sessions cannot be checked at the moment. Try again.', { cause })
  })
  if (!open) throw new PerchError('UNAUTHENTICATED', 'Requesters cannot sign in here at the moment.')
}

/** A token may narrow what the database grants, never widen it. */
function lower(granted: Role, claimed: Role): Role {
  return RANK[claimed] < RANK[granted] ? claimed : granted
}

function createVerifier(options: AuthenticatorOptions): (token: string) => Promise<JWTPayload> {
  const audience = options.audience ?? PERCH
  const common = { audience, requiredClaims: ['sub', 'exp'] }
  if (options.key && options.jwksUrl) throw new Error('Give the authenticator a key or a JWKS address, not both.')
  if (options.key) {
    const keys = [options.key, ...(options.furtherKeys ?? [])]
    const checks = { ...common, issuer: options.issuer ?? PERCH, algorithms: ['HS256'] }
    return (token) => explained(() => verifyWithAny(token, keys, checks))
  }
  if (!options.jwksUrl) throw new Error('The authenticator needs a key or a JWKS address.')
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), { timeoutDuration: 5_000 })
  const checks = { ...common, ...(options.issuer ? { issuer: options.issuer } : {}), algorithms: ASYMMETRIC }
  return (token) => explained(async () => (await jwtVerify(token, keys, checks)).payload)
}

/** A token is signed with one of the keys; what is wrong with it otherwise, the one that fits says. */
async function verifyWithAny(
  token: string,
  keys: readonly Uint8Array[],
  checks: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, checks)).payload
    } catch (error) {
      failure ??= error
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw failure
}

/** jose's errors in our terms. What the token says wrong is told roughly, since its sender may be anyone. */
async function explained(verify: () => Promise<JWTPayload>): Promise<JWTPayload> {
  try {
    return await verify()
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) throw new PerchError('TOKEN_EXPIRED', 'The token has expired.')
    const ofToken = cause instanceof errors.JOSEError && !KEYS_UNREACHABLE.has(cause.code)
    if (ofToken) throw new PerchError('UNAUTHENTICATED', 'The token is not valid here.')
    throw new PerchError('UNAVAILABLE', 'Tokens cannot be checked at the moment. Try again.', { cause })
  }
}

const KEYS_UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'])
