import { describe, expect, it } from 'vitest'
import {
  type Attempted,
  afterAttempt,
  afterFailedGlance,
  afterFailedLook,
  afterLook,
  DELIVERY_ERRORS,
  type DeliveryError,
  deliveryWords,
  expectedDelayMs,
  isRetryable,
  isSince,
  mayBeSentWords,
  type Standing,
} from '../../src/domain/delivery.ts'

const DAY_MS = 24 * 3_600_000
const later = (error: 'RATE_LIMITED' | 'UNAVAILABLE', notBeforeMs?: number): Attempted => ({
  kind: 'LATER',
  error,
  notBeforeMs,
})

describe('after an attempt', () => {
  it.each<[string, Attempted, number, number, Standing]>([
    ['X has it', { kind: 'SENT', externalId: '7' }, 1, 0, { state: 'SENT', externalId: '7' }],
    [
      'X refuses it',
      { kind: 'REFUSED', error: 'DUPLICATE', detail: 'no' },
      1,
      0,
      { state: 'FAILED', error: 'DUPLICATE', detail: 'no' },
    ],
    ['X is away', later('UNAVAILABLE'), 1, 0, { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 1_000 }],
    ['X is away again', later('UNAVAILABLE'), 4, 0, { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 8_000 }],
    ['X is away for long', later('UNAVAILABLE'), 99, 0, { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 300_000 }],
    ['X says when', later('RATE_LIMITED', 900_000), 1, 0, { state: 'QUEUED', error: 'RATE_LIMITED', dueInMs: 900_000 }],
    [
      'X is away for a day',
      later('UNAVAILABLE'),
      300,
      DAY_MS + 1,
      { state: 'FAILED', error: 'UNAVAILABLE_TOO_LONG', detail: undefined },
    ],
    [
      'X was away for a moment, behind many others that waited',
      later('UNAVAILABLE'),
      1,
      DAY_MS + 1,
      { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 1_000 },
    ],
    [
      'X takes no more for days',
      later('RATE_LIMITED', 900_000),
      300,
      3 * DAY_MS,
      { state: 'QUEUED', error: 'RATE_LIMITED', dueInMs: 900_000 },
    ],
    ['nobody knows', { kind: 'UNCERTAIN', refused: false }, 1, 0, { state: 'SENDING', error: null, dueInMs: 1_000 }],
    [
      'X says that it does not work',
      { kind: 'UNCERTAIN', refused: true },
      1,
      0,
      { state: 'SENDING', error: 'UNAVAILABLE', dueInMs: 1_000 },
    ],
  ])('%s', (_what, attempted, attempts, ageMs, standing) => {
    expect(afterAttempt(attempted, { attempts, ageMs, uncertain: false }, 0.5)).toEqual(standing)
  })
})

describe('after an attempt that follows an uncertain one', () => {
  it.each<[DeliveryError, Standing]>([
    ['DUPLICATE', { state: 'SENDING', error: null, dueInMs: 1_000 }],
    ['TOO_LONG', { state: 'FAILED', error: 'TOO_LONG', detail: 'no' }],
  ])('X refuses it as %s', (error, standing) => {
    const facts = { attempts: 2, ageMs: 0, uncertain: true }
    expect(afterAttempt({ kind: 'REFUSED', error, detail: 'no' }, facts, 0.5)).toEqual(standing)
  })
})

describe('after a look', () => {
  it.each<[string, string | null, number, boolean, Standing]>([
    ['X shows it', '7', 1, false, { state: 'SENT', externalId: '7' }],
    ['X shows it late', '7', 3, true, { state: 'SENT', externalId: '7' }],
    ['X does not show it yet', null, 1, false, { state: 'SENDING', error: null, dueInMs: 4_000 }],
    ['nor after a while', null, 2, false, { state: 'SENDING', error: null, dueInMs: 10_000 }],
    ['nor at last', null, 3, false, { state: 'UNKNOWN' }],
    ['X said no, and does not show it', null, 1, true, { state: 'SENDING', error: 'UNAVAILABLE', dueInMs: 4_000 }],
    ['nor again: it is sent again', null, 2, true, { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 1_000 }],
  ])('%s', (_what, found, lookedFor, refused, standing) => {
    expect(afterLook(found, lookedFor, refused, { attempts: 1, ageMs: 0, uncertain: true }, 0.5)).toEqual(standing)
  })
})

