import { z } from 'zod'
import { type KeyPair, NoiseError, readHandshake, type Session } from './noise.ts'
import type { Realm } from './realm.ts'
import type { Door } from './server.ts'
import { Sessions } from './sessions.ts'
import { bytes, readMessage, type SecretsResponse, secretsRequestSchema, WireError, writeMessage } from './wire.ts'

/** What a realm's answers are padded to, so that their length tells nothing (juicebox-sdk, requests.rs). */
const PADDED_LENGTH = 436

const clientRequestSchema = z.object({
  realm: bytes(16),
  auth_token: z.string(),
  session_id: z.int(),
  kind: z.enum(['HandshakeOnly', 'SecretsRequest']),
  encrypted: z.union([
    z.object({
      Handshake: z.object({
        handshake: z.object({ client_ephemeral_public: bytes(32), payload_ciphertext: bytes() }),
      }),
    }),
    z.object({ Transport: z.object({ ciphertext: bytes() }) }),
  ]),
})
type ClientRequest = z.infer<typeof clientRequestSchema>

interface HardwareOptions {
  readonly realmId: string
  readonly keys: KeyPair
  readonly realm: Realm
  readonly userOf: (token: string) => Promise<string | undefined>
}

/**
 * How a realm with a hardware security module is spoken to: the token in the body, the request inside a Noise session
 * that ends in the module. Refusals are messages too, under status 200.
 */
export function hardwareDoor({ realmId, keys, realm, userOf }: HardwareOptions): Door {
  const sessions = new Sessions()

  /** The answer to what a session carried, padded. */
  const answer = async (userId: string, message: Uint8Array): Promise<Uint8Array> =>
    padded(await realm.answer(userId, readMessage(secretsRequestSchema, message)))

  const open = async (userId: string, request: ClientRequest, clientEphemeral: Uint8Array, payload: Uint8Array) => {
    const handshake = readHandshake(keys, clientEphemeral, payload)
    const reply = request.kind === 'HandshakeOnly' ? new Uint8Array() : await answer(userId, handshake.payload)
    const { session, ephemeral, payload: ciphertext } = handshake.finish(reply)
    sessions.add(userId, request.session_id, session)
    return {
      Ok: {
        Handshake: {
          handshake: { server_ephemeral_public: ephemeral, payload_ciphertext: ciphertext },
          session_lifetime: { secs: Sessions.LIFETIME_SECONDS, nanos: 0 },
        },
      },
    }
  }

  const go = async (userId: string, session: Session, ciphertext: Uint8Array) => ({
    Ok: { Transport: { ciphertext: session.encrypt(await answer(userId, session.decrypt(ciphertext))) } },
  })

  const respond = async (body: Uint8Array): Promise<unknown> => {
    const request = readMessage(clientRequestSchema, body)
    if (Buffer.from(request.realm).toString('hex') !== realmId) return 'Unavailable'
    const userId = await userOf(request.auth_token)
    if (userId === undefined) return 'InvalidAuth'
    if ('Handshake' in request.encrypted) {
      const { client_ephemeral_public, payload_ciphertext } = request.encrypted.Handshake.handshake
      return open(userId, request, client_ephemeral_public, payload_ciphertext)
    }
    const session = sessions.get(userId, request.session_id)
    return session ? go(userId, session, request.encrypted.Transport.ciphertext) : 'MissingSession'
  }

  return async (body) => {
    const response = await respond(body).catch((error: unknown) => {
      if (error instanceof WireError) return 'DecodingError'
      if (error instanceof NoiseError) return 'SessionError'
      throw error
    })
    return { status: 200, body: writeMessage(response) }
  }
}

function padded(response: SecretsResponse): Uint8Array {
  const message = writeMessage(response)
  const padding = new Uint8Array(PADDED_LENGTH)
  padding.set(message)
  return writeMessage({ unpadded_length: message.length, padded_bytes: padding })
}
