import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatDollars, parseDollars, perPiece } from '../../src/domain/money.ts'

it.each([
  ['25', 25_000_000n, '25.00'],
  ['0.005', 5_000n, '0.005'],
  ['12.5', 12_500_000n, '12.50'],
  ['0', 0n, '0.00'],
  ['0.000001', 1n, '0.000001'],
  ['1000000000', 10n ** 15n, '1000000000.00'],
])('%s dollars are %d micro-dollars, and shown as %s', (text, amount, shown) => {
  expect(parseDollars(text)).toBe(amount)
  expect(formatDollars(amount)).toBe(shown)
})

it.each(['-1', '', ' 1', '1.', '.5', '1,5', '1e3', '0.0000001', '1000000000.01', 'NaN', '１'])(
  '%j is no amount',
  (text) => {
    expect(parseDollars(text)).toBeUndefined()
  },
)

it('every amount is read as it was shown', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (amount) => parseDollars(formatDollars(amount)) === amount),
  )
})

it('a share is rounded to the nearest micro-dollar', () => {
  expect([perPiece(10n, 4), perPiece(10n, 3), perPiece(0n, 7)]).toEqual([3n, 3n, 0n])
})
