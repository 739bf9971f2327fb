import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { causeOfRefusals, PATIENCE, type Refusal } from '../../src/domain/authorization.ts'

describe('refusals in a row (F46, F47)', () => {
  const minutes = (n: number) => n * 60_000
  it.each<[count: number, ms: number, last: Refusal, cause: string | null]>([
    [1, 0, 'CALL', null],
    [1, minutes(60), 'CALL', null],
    [4, minutes(60), 'CALL', null],
    [5, minutes(9), 'CALL', null],
    [5, minutes(10), 'CALL', 'REFUSED'],
    [50, minutes(9), 'CALL', null],
    [1, 0, 'GRANT', null],
    [1, minutes(60), 'GRANT', null],
    [2, 4_999, 'GRANT', null],
    [2, 5_000, 'GRANT', 'PASSWORD_CHANGED'],
    [2, minutes(10), 'CALL', null],
  ])('%i over %i ms, the last a %s: %s', (count, ms, last, cause) => {
    expect(causeOfRefusals({ count, ms, last })).toBe(cause)
  })

  const refusals = fc.record({
    count: fc.integer({ min: 1, max: 30 }),
    ms: fc.integer({ min: 0, max: minutes(30) }),
    last: fc.constantFrom<Refusal>('CALL', 'GRANT'),
  })

  it('are never consistent when there is one, or when they are of one moment', () => {
    fc.assert(
      fc.property(refusals, (seen) => {
        expect(causeOfRefusals({ ...seen, count: 1 })).toBeNull()
        expect(causeOfRefusals({ ...seen, ms: PATIENCE[seen.last].ms - 1 })).toBeNull()
      }),
    )
  })

  it('stay consistent as they go on', () => {
    fc.assert(
      fc.property(refusals, fc.nat(10), fc.nat(minutes(5)), (seen, more, later) => {
        const cause = causeOfRefusals(seen)
        const then = causeOfRefusals({ ...seen, count: seen.count + more, ms: seen.ms + later })
        if (cause !== null) expect(then).toBe(cause)
      }),
    )
  })
})
