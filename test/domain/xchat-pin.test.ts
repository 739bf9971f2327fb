import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  PIN_CAPS,
  type PinAttempt,
  type PinFacts,
  pinAllowance,
  XCHAT_PIN_OUTCOMES,
  type XChatPinOutcome,
} from '../../src/domain/xchat-pin.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = new Date('2026-11-23T12:00:00Z')
const ago = (ms: number): Date => new Date(NOW.getTime() - ms)
const inMs = (ms: number): Date => new Date(NOW.getTime() + ms)

/** Tries of one outcome, so many hours ago. */
const tries = (outcome: XChatPinOutcome | null, ...hoursAgo: number[]): PinAttempt[] =>
  hoursAgo.map((hours) => ({ startedAt: ago(hours * HOUR), outcome }))
const facts = (more: Partial<PinFacts>): PinFacts => ({
  now: NOW,
  account: [],
  administrator: [],
  guessesLeft: null,
  ...more,
})

describe('what the caps leave', () => {
  test.each<readonly [string, Partial<PinFacts>, number]>([
    ['five to begin with', {}, 5],
    ['three after two wrong ones today', { account: tries('WRONG_PIN', 1, 2) }, 3],
    ['five after wrong ones of the day before', { account: tries('WRONG_PIN', 24, 25, 26) }, 5],
    ['what the account leaves, not the administrator', { account: tries('WRONG_PIN', 1, 2, 3, 4) }, 1],
    ['what the administrator leaves, not the account', { administrator: tries('WRONG_PIN', 1, 2, 3, 4) }, 1],
    ['less after exhausted guesses', { account: tries('GUESSES_EXHAUSTED', 1) }, 4],
    ['less after a process that died', { account: tries('UNKNOWN', 1) }, 4],
    ['less while another try runs', { account: tries(null, 0) }, 4],
    ['five after realms that were down', { account: tries('REALMS_UNAVAILABLE', 1, 2, 3) }, 5],
    ['five where XChat is not set up', { account: tries('NOT_REGISTERED', 1, 2, 3, 4, 5, 6) }, 5],
    ['five after a right PIN of older keys', { account: tries('KEYS_REPLACED', 1, 2, 3, 4, 5, 6) }, 5],
    ['the day’s rest though confirmed since', { account: [...tries('WRONG_PIN', 3, 2), ...tries('CONFIRMED', 1)] }, 3],
    ['two of ten without a confirmation', { account: tries('WRONG_PIN', 30, 40, 50, 60, 70, 80, 90, 900) }, 2],
    [
      'five when those ten were before it',
      {
        account: [...tries('WRONG_PIN', 200, 201, 202, 203, 204, 205, 206, 207, 208, 209), ...tries('CONFIRMED', 100)],
      },
      5,
    ],
    ['what is more than five at the realms', { account: tries('WRONG_PIN', 30), guessesLeft: 7 }, 2],
    [
      'one less for a guess that the realms did not tell of',
      { account: [...tries('WRONG_PIN', 30), ...tries('UNKNOWN', 28)], guessesLeft: 7 },
      1,
    ],
    [
      'one less for each time the realms fell silent',
      { account: [...tries('WRONG_PIN', 30), ...tries('REALMS_UNAVAILABLE', 28, 27)], guessesLeft: 9 },
      2,
    ],
    ['one after 30 days with five at the realms', { account: tries('WRONG_PIN', 30 * 24), guessesLeft: 5 }, 1],
    [
      'one after 30 days with ten wrong ones',
      { account: tries('WRONG_PIN', ...Array.from({ length: 12 }, (_, n) => 720 + n)) },
      1,
    ],
    [
      'five where the realms have deleted all, for there is nothing to lose',
      { account: tries('GUESSES_EXHAUSTED', 30), guessesLeft: 0 },
      5,
    ],
  ])('is %s', (_, more, left) => {
    expect(pinAllowance(facts(more))).toEqual({ attemptsLeft: left, retryAt: null })
  })

  test.each<readonly [string, Partial<PinFacts>, Date]>([
    ['a day after the first of five at the account', { account: tries('WRONG_PIN', 5, 4, 3, 2, 1) }, inMs(19 * HOUR)],
    [
      'a day after the first of five of the administrator',
      { administrator: tries('UNKNOWN', 1, 2, 3, 4, 23) },
      inMs(HOUR),
    ],
    ['when the fifth from last is a day old', { account: tries('WRONG_PIN', 1, 2, 3, 4, 5, 23) }, inMs(19 * HOUR)],
    [
      '30 days after the last of ten without a confirmation',
      { account: tries('WRONG_PIN', 48, 49, 50, 72, 73, 74, 96, 97, 98, 99) },
      inMs(28 * DAY),
    ],
    [
      '30 days after the last of ten, however old the others are',
      { account: tries('WRONG_PIN', 48, ...Array.from({ length: 9 }, (_, n) => 9000 + n)) },
      inMs(28 * DAY),
    ],
    ['30 days after the realms had five left', { account: tries('WRONG_PIN', 24), guessesLeft: 5 }, inMs(29 * DAY)],
    ['30 days after the realms had one left', { account: tries('WRONG_PIN', 48), guessesLeft: 1 }, inMs(28 * DAY)],
    [
      '30 days after realms that fell silent 15 times: each may have counted',
      { account: tries('REALMS_UNAVAILABLE', ...Array.from({ length: 15 }, (_, n) => n + 24)) },
      inMs(29 * DAY),
    ],
    [
      'when the last of two caps lets go',
      { account: tries('WRONG_PIN', 1, 2, 3, 4, 5), administrator: tries('WRONG_PIN', 1, 1, 1, 1, 1) },
      inMs(23 * HOUR),
    ],
  ])('is nothing until %s', (_, more, retryAt) => {
    expect(pinAllowance(facts(more))).toEqual({ attemptsLeft: 0, retryAt })
    // There is something at that time, and not a millisecond earlier.
    expect(pinAllowance(facts({ ...more, now: retryAt })).attemptsLeft).toBeGreaterThan(0)
    expect(pinAllowance(facts({ ...more, now: new Date(retryAt.getTime() - 1) })).attemptsLeft).toBe(0)
  })
})