it.each([
  // ahead, limit, windows; seconds
  ['nothing waits', 0, 100, [], 0.3],
  ['a few wait', 9, 100, [{ remaining: 50, endsInMs: 60_000 }], 3],
  ['the window is used up', 0, 15, [{ remaining: 0, endsInMs: 60_000 }], 60],
  ['two more windows are needed', 45, 15, [{ remaining: 15, endsInMs: 60_000 }], 60 + 2 * 900],
  [
    'the day is used up',
    0,
    15,
    [
      { remaining: 0, endsInMs: 60_000 },
      { remaining: 0, endsInMs: 7_200_000 },
    ],
    7_200,
  ],
  ['X has told nothing yet', 100, 100, [], 900],
  ['a window that has ended', 20, 15, [{ remaining: 0, endsInMs: -1 }], 6.3],
  ['e-mail knows no windows', 99, Infinity, [], 30],
])('%s: an answer is expected in time', (_what, ahead, limit, windows, seconds) => {
  expect(expectedDelayMs(ahead, limit, windows) / 1_000).toBe(seconds)
})

it('what X would refuse again is not retried', () => {
  const errors = Object.keys(DELIVERY_ERRORS) as (keyof typeof DELIVERY_ERRORS)[]
  expect(errors.filter((error) => !isRetryable(error))).toEqual([
    'RATE_LIMITED',
    'UNAVAILABLE',
    'DUPLICATE',
    'TOO_LONG',
    'POST_GONE',
    'NOT_SUMMONED',
    'REJECTED',
  ])
})

describe('what cannot be looked for', () => {
  it.each<[number, boolean, Standing]>([
    [10_000, false, { state: 'SENDING', error: null, dueInMs: 5_000 }],
    [3_600_000, true, { state: 'SENDING', error: 'UNAVAILABLE', dueInMs: 5_000 }],
    [3_600_001, true, { state: 'UNKNOWN' }],
  ])('%i ms after its attempt', (begunAgoMs, refused, standing) => {
    expect(afterFailedLook(begunAgoMs, refused)).toEqual(standing)
  })
})

describe('what X did not take, and cannot be looked for before it is sent again', () => {
  it.each<[number, Standing]>([
    [1, { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 5_000 }],
    [720, { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: 5_000 }],
    [721, { state: 'UNKNOWN' }],
  ])('%i times in a row, however long ago it was tried', (failures, standing) => {
    expect(afterFailedGlance(failures)).toEqual(standing)
  })
})

describe('the same words', () => {
  const begunAt = new Date('2026-11-23T12:00:00Z')
  it.each([
    ['after the attempt began', begunAt, '2026-11-23T12:00:01Z', true],
    ['before, by a clock that may be behind', begunAt, '2026-11-23T11:58:01Z', true],
    ['long before are no answer', begunAt, '2026-11-23T11:58:00Z', false],
    ['before anything is known of an attempt', null, '2026-01-01T00:00:00Z', true],
  ])('%s', (_what, begun, said, since) => expect(isSince(begun, said)).toBe(since))
})

it('what becomes of an e-mail is said without X, and of all else with the usual words', () => {
  const codes = Object.keys(DELIVERY_ERRORS).filter((code): code is DeliveryError => code in DELIVERY_ERRORS)
  const ofMail = [
    'UNAVAILABLE',
    'UNAVAILABLE_TOO_LONG',
    'MAIL_REFUSED',
    'TICKET_DELETED',
    'WITHDRAWN',
    'UNKNOWN',
  ] as const
  for (const code of ofMail) expect(deliveryWords(code, 'EMAIL')).not.toMatch(/\bX\b/)
  for (const code of codes) expect(deliveryWords(code, 'X_POST')).toBe(DELIVERY_ERRORS[code])
  expect(mayBeSentWords('EMAIL')).not.toMatch(/\bX\b/)
  expect(mayBeSentWords('X_DM')).toMatch(/\bX\b/)
})
