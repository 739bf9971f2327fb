import { createHmac } from 'node:crypto'
import { jwtVerify } from 'jose'
import { z } from 'zod'

/*
 * The tokens that X hands to a user's client, one per realm: a JWT whose key X shares with the realm
 * (juicebox-sdk, rust/realm/auth; juicebox-software-realm, router/auth.go).
 */

const TENANT = 'xchat'
const KEY_ID = `${TENANT}:1`
/** What the SDK's own generator gives. */
const LIFETIME_SECONDS = 600
const LEEWAY_SECONDS = 5

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that opens this user's record at this realm for ten minutes. */
export function issueToken(key: Uint8Array, realmId: string, userId: string): string {
  const now = Math.floor(Date.now() / 1_000)
  const header = segment({ alg: 'HS256', typ: 'JWT', kid: KEY_ID })
  const claims = segment({
    iss: TENANT,
    sub: userId,
    aud: realmId,
    iat: now,
    nbf: now,
    exp: now + LIFETIME_SECONDS,
    scope: 'user',
  })
  const signature = createHmac('sha256', key).update(`${header}.${claims}`).digest('base64url')
  return `${header}.${claims}.${signature}`
}

const protectedHeader = z.object({ kid: z.literal(KEY_ID) })
// Only one audience, or a token for one realm would open another.
const payload = z.object({ sub: z.string().min(1), aud: z.string(), scope: z.literal('user').optional() })

/** The user that a token speaks for at this realm; undefined when it is not acceptable. */
export async function userOfToken(key: Uint8Array, realmId: string, token: string): Promise<string | undefined> {
  try {
    const verified = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      issuer: TENANT,
      audience: realmId,
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ['nbf', 'exp'],
    })
    protectedHeader.parse(verified.protectedHeader)
    return payload.parse(verified.payload).sub
  } catch {
    return undefined
  }
}
