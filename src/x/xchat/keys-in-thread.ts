import { type ChatWithJuicebox, createChat } from '@xdevplatform/chat-xdk'
import { loadJuicebox } from './juicebox.ts'
import type { Answers, OpenTask, RecoverTask, Refusal } from './protocol.ts'
import { realmFetch } from './realm-fetch.ts'

/*
 * Keys, inside the thread. chat-xdk gives no key out and takes none in but through its Juicebox client, which it lets
 * its own tests replace (`juiceboxModule`): ours passes the real one's secret on, and later gives the sealed one back.
 */

interface JuiceboxClient {
  recover(pin: Uint8Array, info: Uint8Array): Promise<Uint8Array>
}

/** Spends one guess. What the realms say is an answer; throws only what they did not say. */
export async function recover(task: RecoverTask): Promise<Answers['recover']> {
  globalThis.fetch = realmFetch(task.addresses, task.requestTimeoutMs, globalThis.fetch)
  const juicebox = await loadJuicebox()
  let secret: Uint8Array | undefined
  let refusal: Answers['recover'] | undefined
  const chat = await withClient(task, (configuration) => {
    const client = new juicebox.Client(new juicebox.Configuration(configuration), [])
    return {
      async recover(pin, info) {
        try {
          const recovered = await client.recover(pin, info)
          // chat-xdk wipes what it is given.
          secret = Uint8Array.from(recovered)
          return recovered
        } catch (error) {
          refusal = readRefusal(error, juicebox.RecoverErrorReason)
          throw error
        }
      },
    }
  })
  try {
    await chat.unlock(task.pin)
    if (!secret) throw new Error('chat-xdk asked nobody for a secret')
    return { secret, matches: chat.matchesRegisteredKey(task.publicKey) }
  } catch (error) {
    if (refusal) return refusal
    throw error
  } finally {
    task.pin.fill(0)
    chat.free()
  }
}

/** Takes a secret in; undefined when it is none, or not the secret of `publicKey`. */
export async function openChat(task: OpenTask): Promise<ChatWithJuicebox | undefined> {
  const chat = await withClient({ configuration: '{"realms":[]}', tokens: new Map() }, () => ({
    recover: async () => Uint8Array.from(task.secret),
  }))
  try {
    await chat.unlock(new Uint8Array(0))
    if (task.publicKey !== undefined && !chat.matchesRegisteredKey(task.publicKey)) throw new Error('another key')
  } catch {
    chat.free()
    return undefined
  } finally {
    task.secret.fill(0)
  }
  chat.setIdentity(task.xUserId, task.keyVersion)
  return chat
}

function withClient(
  { configuration, tokens }: Pick<RecoverTask, 'configuration' | 'tokens'>,
  makeClient: (configuration: string) => JuiceboxClient,
): Promise<ChatWithJuicebox> {
  const options = {
    juiceboxConfig: JSON.stringify({ key_store_token_map_json: configuration }),
    getAuthToken: async (realmId: string) => tokens.get(realmId) ?? '',
    juiceboxModule: {
      Configuration: class {
        readonly text: string
        constructor(text: string) {
          this.text = text
        }
      },
      Client: class {
        readonly #client: JuiceboxClient
        constructor({ text }: { readonly text: string }) {
          this.#client = makeClient(text)
        }
        recover(pin: Uint8Array, info: Uint8Array): Promise<Uint8Array> {
          return this.#client.recover(pin, info)
        }
      },
    },
  }
  return createChat(options)
}

/** juicebox-sdk throws a RecoverError: the number of a reason, and the guesses that are left after a wrong PIN. */
function readRefusal(error: unknown, reasons: Readonly<Record<string, unknown>>): Answers['recover'] {
  const { reason, guesses_remaining: left } = Object(error) as { reason?: unknown; guesses_remaining?: unknown }
  return {
    refusal: (reasons[String(reason)] as Refusal | undefined) ?? 'Unknown',
    guessesLeft: typeof left === 'number' ? left : undefined,
  }
}
