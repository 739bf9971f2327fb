import { decode, encode } from 'cborg'
import { z } from 'zod'

/*
 * The messages between the SDK and a realm, as serde writes them in CBOR: a struct is a map, a variant without
 * fields is its name, a variant with fields is a map of one entry. The names are the wire's own
 * (juicebox-sdk, rust/realm/api/src/requests.rs).
 */

/** Something arrived that is not CBOR, or not the message that belongs here. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** Reads one CBOR message. Throws a WireError. */
export function readMessage<Message>(schema: z.ZodType<Message>, bytes: Uint8Array): Message {
  let decoded: unknown
  try {
    decoded = decode(bytes)
  } catch {
    throw new WireError('The message is not CBOR.')
  }
  const parsed = schema.safeParse(decoded)
  if (!parsed.success) throw new WireError(z.prettifyError(parsed.error))
  return parsed.data
}

/** One CBOR message. */
export const writeMessage = (message: unknown): Uint8Array => encode(message)

/** Bytes, of any length or of one. */
export const bytes = (length?: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && (length === undefined || value.length === length),
    length === undefined ? 'expected bytes' : `expected ${length} bytes`,
  )

const signedPublicKeySchema = z.object({ public_key: bytes(32), verifying_key: bytes(32), signature: bytes(64) })

/** What a client registers: its share of the secret, kept and given back as it came. */
export const registrationSchema = z.object({
  version: bytes(16),
  oprf_private_key: bytes(32),
  oprf_signed_public_key: signedPublicKeySchema,
  unlock_key_commitment: bytes(32),
  unlock_key_tag: bytes(16),
  encryption_key_scalar_share: bytes(32),
  encrypted_secret: bytes(145),
  encrypted_secret_commitment: bytes(16),
  policy: z.object({ num_guesses: z.int().min(1).max(0xffff) }),
})
export type Registration = z.infer<typeof registrationSchema>

/** A client's request about its secret, in whichever envelope it came. */
export const secretsRequestSchema = z.union([
  z.literal(['Register1', 'Recover1', 'Delete']).transform((kind) => ({ kind })),
  z
    .object({ Register2: registrationSchema })
    .transform((message) => ({ kind: 'Register2' as const, ...message.Register2 })),
  z
    .object({ Recover2: z.object({ version: bytes(16), oprf_blinded_input: bytes(32) }) })
    .transform((message) => ({ kind: 'Recover2' as const, ...message.Recover2 })),
  z
    .object({ Recover3: z.object({ version: bytes(16), unlock_key_tag: bytes(16) }) })
    .transform((message) => ({ kind: 'Recover3' as const, ...message.Recover3 })),
])
export type SecretsRequest = z.infer<typeof secretsRequestSchema>

/** A proof that the realm evaluated the function with the key that it was given. */
export interface Proof {
  readonly c: Uint8Array
  readonly beta_z: Uint8Array
}

interface BlindResult
  extends Pick<Registration, 'oprf_signed_public_key' | 'unlock_key_commitment'>,
    Readonly<{ oprf_blinded_result: Uint8Array; oprf_proof: Proof; num_guesses: number; guess_count: number }> {}

type Share = Pick<Registration, 'encryption_key_scalar_share' | 'encrypted_secret' | 'encrypted_secret_commitment'>

type Missing = 'NotRegistered' | 'NoGuesses'

/** A realm's answer to a SecretsRequest, as it goes on the wire. */
export type SecretsResponse =
  | { readonly Register1: 'Ok' }
  | { readonly Register2: 'Ok' }
  | { readonly Delete: 'Ok' }
  | { readonly Recover1: Missing | { readonly Ok: { readonly version: Uint8Array } } }
  | { readonly Recover2: Missing | 'VersionMismatch' | { readonly Ok: BlindResult } }
  | {
      readonly Recover3:
        | Missing
        | 'VersionMismatch'
        | { readonly Ok: Share }
        | { readonly BadUnlockKeyTag: { readonly guesses_remaining: number } }
    }
