import { parentPort, workerData } from 'node:worker_threads'
import { giveTokens, juicebox } from './juicebox.ts'

/*
 * Registers one person's secret with the realms, as X's app does when a PIN is set, and ends. In a thread of its own:
 * Argon2 takes a second of CPU, and the SDK's token hook serves one person at a time.
 */

/** What is to be kept, of whom the tokens speak. */
export interface Backup {
  readonly configuration: string
  readonly tokens: Readonly<Record<string, string>>
  readonly pin: string
  readonly secret: Uint8Array
  readonly guesses: number
}

const { configuration, tokens, pin, secret, guesses } = workerData as Backup
const { Client, Configuration } = await juicebox()
giveTokens((realmId) => tokens[realmId] ?? '')
await new Client(new Configuration(configuration), []).register(
  new TextEncoder().encode(pin),
  secret,
  new Uint8Array(0),
  guesses,
)
parentPort?.postMessage('registered')
