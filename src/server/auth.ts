import { hkdfSync } from 'node:crypto'
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { PerchError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import type { TicketAccess } from '../domain/ticket-access.ts'
import type { Viewer } from '../schema/context.ts'
import { type RequesterSessions, requireOpen, sessionTokenOf } from './requester-sessions.ts'

export type Role = Viewer['role']

const PERCH = 'perch'
const RANK: Readonly<Record<Role, number>> = { END_USER: 0, AGENT: 1, ADMIN: 2 }
/** Of a JWKS only public keys are taken: an HMAC key published by mistake must not verify anything. */
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** The 32-byte signing key of a deployment's secret (HKDF-SHA256, RFC 5869). Other uses derive with another info. */
export function deriveTokenKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'perch token v1', 32))
}

export interface TokenSigner {
  /** A compact JWT (HS256). `ttlSeconds` may be negative in tests; `generation` is a session's (see KnownUser). */
  sign(claims: { sub: string; role: Role; ttlSeconds: number; generation?: number }): Promise<string>
}

/** Signs tokens that `createAuthenticator({ key })` of the same key accepts. */
export function createTokenSigner(key: Uint8Array): TokenSigner {
  return {
    sign: ({ sub, role, ttlSeconds, generation }) => {
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ role, ...(generation !== undefined && { generation }) })
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
  readonly ticketAccess: TicketAccess
  readonly groupIds: readonly string[]
  /** Sessions of the requester's page that carry another one are over; absent: 0. */
  readonly sessionGeneration?: number
  /** The place in the log that this was read at. */
  readonly asOf?: Position
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
  /** Who signed in to the requester's page; not given: nobody does. */
  readonly requesters?: RequesterSessions
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
  /** The viewer as the database has them now; null when they may not go on: deactivated, of a lower role, or signed out. */
  renew(viewer: Viewer): Promise<Viewer | null>
  /** The log says at this place that the user changed: what was read before it is not taken any more. */
  changed(userId: string, at: Position): void
}

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  role: z.enum(['ADMIN', 'AGENT', 'END_USER']).optional(),
  // Of our own sessions; whatever another issuer calls so is none of ours.
  generation: z.int().optional().catch(undefined),
})

/** Checks tokens against the key or the JWKS, and their subjects against the database, whose role is the truth. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const verify = createVerifier(options)
  const { requesters } = options
  const verifySession = requesters && verifierOf(requesters.keys, { issuer: PERCH, audience: PERCH })
  const users = new LRUCache<string, { readonly user: KnownUser | null }>({
    max: 10_000,
    ttl: options.userTtlMs ?? 3_500,
    // fetch() also joins concurrent look-ups of one user into one.
    fetchMethod: async (id) => ({ user: await options.findUser(id) }),
  })

  const changes = new LRUCache<string, Position>({ max: 10_000, ttl: 60_000 })

  /** `generation`: of a session that is being looked at; who has begun a newer one is not remembered as they are. */
  const find = async (id: string, generation = 0): Promise<KnownUser | null> => {
    try {
      let user = (await users.fetch(id))?.user ?? null
      if (user && generationOf(user) < generation) user = (await users.fetch(id, { forceRefresh: true }))?.user ?? null
      // A look-up that was under way at the change may have come too early, and others may have joined it.
      for (let tries = 0; tries < 3 && isOlder(user, changes.get(id)); tries += 1) {
        user = (await users.fetch(id, { forceRefresh: true }))?.user ?? null
      }
      return user
    } catch (cause) {
      throw new PerchError('UNAVAILABLE', 'Users cannot be looked up at the moment. Try again.', { cause })
    }
  }

  return {
    async authenticate(authorization) {
      if (authorization === undefined) return { viewer: null, expiresAt: null }
      const session = verifySession && sessionTokenOf(authorization)
      const token = session ?? authorization.replace(/^Bearer(?:\s+|$)/i, '').trim()
      if (!token) throw new PerchError('UNAUTHENTICATED', 'The token is empty.')
      const check = (session !== undefined && verifySession) || verify
      const claims = claimsSchema.safeParse(await check(token))
      if (!claims.success) throw new PerchError('UNAUTHENTICATED', 'The token lacks a usable sub, exp or role claim.')
      const { sub, exp, role, generation = 0 } = claims.data
      const user = await find(sub, session ? generation : undefined)
      // One sentence for both, so that tokens tell nothing about who exists.
      if (!user?.active) throw new PerchError('UNAUTHENTICATED', 'The user of this token is unknown or deactivated.')
      if (session && requesters) await requireOpen(requesters)
      if (session && generation !== generationOf(user))
        throw new PerchError('UNAUTHENTICATED', 'You have signed out everywhere.')
      // Whoever comes by the requester's page is a requester there.
      const claimed = session ? 'END_USER' : (role ?? user.role)
      return {
        viewer: viewerAs(user, lower(user.role, claimed), session ? generation : undefined),
        expiresAt: new Date(exp * 1000),
      }
    },
    async renew(viewer) {
      const user = await find(viewer.userId)
      const { session } = viewer
      if (!user?.active || RANK[user.role] < RANK[viewer.role]) return null
      if (session !== undefined && session !== generationOf(user)) return null
      return viewerAs(user, viewer.role, session)
    },
    changed(userId, at) {
      changes.set(userId, at)
    },
  }
}

const generationOf = ({ sessionGeneration = 0 }: KnownUser): number => sessionGeneration

const viewerAs = (
  { id, ticketAccess, groupIds, asOf }: KnownUser,
  role: Role,
  session: number | undefined,
): Viewer => ({
  userId: id,
  role,
  ticketAccess,
  groupIds,
  ...(asOf && { asOf }),
  ...(session !== undefined && { session }),
})

function isOlder(user: KnownUser | null, change: Position | undefined): boolean {
  const asOf = user?.asOf
  return asOf !== undefined && change !== undefined && asOf.epoch === change.epoch && asOf.offset < change.offset
}

/** A token may narrow what the database grants, never widen it. */
function lower(granted: Role, claimed: Role): Role {
  return RANK[claimed] < RANK[granted] ? claimed : granted
}

type Verify = (token: string) => Promise<JWTPayload>

function createVerifier(options: AuthenticatorOptions): Verify {
  const audience = options.audience ?? PERCH
  const common = { audience, requiredClaims: ['sub', 'exp'] }
  if (options.key && options.jwksUrl) throw new Error('Give the authenticator a key or a JWKS address, not both.')
  if (options.key) {
    const keys = [options.key, ...(options.furtherKeys ?? [])]
    return verifierOf(keys, { issuer: options.issuer ?? PERCH, audience })
  }
  if (!options.jwksUrl) throw new Error('The authenticator needs a key or a JWKS address.')
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), { timeoutDuration: 5_000 })
  const checks = { ...common, ...(options.issuer ? { issuer: options.issuer } : {}), algorithms: ASYMMETRIC }
  return (token) => explained(async () => (await jwtVerify(token, keys, checks)).payload)
}

/** Takes what one of our own keys has signed. */
function verifierOf(keys: readonly Uint8Array[], of: { issuer: string; audience: string }): Verify {
  const checks = { ...of, requiredClaims: ['sub', 'exp'], algorithms: ['HS256'] }
  return (token) => explained(() => verifyWithAny(token, keys, checks))
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
