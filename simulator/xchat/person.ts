import { type ChatWithJuicebox, createChat } from '@xdevplatform/chat-xdk'
import type { KeyRecord } from './model.ts'

/** Somebody's keys on their own device: real ones, of chat-xdk. */
export interface Person {
  readonly userId: string
  readonly chat: ChatWithJuicebox
  readonly record: Omit<KeyRecord, 'public_key_version'>
  /** What is kept at the realms under a PIN. */
  readonly secret: Uint8Array
}

/** Any PIN that chat-xdk takes: here it protects nothing. */
const LOCAL_PIN = '2580'

/** New keys. No realm is asked: `KeyBackup` takes the secret there, under the real PIN. */
export async function createPerson(userId: string): Promise<Person> {
  let secret: Uint8Array | undefined
  const options = {
    juiceboxConfig: '{"realms":[]}',
    getAuthToken: async () => '',
    // Undocumented: chat-xdk's own tests hand it their client. A second real one would break the first (TRAPS, "XChat").
    juiceboxModule: {
      Configuration: class {},
      Client: class {
        async register(_pin: Uint8Array, bytes: Uint8Array): Promise<void> {
          secret = Uint8Array.from(bytes)
        }
      },
    },
  }
  const chat = await createChat(options)
  const { publicKey } = chat.generateKeypairs()
  await chat.setup(LOCAL_PIN)
  if (!secret) throw new Error('chat-xdk kept its secret to itself')
  chat.setCacheKeys(true)
  return {
    userId,
    chat,
    secret,
    record: {
      public_key: publicKey.publicKey,
      signing_public_key: publicKey.signingPublicKey,
      identity_public_key_signature: publicKey.identityPublicKeySignature,
    },
  }
}
