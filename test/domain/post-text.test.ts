import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { hasLink, measurePost, POST_LENGTH, postProblem, saysTheSame } from '../../src/domain/post-text.ts'

/** X's own cases (test/fixtures/twitter-text). */
const Case = z.object({
  description: z.string(),
  text: z.string(),
  expected: z.object({ weightedLength: z.number(), valid: z.boolean() }),
})
const { tests } = z
  .object({
    tests: z.object({
      WeightedTweetsCounterTest: z.array(Case),
      WeightedTweetsWithDiscountedEmojiCounterTest: z.array(Case),
      UnicodeDirectionalMarkerCounterTest: z.array(Case),
    }),
  })
  .parse(parse(readFileSync(new URL('../fixtures/twitter-text/validate.yml', import.meta.url), 'utf8')))

describe('X’s conformance file', () => {
  // Of the first group, those with emoji hold for the count before 2018; the second has the same texts as they count now.
  const now = new Set(tests.WeightedTweetsWithDiscountedEmojiCounterTest.map(({ text }) => text))
  const cases = [
    ...tests.WeightedTweetsWithDiscountedEmojiCounterTest,
    ...tests.WeightedTweetsCounterTest.filter(({ text }) => !now.has(text) && !/\p{Emoji_Presentation}/u.test(text)),
    ...tests.UnicodeDirectionalMarkerCounterTest,
  ]
  it.each(cases)('$description', ({ text, expected }) => {
    // X's cases count white space around a text, which we do not send.
    const around = text.length - text.trim().length
    expect(measurePost(text).weighted).toBe(expected.weightedLength - around)
    if (around === 0) expect(postProblem(text) === undefined).toBe(expected.valid)
  })
})

describe('an answer', () => {
  it.each([
    ['@lena thanks', ['lena'], 6],
    ['@LENA @acme  thanks', ['acme', 'Lena'], 6],
    ['@lena @other thanks', ['lena'], 13],
    ['thanks @lena', ['lena'], 12],
    ['@lena_x thanks', ['lena'], 14],
    ['@lena', ['lena'], 0],
  ])('%j to %j has %i', (text, participants, weighted) => {
    expect(measurePost(text, participants)).toEqual({ weighted, left: POST_LENGTH - weighted })
  })

  it.each([
    ['', 'A post cannot be empty.'],
    ['  \n', 'A post cannot be empty.'],
    ['@lena ', 'A post cannot be empty.'],
    ['fine', undefined],
    ['a\uFFFEb', 'The text holds characters that X does not take.'],
    ['x'.repeat(280), undefined],
    ['x'.repeat(281), 'A post has at most 280 characters as X counts them; this has 281, 1 character too many.'],
    ['日'.repeat(150), 'A post has at most 280 characters as X counts them; this has 300, 20 characters too many.'],
    // Composed before it is counted.
    ['e\u0301'.repeat(280), undefined],
  ])('%j: %j', (text, problem) => {
    expect(postProblem(text, ['lena'])).toBe(problem)
  })

  it('is as long with the thread’s mentions in front as without', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.subarray(['lena', 'acme', 'max_1']),
        (text, named) => {
          const front = named.map((handle) => `@${handle} `).join('')
          const said = text.trim()
          fc.pre(said !== '' && !said.startsWith('@'))
          expect(measurePost(front + said, ['Lena', 'ACME', 'max_1'])).toEqual(measurePost(said))
        },
      ),
    )
  })
})

it.each([
  ['see https://example.com/a', true],
  ['see example.com', true],
  ['see example.invalidtld', false],
  ['ask @acme', false],
])('%j has a link: %j', (text, expected) => {
  expect(hasLink(text)).toBe(expected)
})

describe('X’s copy of a post', () => {
  it.each([
    ['thanks', '@lena thanks', true],
    ['thanks', '@lena @acme thanks', true],
    ['a & b < c', '@lena a &amp; b &lt; c', true],
    ['see https://example.com/long?x=1 now', '@lena see https://t.co/abc123XYZ0 now', true],
    ['caf\u0065\u0301', '@lena café', true],
    ['thanks', '@lena thanks!', false],
    ['&lt;', '&amp;lt;', true],
    ['<', '&amp;lt;', false],
  ])('of %j as %j says the same: %j', (sent, found, same) => {
    expect(saysTheSame(sent, found)).toBe(same)
  })
})
