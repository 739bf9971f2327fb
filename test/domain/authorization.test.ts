import { describe, expect, it } from 'vitest'
import { causeOfRefusals, type Refusal } from '../../src/domain/authorization.ts'

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
})
