import { hkdfSync } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'

/** What a link in an e-mail lets its bearer begin: authorizing this account anew, in this administrator's name. */
export interface ReauthorizeLink {
  readonly userId: string
  readonly accountId: string
}

export interface LinkTokens {
  sign(link: ReauthorizeLink): Promise<string>
  /** Undefined when the token is not one of ours, or too old. */
  read(token: string): Promise<ReauthorizeLink | undefined>
}

const AUDIENCE = 'perch reauthorize'
/** Long enough for a weekend and a holiday; whoever holds the link still has to sign in to the account at X. */
const TTL = '7d'
const claims = z.object({ sub: z.uuid(), account: z.uuid() })

/**
 * Tokens for links, signed with keys of their own: one of them is no access token, and the other way round. The first
 * secret signs, all of them are accepted.
 */
export function createLinkTokens(secrets: readonly [string, ...string[]]): LinkTokens {
  const [current, ...previous] = secrets.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', AUDIENCE, 32)))
  if (!current) throw new Error('a secret is needed')
  return {
    sign: ({ userId, accountId }) =>
      new SignJWT({ account: accountId })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        .setAudience(AUDIENCE)
        .setExpirationTime(TTL)
        .sign(current),
    async read(token) {
      for (const key of [current, ...previous]) {
        try {
          const { payload } = await jwtVerify(token, key, { audience: AUDIENCE, algorithms: ['HS256'] })
          const read = claims.safeParse(payload)
          return read.success ? { userId: read.data.sub, accountId: read.data.account } : undefined
        } catch {
          // Another key's, or nobody's.
        }
      }
      return undefined
    },
  }
}
