import { randomBytes } from 'node:crypto'
import { keyPairOf, newSecretKey } from './noise.ts'
import { RealmError, RealmProcess } from './realm-process.ts'
import type { UserRecord } from './record.ts'
import { issueToken } from './tokens.ts'

export { RealmError } from './realm-process.ts'

/** How a realm fails: its process ends, or it answers every request with 426, 429 or 503, or not at all. */
export type RealmFault = 'down' | 'upgrade-required' | 'rate-limited' | 'unavailable' | 'hang'

export interface RealmsOptions {
  /** The most guesses that a user gets; 20, as at X. A client may register fewer. */
  readonly maxGuesses?: number
  /** Standard2019 takes about a second of the client's processor, as at X; FastInsecure is for tests. */
  readonly pinHashingMode?: 'Standard2019' | 'FastInsecure'
}

/** Three Juicebox realms, of which two recover a secret. */
export interface Realms {
  /** The SDK's configuration, as the JSON text that `new Configuration(json)` takes. */
  readonly configuration: string
  /** Ids and public keys in hexadecimal. With a public key it is a hardware-style realm, spoken to over Noise. */
  readonly realms: readonly { readonly id: string; readonly address: string; readonly publicKey?: string }[]
  /** The token of this user at this realm, for ten minutes. Throws a RealmError for a realm that is not ours. */
  token(realmId: string, userId: string): string
  /**
   * Makes a realm fail, or well again with null. 'down' ends its process, so that connections are refused; anything
   * else starts it again, at its address and with its records. Requests that hang are cut off when the fault changes.
   * Rejects with a RealmError when the process does not start, ends meanwhile, or the realms are closed.
   */
  setFault(realmIndex: 0 | 1 | 2, fault: RealmFault | null): Promise<void>
  /** Spends all of a user's guesses at every realm, as that many wrong PINs would have. Nothing for who is not registered. */
  exhaust(userId: string): Promise<void>
  /** The guesses that a user has spent at each realm. One counts when the second phase of a recovery is answered. */
  guesses(userId: string): Promise<readonly { readonly used: number; readonly max: number }[]>
  /** Ends the processes. */
  close(): Promise<void>
}

const KINDS = ['hardware', 'hardware', 'software'] as const
const RECOVER_THRESHOLD = 2

/**
 * Starts two hardware-style realms and a software one, each a process of its own, on free ports of 127.0.0.1.
 * Rejects with a RealmError, having ended what had started.
 */
export async function startRealms(options: RealmsOptions = {}): Promise<Realms> {
  const { maxGuesses = 20, pinHashingMode = 'Standard2019' } = options
  /** X's own, which it shares with every realm: what keeps a token to one realm is its audience. */
  const tokenKey = new Uint8Array(randomBytes(32))
  const started = await Promise.allSettled(KINDS.map((kind) => startRealm(kind, { tokenKey, maxGuesses })))
  const running = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  let closed = false
  const close = async () => {
    closed = true
    await Promise.all(running.map(({ process }) => process.stop()))
  }
  const failure = started.find((outcome) => outcome.status === 'rejected')
  if (failure) {
    await close()
    throw failure.reason
  }

  const realms = running.map(({ id, address, publicKey }) => ({ id, address, ...(publicKey && { publicKey }) }))
  /** A fault that is lifted starts a process, which nobody would end. */
  const assertOpen = () => {
    if (closed) throw new RealmError('The realms are closed.')
  }

  return {
    configuration: JSON.stringify({
      realms: realms.map(({ id, address, publicKey }) => ({
        id,
        address,
        ...(publicKey && { public_key: publicKey }),
      })),
      register_threshold: realms.length,
      recover_threshold: RECOVER_THRESHOLD,
      pin_hashing_mode: pinHashingMode,
    }),
    realms,
    token(realmId, userId) {
      if (!realms.some(({ id }) => id === realmId)) throw new RealmError(`There is no realm ${realmId}.`)
      return issueToken(tokenKey, realmId, userId)
    },
    async setFault(realmIndex, fault) {
      assertOpen()
      const process = running[realmIndex]?.process
      await (fault === 'down' ? process?.stop() : process?.setFault(fault))
    },
    async exhaust(userId) {
      assertOpen()
      await Promise.all(running.map(({ process }) => process.exhaust(userId)))
    },
    async guesses(userId) {
      return running.map(({ process }) => guessesOf(process.recordOf(userId), maxGuesses))
    },
    close,
  }
}

async function startRealm(
  kind: (typeof KINDS)[number],
  shared: { readonly tokenKey: Uint8Array; readonly maxGuesses: number },
) {
  const id = randomBytes(16).toString('hex')
  const secretKey = kind === 'hardware' ? newSecretKey() : undefined
  const process = new RealmProcess({ realmId: id, ...shared, ...(secretKey && { secretKey }) })
  const port = await process.start()
  return {
    id,
    process,
    address: `http://127.0.0.1:${port}/`,
    publicKey: secretKey && Buffer.from(keyPairOf(secretKey).publicKey).toString('hex'),
  }
}

function guessesOf(record: UserRecord, maxGuesses: number): { used: number; max: number } {
  switch (record.state) {
    case 'NotRegistered':
      return { used: 0, max: maxGuesses }
    case 'NoGuesses':
      return { used: record.maxGuesses, max: record.maxGuesses }
    case 'Registered':
      return { used: record.guessCount, max: record.registration.policy.num_guesses }
  }
}
