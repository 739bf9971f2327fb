import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BudgetLeft, nextDelay, type Pacing, slowing } from '../../src/domain/pacing.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const pacing = (change: Partial<Pacing> = {}): Pacing => ({
  intervalMs: 15_000,
  sinceLastMs: 0,
  windows: [],
  budget: null,
  ...change,
})
const budget = (usedShare: number): BudgetLeft => ({
  state: usedShare >= 1 ? 'EXHAUSTED' : usedShare >= 0.8 ? 'SLOWED' : 'WITHIN',
  usedShare,
  monthEndsInMs: 10 * DAY,
})

describe('the next round', () => {
  it.each<[string, Partial<Pacing>, number]>([
    ['is due at once when there was none', { sinceLastMs: Infinity }, 0],
    ['comes after the interval', {}, 15_000],
    ['counts the interval from the beginning of the last', { sinceLastMs: 10_000 }, 5_000],
    ['is not held back by a window with room', { windows: [{ remaining: 300, endsInMs: 15 * MINUTE }] }, 15_000],
    ['is spread over what a window has left', { windows: [{ remaining: 9, endsInMs: 10 * MINUTE }] }, MINUTE],
    ['waits for the end of a window that is used up', { windows: [{ remaining: 0, endsInMs: MINUTE }] }, MINUTE],
    ['waits for it even if there was none yet', { sinceLastMs: Infinity, windows: [{ remaining: 0, endsInMs: 9 }] }, 9],
    ['takes no notice of a window that has ended', { windows: [{ remaining: 0, endsInMs: 0 }] }, 15_000],
    [
      'heeds the strictest window',
      {
        windows: [
          { remaining: 300, endsInMs: 15 * MINUTE },
          { remaining: 23, endsInMs: DAY },
        ],
      },
      60 * MINUTE,
    ],
    ['counts all calls of a round', { callsARound: 4, windows: [{ remaining: 36, endsInMs: 10 * MINUTE }] }, MINUTE],
    [
      'waits when a window has no room for a whole round',
      { callsARound: 4, windows: [{ remaining: 3, endsInMs: MINUTE }] },
      MINUTE,
    ],
    ...(
      [
        ['is at once when it is urgent, while more than half of the even share is left', 151, 15 * MINUTE, 0],
        ['is spread though it is urgent when no more than half is left', 150, 15 * MINUTE, 15 * MINUTE],
        ['goes by what is left of the window: a third of the calls for the last third of it', 100, 5 * MINUTE, 0],
        ['counts a window that ends later as one of a day', 151, 16 * MINUTE, 0],
        ['waits though it is urgent when nothing is left', 0, MINUTE, MINUTE * 151],
      ] as const
    ).map(([name, remaining, endsInMs, delay]): [string, Partial<Pacing>, number] => [
      name,
      { intervalMs: 0, urgent: true, windows: [{ limit: 300, remaining, endsInMs }] },
      delay / 151,
    ]),
    [
      'is spread though it is urgent where the window’s size is not known',
      { intervalMs: 0, urgent: true, windows: [{ remaining: 9, endsInMs: 10 * MINUTE }] },
      MINUTE,
    ],
    ['is not slowed below 80 % of the budget', { budget: budget(0.79) }, 15_000],
    ['is slowed from 80 %', { budget: budget(0.8) }, 30_000],
    ['is slowed more the less is left', { budget: budget(0.9) }, 60_000],
    ['waits for the month’s end when nothing is left', { sinceLastMs: Infinity, budget: budget(1) }, 10 * DAY],
  ])('%s', (_name, change, delay) => {
    expect(nextDelay(pacing(change))).toBeCloseTo(delay, 3)
  })

  it('is never more than sixty times slower', () => {
    expect(slowing({ ...budget(0.999_999) })).toBe(60)
  })

  it('never asks for more calls than a window has left, however often the delay is asked for', () => {
    const looks = fc.array(fc.integer({ min: 1, max: 120_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 15 * MINUTE }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 20_000 }),
        looks,
        (remaining, length, callsARound, intervalMs, pauses) => {
          let left = remaining
          let at = 0
          let last = Number.NEGATIVE_INFINITY
          for (let look = 0; look < 1_000; look++) {
            const windows = [{ remaining: left, endsInMs: length - at }]
            const delay = nextDelay(pacing({ intervalMs, sinceLastMs: at - last, callsARound, windows }))
            const wait = Math.min(delay, pauses[look] ?? Infinity)
            if (wait < delay) {
              at += wait
              if (at >= length) break
              continue
            }
            at += delay
            if (at >= length) break
            left -= callsARound
            last = at
            if (left < 0) return false
          }
          return true
        },
      ),
    )
  })

  it('uses what a window has, and does not keep it for nobody', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (remaining) => {
        let left = remaining
        let sinceLastMs = Infinity
        for (let at = 0; at < 15 * MINUTE; ) {
          const windows = [{ remaining: left, endsInMs: 15 * MINUTE - at }]
          const delay = nextDelay(pacing({ intervalMs: 1, sinceLastMs, windows }))
          at += delay
          if (at >= 15 * MINUTE) break
          left--
          sinceLastMs = 0
        }
        expect(left).toBe(0)
      }),
    )
  })

  it('comes later, never sooner, the more of the budget is spent', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (a, b) => {
          const [less, more] = [Math.min(a, b), Math.max(a, b)]
          return nextDelay(pacing({ budget: budget(less) })) <= nextDelay(pacing({ budget: budget(more) }))
        },
      ),
    )
  })
})
