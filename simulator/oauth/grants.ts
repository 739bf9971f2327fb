import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IdSource } from '../core/ids.ts'
import type { Policy } from '../core/settings.ts'

/*
 * Grants and their tokens. A token carries what it stands for, signed with a key of the seed, so that a simulator
 * that was started again still knows the tokens of its former life, as X would. What it forgets on restart is
 * only which of them had been revoked or used up.
 */

export interface Grant {
  readonly id: string
  readonly clientId: string
  readonly userId: string
  readonly scopes: readonly string[]
}

interface Code {
  readonly grant: Grant
  readonly redirectUri: string
  readonly challenge: string
  readonly method: 'S256' | 'plain'
  readonly expiresAt: number
}

export interface CodeRequest {
  readonly clientId: string
  readonly userId: string
  readonly scopes: readonly string[]
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly codeChallengeMethod: 'S256' | 'plain'
}

export interface TokenAnswer {
  readonly token_type: 'bearer'
  readonly expires_in: number
  readonly access_token: string
  readonly scope: string
  readonly refresh_token?: string
}

interface Claims {
  readonly k: 'access' | 'refresh'
  readonly n: string
  readonly g: string
  readonly c: string
  readonly u: string
  readonly s: string
  readonly x: number
}

export class Grants {
  readonly #key: string
  readonly #now: () => Date
  readonly #ids: IdSource
  readonly #policy: Policy
  readonly #grants = new Map<string, Grant>()
  readonly #revoked = new Set<string>()
  readonly #dead = new Set<string>()
  readonly #codes = new Map<string, Code>()

  constructor(seed: number, now: () => Date, ids: IdSource, policy: Policy) {
    this.#key = `simulated-x/${seed}`
    this.#now = now
    this.#ids = ids
    this.#policy = policy
  }

  /** What the user agreed to, as a code that is good once and for 30 seconds. */
  issueCode(request: CodeRequest): string {
    const grant = {
      id: this.#ids.next(),
      clientId: request.clientId,
      userId: request.userId,
      scopes: [...new Set(request.scopes)],
    }
    const code = this.#sign(`code.${grant.id}`)
    this.#codes.set(code, {
      grant,
      redirectUri: request.redirectUri,
      challenge: request.codeChallenge,
      method: request.codeChallengeMethod,
      expiresAt: this.#now().getTime() + this.#policy.authorizationCodeSeconds * 1_000,
    })
    return code
  }

  /** Undefined when the code, its verifier, its redirect address or its client is not right, or it is too late. */
  redeemCode(code: string, verifier: string, redirectUri: string, clientId: string): TokenAnswer | undefined {
    const entry = this.#codes.get(code)
    this.#codes.delete(code)
    if (!entry || entry.grant.clientId !== clientId || entry.redirectUri !== redirectUri) return undefined
    if (this.#now().getTime() >= entry.expiresAt) return undefined
    const challenge = entry.method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url')
    if (challenge !== entry.challenge) return undefined
    this.#grants.set(entry.grant.id, entry.grant)
    return this.#issue(entry.grant)
  }

  /** Rotation: the refresh token given is dead afterwards. Undefined when it is not, or no longer, good. */
  refresh(token: string, clientId: string): TokenAnswer | undefined {
    const claims = this.#read(token, 'refresh')
    if (!claims || claims.c !== clientId) return undefined
    const grant = this.#grantOf(claims)
    if (!grant) return undefined
    this.#dead.add(token)
    return this.#issue(grant)
  }

  /** The grant behind a living access token. */
  authenticate(token: string): Grant | undefined {
    const claims = this.#read(token, 'access')
    if (!claims || this.#now().getTime() >= claims.x) return undefined
    return this.#grantOf(claims)
  }

  /** Ends one token; a refresh token takes its grant with it. Unknown tokens are no error (RFC 7009). */
  revokeToken(token: string, clientId: string): void {
    const claims = this.#read(token, 'access') ?? this.#read(token, 'refresh')
    if (!claims || claims.c !== clientId) return
    this.#dead.add(token)
    if (claims.k === 'refresh') this.#revoked.add(claims.g)
  }

  /** The user takes back what they granted, to one app or to all; gives the apps concerned. */
  revokeUser(userId: string, clientId?: string): string[] {
    const clients = new Set<string>()
    for (const grant of this.#grants.values()) {
      if (grant.userId !== userId || (clientId !== undefined && grant.clientId !== clientId)) continue
      if (!this.#revoked.has(grant.id)) clients.add(grant.clientId)
      this.#revoked.add(grant.id)
    }
    return [...clients]
  }

  /** Everything that the user's living grants allow this app; undefined without any. */
  scopesOf(userId: string, clientId: string): ReadonlySet<string> | undefined {
    const living = [...this.#grants.values()].filter(
      (grant) => grant.userId === userId && grant.clientId === clientId && !this.#revoked.has(grant.id),
    )
    return living.length > 0 ? new Set(living.flatMap(({ scopes }) => scopes)) : undefined
  }

  #issue(grant: Grant): TokenAnswer {
    const expires = this.#policy.accessTokenSeconds
    return {
      token_type: 'bearer',
      expires_in: expires,
      access_token: this.#mint('access', grant, this.#now().getTime() + expires * 1_000),
      scope: grant.scopes.join(' '),
      ...(grant.scopes.includes('offline.access') && { refresh_token: this.#mint('refresh', grant, 0) }),
    }
  }

  #mint(kind: Claims['k'], grant: Grant, expiresAt: number): string {
    const claims: Claims = {
      k: kind,
      n: this.#ids.next(),
      g: grant.id,
      c: grant.clientId,
      u: grant.userId,
      s: grant.scopes.join(' '),
      x: expiresAt,
    }
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    return `${payload}.${this.#sign(payload)}`
  }

  #read(token: string, kind: Claims['k']): Claims | undefined {
    const [payload = '', signature = ''] = token.split('.')
    const expected = Buffer.from(this.#sign(payload))
    const given = Buffer.from(signature)
    if (this.#dead.has(token) || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
    return claims.k === kind && !this.#revoked.has(claims.g) ? claims : undefined
  }

  #grantOf(claims: Claims): Grant {
    const known = this.#grants.get(claims.g)
    if (known) return known
    const former = { id: claims.g, clientId: claims.c, userId: claims.u, scopes: claims.s.split(' ') }
    this.#grants.set(former.id, former)
    return former
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }
}
