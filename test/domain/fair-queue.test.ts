import { expect, it } from 'vitest'
import { aheadOf, isBulksTurn, roundOf, type Waiting } from '../../src/domain/fair-queue.ts'

it.each([
  ['nothing waits', 0, null, 0],
  ['others wait', 7, null, 7],
  ['one of their own waits', 7, 7, 8],
  ['many of their own wait', 7, 206, 207],
  ['their last was sent long ago', 7, 3, 7],
])('an author’s next answer, when %s', (_what, current, ownLast, round) => {
  expect(roundOf(current, ownLast)).toBe(round)
})

it('every fifth answer is a bulk update’s', () => {
  expect(Array.from({ length: 12 }, (_, sent) => isBulksTurn(sent)).flatMap((is, n) => (is ? [n] : []))).toEqual([4, 9])
})

it.each<[string, Waiting, number]>([
  ['the first of all', { bulk: false, before: 0, others: 0 }, 0],
  ['the first single one, before a bulk update', { bulk: false, before: 0, others: 1_000 }, 0],
  ['a later single one, which bulk updates get between', { bulk: false, before: 9, others: 1_000 }, 11],
  ['a later single one, beside a small bulk update', { bulk: false, before: 9, others: 1 }, 10],
  ['the first of a bulk update, beside many single ones', { bulk: true, before: 0, others: 1_000 }, 4],
  ['a later one of a bulk update, beside a few single ones', { bulk: true, before: 100, others: 3 }, 103],
])('ahead of %s', (_what, waiting, ahead) => {
  expect(aheadOf(waiting)).toBe(ahead)
})
