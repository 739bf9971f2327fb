import { z } from 'zod'
import type { PinRecovery } from '../xchat.ts'
import { openChat } from './chat.ts'
import { loadJuicebox } from './juicebox.ts'
import type { Question } from './messages.ts'

/* Runs in an account's own thread. */

/** What the SDK throws (juicebox-sdk.d.ts, RecoverError). */
const failureShape = z.object({ reason: z.number(), guesses_remaining: z.number().nullish() })

/** Spends one guess, and sees whether what was recovered is what X has registered. */
export async function recover(question: Extract<Question, { kind: 'recover' }>): Promise<PinRecovery> {
  const { realms, pin, publicKey, keyVersion } = question
  const { Client, Configuration, RecoverErrorReason: Reason } = await loadJuicebox()
  // The SDK asks this global for the token of each realm, by its id's bytes.
  Object.assign(globalThis, {
    JuiceboxGetAuthToken: async (realmId: Uint8Array) => realms.tokens[Buffer.from(realmId).toString('hex')] ?? '',
  })
  const guess = new TextEncoder().encode(pin)
  let secret: Uint8Array
  try {
    const client = new Client(new Configuration(realms.configuration), [])
    secret = await client.recover(guess, new Uint8Array(0))
  } catch (error) {
    const failure = failureShape.safeParse(error)
    if (!failure.success) return { outcome: 'REALMS_UNAVAILABLE', reason: 'the realms cannot be asked' }
    const { reason, guesses_remaining: left } = failure.data
    if (reason === Reason.InvalidPin) {
      return left ? { outcome: 'WRONG_PIN', guessesLeft: left } : { outcome: 'GUESSES_EXHAUSTED' }
    }
    if (reason === Reason.NotRegistered) return { outcome: 'NOT_REGISTERED' }
    return { outcome: 'REALMS_UNAVAILABLE', reason: Reason[reason] ?? `reason ${reason}` }
  } finally {
    guess.fill(0)
  }
  const chat = await openChat(secret)
  try {
    if (!chat.matchesRegisteredKey(publicKey)) return { outcome: 'KEYS_REPLACED' }
    return { outcome: 'CONFIRMED', secretKey: Buffer.from(secret).toString('base64url'), keyVersion }
  } finally {
    secret.fill(0)
    chat.free()
  }
}
