import { z } from 'zod'
import { XError } from '../errors.ts'

/** Digits only: versions are times or snowflakes, and are compared as numbers (TRAPS, "XChat"). */
const version = z.string().regex(/^[0-9]{1,20}$/)

const record = z.object({
  public_key_version: version,
  public_key: z.base64(),
  signing_public_key: z.base64(),
  identity_public_key_signature: z.base64(),
  juicebox_config: z
    .object({
      key_store_token_map_json: z.string(),
      token_map: z.array(z.object({ key: z.string(), value: z.object({ token: z.string() }) })),
    })
    .optional(),
})

/** X's answer of GET /2/users/:id/public_keys (x-openapi.json, GetUsersPublicKeyResponse). Without keys it has no data. */
const answer = z.object({ data: z.array(record).optional(), errors: z.array(z.unknown()).optional() })

export type PublicKeyRecord = z.infer<typeof record>

/** Every version in X's answer, the newest first. Throws XError UNAVAILABLE. */
export function parsePublicKeys(body: unknown): readonly PublicKeyRecord[] {
  const parsed = answer.safeParse(body)
  if (!parsed.success || (parsed.data.errors && !parsed.data.data)) {
    throw new XError('UNAVAILABLE', 'GET /2/users/:id/public_keys: not an answer of X')
  }
  return (parsed.data.data ?? []).toSorted((a, b) => {
    const [left, right] = [BigInt(a.public_key_version), BigInt(b.public_key_version)]
    return left < right ? 1 : left > right ? -1 : 0
  })
}
