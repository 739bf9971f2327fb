import type { Worker } from 'node:worker_threads'
import { startThread } from '../core/thread.ts'
import { type RealmFault, type Realms, type RealmsOptions, startRealms } from '../realms/index.ts'
import type { Backup } from './backup-worker.ts'

/** X's own number. */
export const MAX_GUESSES = 20

/** The realms, started when they are first needed, and what X tells its users of them. */
export class KeyBackup {
  readonly #options: RealmsOptions
  #realms: Promise<Realms> | undefined
  #last: Promise<void> = Promise.resolve()
  readonly #workers = new Set<Worker>()
  #closed = false

  constructor(options: RealmsOptions) {
    this.#options = { maxGuesses: MAX_GUESSES, ...options }
  }

  /** Keeps the secret under the PIN at all realms; what was kept of this user before is replaced. One after the other. */
  register(userId: string, pin: string, secret: Uint8Array): Promise<void> {
    const done = this.#last.then(() => this.#register(userId, pin, secret))
    this.#last = done.catch(() => {})
    return done
  }

  /** `juicebox_config` of the user's own record, with tokens that are good for a while. */
  async config(userId: string): Promise<object> {
    const realms = await this.#start()
    return {
      key_store_token_map_json: realms.configuration,
      max_guess_count: MAX_GUESSES,
      token_map: realms.realms.map(({ id, address, publicKey }) => ({
        key: id,
        value: { address, token: realms.token(id, userId), ...(publicKey && { public_key: publicKey }) },
      })),
    }
  }

  async setFault(realm: 0 | 1 | 2, fault: RealmFault | null): Promise<void> {
    await (await this.#start()).setFault(realm, fault)
  }

  async exhaust(userId: string): Promise<void> {
    await (await this.#start()).exhaust(userId)
  }

  /** Wrong PINs since the last right one, at each realm. */
  async guesses(userId: string): Promise<readonly { used: number; max: number }[]> {
    return (await this.#start()).guesses(userId)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#workers].map((worker) => worker.terminate()))
    await (await this.#realms?.catch(() => undefined))?.close()
  }

  #start(): Promise<Realms> {
    if (this.#closed) return Promise.reject(new Error('the simulator is closed'))
    this.#realms ??= startRealms(this.#options)
    return this.#realms
  }

  async #register(userId: string, pin: string, secret: Uint8Array): Promise<void> {
    const realms = await this.#start()
    const backup: Backup = {
      configuration: realms.configuration,
      tokens: Object.fromEntries(realms.realms.map(({ id }) => [id, realms.token(id, userId)])),
      pin,
      secret,
      guesses: MAX_GUESSES,
    }
    if (this.#closed) throw new Error('the simulator is closed')
    const worker = startThread('backup-worker', import.meta.url, backup)
    this.#workers.add(worker)
    try {
      await new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve())
        worker.once('error', (error) => reject(new Error(`the PIN could not be set: ${String(error)}`)))
        worker.once('exit', () => reject(new Error('the PIN could not be set: the worker ended')))
      })
    } finally {
      this.#workers.delete(worker)
      await worker.terminate()
    }
  }
}
