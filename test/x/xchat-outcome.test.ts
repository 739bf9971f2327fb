import { expect, test } from 'vitest'
import { outcomeOf } from '../../src/x/xchat/outcome.ts'
import type { Refusal } from '../../src/x/xchat/protocol.ts'
import type { PinRecovery } from '../../src/x/xchat.ts'

test.for<[Refusal | 'Unknown', number | undefined, PinRecovery['outcome']]>([
  ['InvalidPin', 19, 'WRONG_PIN'],
  ['InvalidPin', 1, 'WRONG_PIN'],
  ['InvalidPin', 0, 'GUESSES_EXHAUSTED'],
  // It may have been the last one: nobody can say that some are left.
  ['InvalidPin', undefined, 'REALMS_UNAVAILABLE'],
  ['NotRegistered', undefined, 'NOT_REGISTERED'],
  ['InvalidAuth', undefined, 'REALMS_UNAVAILABLE'],
  ['UpgradeRequired', undefined, 'REALMS_UNAVAILABLE'],
  ['RateLimitExceeded', undefined, 'REALMS_UNAVAILABLE'],
  ['Assertion', undefined, 'REALMS_UNAVAILABLE'],
  ['Transient', undefined, 'REALMS_UNAVAILABLE'],
  ['Unknown', undefined, 'REALMS_UNAVAILABLE'],
])('%s with %s guesses left is %s', ([refusal, guessesLeft, outcome]) => {
  const recovery = outcomeOf({ refusal, guessesLeft }, '1')
  expect(recovery.outcome).toBe(outcome)
  if (recovery.outcome === 'WRONG_PIN') expect(recovery.guessesLeft).toBe(guessesLeft)
  if (recovery.outcome === 'REALMS_UNAVAILABLE') expect(recovery.reason).not.toBe('')
})

test('a secret is handed over once, and only when it is the one of the newest keys', () => {
  const secret = Uint8Array.from({ length: 64 }, (_, index) => index)
  const secretKey = Buffer.from(secret).toString('base64url')
  const other = secret.slice()
  expect(outcomeOf({ secret, matches: true }, '7')).toEqual({ outcome: 'CONFIRMED', secretKey, keyVersion: '7' })
  expect(outcomeOf({ secret: other, matches: false }, '7')).toEqual({ outcome: 'KEYS_REPLACED' })
  for (const wiped of [secret, other]) expect(wiped.every((byte) => byte === 0)).toBe(true)
})
