import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RateState, type RateWindow, reserve, type Seen, settle } from '../../src/domain/rate-window.ts'

const window = (change: Partial<RateWindow> = {}): RateWindow => ({
  limit: 15,
  remaining: 10,
  xReset: 1_000,
  endsInMs: 60_000,
  ...change,
})
const state = (change: Partial<RateState> = {}): RateState => ({
  short: window(),
  day: null,
  inFlight: 0,
  generation: 7,
  answered: true,
  begunAgoMs: 5_000,
  ...change,
})
const NEW = state({ short: null, answered: false, begunAgoMs: null })
const saw = (change: Partial<RateWindow>, more: Partial<Seen> = {}): Seen => ({
  short: window(change),
  refused: false,
  ...more,
})

describe('a call', () => {
  it.each<[string, RateState, object]>([
    ['is let in when a window has room', state(), { kind: 'GO', state: { inFlight: 1, begunAgoMs: 0 } }],
    ['waits for the end of a window with nothing left', state({ short: window({ remaining: 0 }) }), { ms: 60_000 }],
    [
      'waits for the last end of two',
      state({ short: window({ remaining: 0 }), day: window({ remaining: 0, endsInMs: 3_600_000 }) }),
      { kind: 'WAIT', ms: 3_600_000 },
    ],
    ['waits for those under way that use up the rest', state({ inFlight: 10 }), { kind: 'WAIT', ms: 1_000 }],
    ['is let in while those under way leave room', state({ inFlight: 9 }), { kind: 'GO', state: { inFlight: 10 } }],
    ['is let in as the first of all', NEW, { kind: 'GO', state: { inFlight: 1 } }],
    ['waits for the first of all', state({ ...NEW, inFlight: 1, begunAgoMs: 9_999 }), { kind: 'ASK_AGAIN' }],
    ['does not wait for one that died', state({ ...NEW, inFlight: 1, begunAgoMs: 10_001 }), { kind: 'GO' }],
    [
      'begins a new window where one has ended',
      state({ short: window({ remaining: 0, endsInMs: -1 }), inFlight: 3 }),
      { kind: 'GO', state: { short: { remaining: 15, limit: 15, xReset: 0 }, inFlight: 1, generation: 8 } },
    ],
    [
      'believes no window that ends later than it can (a clock was set back)',
      state({ short: window({ remaining: 0, endsInMs: 16 * 60_000 }) }),
      { kind: 'GO', state: { short: { remaining: 15 }, generation: 8 } },
    ],
    [
      'begins a new day where one has ended, and keeps the window',
      state({ day: window({ remaining: 0, endsInMs: 0 }), inFlight: 2 }),
      { kind: 'GO', state: { short: { remaining: 10 }, day: { remaining: 15 }, inFlight: 3, generation: 7 } },
    ],
  ])('%s', (_name, known, expected) => {
    expect(reserve(known)).toMatchObject(expected)
  })
})

describe('an answer', () => {
  it.each<[string, RateState, Seen | undefined, object]>([
    ['tells what is left', state({ inFlight: 1 }), saw({ remaining: 9 }), { short: { remaining: 9 }, inFlight: 0 }],
    ['that is overtaken by another tells nothing new', state(), saw({ remaining: 11 }), { short: { remaining: 10 } }],
    [
      'of a new window replaces the old',
      state(),
      saw({ remaining: 14, xReset: 1_900 }),
      { short: { remaining: 14, xReset: 1_900 } },
    ],
    [
      'of an old window is late',
      state(),
      saw({ remaining: 0, xReset: 100 }),
      { short: { remaining: 10, xReset: 1_000 } },
    ],
    [
      'replaces a guess',
      state({ short: window({ xReset: 0, remaining: 15 }) }),
      saw({ remaining: 99, limit: 100 }),
      { short: { remaining: 99, limit: 100, xReset: 1_000 } },
    ],
    [
      'rounded otherwise is of the same window',
      state(),
      saw({ remaining: 9, xReset: 1_001 }),
      { short: { remaining: 9, xReset: 1_000 } },
    ],
    [
      'without windows leaves what is known',
      state({ inFlight: 1 }),
      { refused: false },
      { short: { remaining: 10 }, answered: true },
    ],
    ['that never came uses up nothing', state({ inFlight: 1 }), undefined, { short: { remaining: 10 }, inFlight: 0 }],
    [
      'of a call that began before does not end one of now',
      state({ inFlight: 1, generation: 8 }),
      saw({}),
      { inFlight: 1 },
    ],
    [
      '429 stops calls',
      state(),
      saw({ remaining: 0 }, { refused: true }),
      { short: { remaining: 0, endsInMs: 60_000 } },
    ],
    [
      '429 with room in its window stops calls, too',
      state(),
      saw({ remaining: 3 }, { refused: true }),
      { short: { remaining: 0 } },
    ],
    [
      '429 says when X takes calls again, whatever it said before',
      state(),
      saw({ remaining: 0, xReset: 500, endsInMs: 2_000 }, { refused: true }),
      { short: { remaining: 0, endsInMs: 2_000 } },
    ],
    [
      '429 for the day leaves the window',
      state(),
      saw({ remaining: 9 }, { refused: true, day: window({ remaining: 0, xReset: 9_000, endsInMs: 3_600_000 }) }),
      { short: { remaining: 9 }, day: { remaining: 0, endsInMs: 3_600_000 } },
    ],
    [
      '429 that names no window stops calls for a minute',
      NEW,
      { refused: true },
      { short: { remaining: 0, endsInMs: 60_000 } },
    ],
    [
      'that says a window ends in an hour is not believed',
      NEW,
      saw({ endsInMs: 3_600_000 }),
      { short: { endsInMs: 900_000 } },
    ],
    ['that says a window has ended is waited for a second', NEW, saw({ endsInMs: -5 }), { short: { endsInMs: 1_000 } }],
  ])('%s', (_name, known, seen, expected) => {
    expect(settle(known, 7, seen)).toMatchObject(expected)
  })
})

it('never lets in more calls than X has room for, in whatever order the answers come', () => {
  // An X that counts, and calls that are under way for a while: made (X has counted it) and then answered, in any order.
  const steps = fc.array(fc.tuple(fc.constantFrom('begin', 'reach', 'end', 'fail'), fc.nat(50)), { maxLength: 120 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (limit, moves) => {
      let known: RateState = { ...NEW }
      let used = 0
      const sent: number[] = []
      const reached: { generation: number; remaining: number }[] = []
      for (const [move, pick] of moves) {
        if (move === 'begin') {
          const admission = reserve(known)
          if (admission.kind !== 'GO') continue
          known = admission.state
          sent.push(known.generation)
        } else if (move === 'reach' && sent.length > 0) {
          const [generation = 0] = sent.splice(pick % sent.length, 1)
          if (used >= limit) return false
          reached.push({ generation, remaining: limit - ++used })
        } else if (move === 'fail' && sent.length > 0) {
          const [generation = 0] = sent.splice(pick % sent.length, 1)
          known = settle(known, generation, undefined)
        } else if (move === 'end' && reached.length > 0) {
          const [answer] = reached.splice(pick % reached.length, 1)
          if (answer) known = settle(known, answer.generation, saw({ limit, remaining: answer.remaining }))
        }
      }
      return true
    }),
    { numRuns: 500 },
  )
})
