import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueAfter, inactivityOf } from '../../src/domain/inactivity.ts'

const DAY = 24 * 3_600_000
const start = new Date('2026-01-01T00:00:00Z')
const after = (days: number) => new Date(start.getTime() + days * DAY)

describe('silence (F48)', () => {
  it.each([
    [0, 0, 20],
    [0.5, 0, 20],
    [9.99, 9, 11],
    [10, 10, 10],
    [19.5, 19, 1],
    [20, 20, 0],
    [33, 33, 0],
    [-1, 0, 21],
  ])('of %d days counts as %i, with %i left', (silence, days, daysLeft) => {
    expect(inactivityOf(start, after(silence))).toEqual({ days, daysLeft, deauthorizesAt: after(20) })
  })

  it.each([
    [0, 0, null],
    [9, 0, null],
    [10, 0, 10],
    [10, 10, null],
    [14, 10, null],
    [15, 10, 15],
    [16, 0, 15],
    [19, 15, 19],
    [19, 19, null],
    [20, 19, 'DEAUTHORIZE'],
    [90, 0, 'DEAUTHORIZE'],
  ] as const)('of %i days after a warning at %i is due: %s', (days, warned, due) => {
    expect(dueAfter(days, warned)).toBe(due)
  })

  it('is told in rising steps, each once, and then ends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 })), (looks) => {
        const told: unknown[] = []
        let warned = 0
        for (const days of looks.toSorted((a, b) => a - b)) {
          const due = dueAfter(days, warned)
          if (due === null) continue
          told.push(due)
          if (due === 'DEAUTHORIZE') break
          warned = due
        }
        const steps = [10, 15, 19, 'DEAUTHORIZE']
        expect(told).toEqual(steps.filter((step) => told.includes(step)))
      }),
    )
  })
})
