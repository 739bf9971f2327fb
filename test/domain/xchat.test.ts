import { describe, expect, test } from 'vitest'
import { isPin, statusAfter, XCHAT_STATUSES, type XChatStatus } from '../../src/domain/xchat.ts'
import { XCHAT_PIN_OUTCOMES, type XChatPinOutcome } from '../../src/domain/xchat-pin.ts'

describe('a PIN', () => {
  test.each(['0000', '2580', '9999'])('is four digits: %s', (text) => {
    expect(isPin(text)).toBe(true)
  })

  test.each([
    '',
    '258',
    '25801',
    '25 80',
    ' 2580',
    '2580\n',
    '25.0',
    '-258',
    '+258',
    '2e10',
    '٢٥٨٠',
    '２５８０',
    'abcd',
  ])('is not %j', (text) => {
    expect(isPin(text)).toBe(false)
  })
})

describe('the status after a try', () => {
  const at = (status: XChatStatus, hasKey = status === 'CONFIRMED') => ({ status, hasKey })

  test.each(XCHAT_STATUSES)('is CONFIRMED after a right PIN, whatever it was: %s', (status) => {
    expect(statusAfter(at(status), 'CONFIRMED')).toBe('CONFIRMED')
  })

  const rest = XCHAT_PIN_OUTCOMES.filter((outcome) => outcome !== 'CONFIRMED')
  test.each(rest)('stays DISABLED after %s', (outcome) => {
    expect(statusAfter(at('DISABLED'), outcome)).toBe('DISABLED')
  })

  test.each(rest.filter((outcome) => outcome !== 'KEYS_REPLACED'))(
    'stays CONFIRMED after %s: the key works',
    (outcome) => {
      expect(statusAfter(at('CONFIRMED'), outcome)).toBe('CONFIRMED')
      expect(statusAfter(at('KEYS_REPLACED', true), outcome)).toBe('KEYS_REPLACED')
    },
  )

  test.each<readonly [XChatStatus | null, XChatPinOutcome, XChatStatus]>([
    [null, 'WRONG_PIN', 'PIN_REQUIRED'],
    [null, 'GUESSES_EXHAUSTED', 'PIN_REQUIRED'],
    [null, 'NOT_REGISTERED', 'NOT_REGISTERED'],
    [null, 'KEYS_REPLACED', 'KEYS_REPLACED'],
    [null, 'REALMS_UNAVAILABLE', 'PIN_REQUIRED'],
    ['CONFIRMED', 'KEYS_REPLACED', 'KEYS_REPLACED'],
    ['NOT_REGISTERED', 'WRONG_PIN', 'PIN_REQUIRED'],
    ['NOT_REGISTERED', 'REALMS_UNAVAILABLE', 'NOT_REGISTERED'],
    ['PIN_REQUIRED', 'NOT_REGISTERED', 'NOT_REGISTERED'],
    ['KEYS_REPLACED', 'WRONG_PIN', 'KEYS_REPLACED'],
  ])('from %s by %s is %s', (status, outcome, after) => {
    expect(statusAfter(status && at(status), outcome)).toBe(after)
  })
})
