import { hkdfSync } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'

/** What the link of a mail confirms: this one request for an address, by this person. */
export interface EmailToken {
  readonly userId: string
  readonly confirmationId: string
}

export interface ConfirmTokens {
  sign(token: EmailToken): Promise<string>
  /** Undefined when the token is not one of ours. How long it is good, the request says (`email_confirmation`). */
  read(token: string): Promise<EmailToken | undefined>
}

const AUDIENCE = 'perch confirm e-mail'
const claims = z.object({ sub: z.uuid(), jti: z.uuid() })

/** Signed with keys of their own, so that no other token of ours is one. The first secret signs, all are accepted. */
export function createConfirmTokens(secrets: readonly [string, ...string[]]): ConfirmTokens {
  const keyOf = (secret: string) => new Uint8Array(hkdfSync('sha256', secret, '', AUDIENCE, 32))
  const keys = secrets.map(keyOf)
  return {
    sign: ({ userId, confirmationId }) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        .setJti(confirmationId)
        .setAudience(AUDIENCE)
        .sign(keyOf(secrets[0])),
    async read(token) {
      for (const key of keys) {
        try {
          const { payload } = await jwtVerify(token, key, { audience: AUDIENCE, algorithms: ['HS256'] })
          const read = claims.safeParse(payload)
          return read.success ? { userId: read.data.sub, confirmationId: read.data.jti } : undefined
        } catch {
          // Another key's, or nobody's.
        }
      }
      return undefined
    },
  }
}
