import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPosition, type Position, parsePosition } from '../../src/domain/position.ts'

const epoch = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 64 })
const position: fc.Arbitrary<Position> = fc.record({ epoch, offset: fc.maxSafeNat() })

describe('a position', () => {
  it('survives its text form', () => {
    fc.assert(fc.property(position, (one) => void expect(parsePosition(formatPosition(one))).toEqual(one)))
  })

  it('has one text form only', () => {
    const nearly = fc
      .tuple(epoch, fc.string({ unit: fc.constantFrom(...'0123456789+-.e_ ') }))
      .map(([a, b]) => `${a}:${b}`)
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        const read = parsePosition(text)
        if (read) expect(formatPosition(read)).toBe(text)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    '',
    ':',
    'a1:',
    ':1',
    'a1:-1',
    'a1:01',
    'a1:1.0',
    'a1:1e3',
    ' a1:1',
    'a1:1\n',
    'A1:1',
    'xyz:1',
    'a1:1:1',
    'a1:9007199254740992',
    `${'a'.repeat(65)}:1`,
  ])('is not %j', (text) => {
    expect(parsePosition(text)).toBeUndefined()
  })

  it('reaches as far as a number counts exactly', () => {
    expect(parsePosition('a1:9007199254740991')).toEqual({ epoch: 'a1', offset: Number.MAX_SAFE_INTEGER })
    expect(parsePosition('a1:0')).toEqual({ epoch: 'a1', offset: 0 })
  })
})
