import type { PinRecovery } from '../xchat.ts'
import type { Answers } from './protocol.ts'

/** What the realms' answer means. A secret in it is wiped: `secretKey` is all that remains of it. */
export function outcomeOf(answer: Answers['recover'], keyVersion: string): PinRecovery {
  if ('secret' in answer) {
    const bytes = Buffer.from(answer.secret.buffer, answer.secret.byteOffset, answer.secret.byteLength)
    const secretKey = bytes.toString('base64url')
    bytes.fill(0)
    return answer.matches ? { outcome: 'CONFIRMED', secretKey, keyVersion } : { outcome: 'KEYS_REPLACED' }
  }
  const { refusal, guessesLeft } = answer
  switch (refusal) {
    case 'InvalidPin':
      if (guessesLeft === undefined) return unavailable('the PIN was refused, but not how often it still may be wrong')
      return guessesLeft > 0 ? { outcome: 'WRONG_PIN', guessesLeft } : { outcome: 'GUESSES_EXHAUSTED' }
    case 'NotRegistered':
      return { outcome: 'NOT_REGISTERED' }
    case 'InvalidAuth':
      return unavailable("the realms refuse X's tokens (InvalidAuth)")
    case 'UpgradeRequired':
      return unavailable('the realms ask for a newer juicebox-sdk (UpgradeRequired)')
    case 'RateLimitExceeded':
      return unavailable('the realms take no more requests for now (RateLimitExceeded)')
    case 'Transient':
      return unavailable('too few realms answer (Transient)')
    default:
      return unavailable(`the realms' answers make no sense (${refusal})`)
  }
}

/** The reason must hold no secret: administrators read it, and so does the log. */
export const unavailable = (reason: string): PinRecovery => ({ outcome: 'REALMS_UNAVAILABLE', reason })