/** Somebody tries, after a while; whether it is let through, the caps say. */
const step = fc.record({
  after: fc.oneof(
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 1, max: 26 * HOUR }),
    fc.integer({ min: 1, max: 40 * DAY }),
  ),
  administrator: fc.integer({ min: 0, max: 9 }),
  outcome: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('WRONG_PIN', 'UNKNOWN') },
    { weight: 1, arbitrary: fc.constantFrom(...XCHAT_PIN_OUTCOMES) },
  ) satisfies fc.Arbitrary<XChatPinOutcome>,
  /** Whether realms that did not answer have counted the guess. */
  counted: fc.boolean(),
})

describe('in no sequence of tries by any number of administrators', () => {
  test('are more than ten guesses spent within 30 days without a confirmation, nor ever more than 15 at the realms', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        let now = NOW.getTime()
        let guessesLeft: number | null = null
        let atRealms: number = PIN_CAPS.realms
        let restedAtRealms = 0
        const attempts: (PinAttempt & { administrator: number })[] = []
        for (const { after, administrator, outcome, counted } of steps) {
          now += after
          const mine = attempts.filter((attempt) => attempt.administrator === administrator)
          const allowance = pinAllowance({ now: new Date(now), account: attempts, administrator: mine, guessesLeft })
          expect(allowance.attemptsLeft === 0).toBe(allowance.retryAt !== null)
          if (allowance.attemptsLeft === 0) continue
          const last = attempts.filter((attempt) => attempt.outcome !== 'NOT_REGISTERED').at(-1)
          if (atRealms <= PIN_CAPS.keepAtRealms) {
            // Below the reserve there is one a month, and never two.
            expect(now - (last?.startedAt.getTime() ?? 0)).toBeGreaterThanOrEqual(PIN_CAPS.rest)
            restedAtRealms += 1
          }
          attempts.push({ startedAt: new Date(now), outcome, administrator })
          if (outcome === 'CONFIRMED' || outcome === 'KEYS_REPLACED') atRealms = PIN_CAPS.realms
          else if (outcome === 'WRONG_PIN' || outcome === 'UNKNOWN' || (outcome === 'REALMS_UNAVAILABLE' && counted))
            atRealms -= 1
          if (outcome === 'GUESSES_EXHAUSTED' || atRealms <= 0) break
          if (outcome === 'CONFIRMED' || outcome === 'KEYS_REPLACED') guessesLeft = null
          if (outcome === 'WRONG_PIN') guessesLeft = atRealms
        }
        expect(mostWithin(attempts)).toBeLessThanOrEqual(PIN_CAPS.unconfirmed)
        if (restedAtRealms === 0) expect(atRealms).toBeGreaterThanOrEqual(PIN_CAPS.keepAtRealms)
      }),
      { numRuns: 500 },
    )
  })
})

/** The most guesses spent in any 30 days with no confirmation among them. */
function mostWithin(attempts: readonly PinAttempt[]): number {
  let most = 0
  attempts.forEach(({ startedAt: from }, start) => {
    let spent = 0
    for (const { startedAt, outcome } of attempts.slice(start)) {
      if (outcome === 'CONFIRMED' || startedAt.getTime() >= from.getTime() + PIN_CAPS.rest) break
      if (outcome === 'WRONG_PIN' || outcome === 'GUESSES_EXHAUSTED' || outcome === 'UNKNOWN') spent += 1
    }
    most = Math.max(most, spent)
  })
  return most
}
