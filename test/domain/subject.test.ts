import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subjectOf } from '../../src/domain/subject.ts'

describe('the subject of a ticket', () => {
  it.each([
    ['@acme my parcel is late', 'my parcel is late'],
    ['.@acme @mira_test, @other: my parcel', 'my parcel'],
    ['@acme\n\nfirst line\nsecond line', 'first line'],
    ['hello @acme', 'hello @acme'],
    ['@acme', '@acme'],
    ['@acme @other', '@acme @other'],
    ['', 'Post without text'],
    [' \n ', 'Post without text'],
    ['@acme 👩‍👩‍👧‍👦 🇩🇪', '👩‍👩‍👧‍👦 🇩🇪'],
    ['@acme 荷物が届きません', '荷物が届きません'],
    ['@acme荷物が届きません', '荷物が届きません'],
    ['me@example.org wrote', 'me@example.org wrote'],
    [`@acme ${'a'.repeat(80)}`, 'a'.repeat(80)],
    [`@acme ${'a'.repeat(81)}`, `${'a'.repeat(79)}…`],
    ['👩‍👩‍👧‍👦'.repeat(90), `${'👩‍👩‍👧‍👦'.repeat(79)}…`],
    ['荷'.repeat(200), `${'荷'.repeat(79)}…`],
  ])('of %j is %j', (text, subject) => {
    expect(subjectOf(text)).toBe(subject)
  })

  it('is never empty, never of two lines, never longer than 80 characters', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const subject = subjectOf(text)
        expect(subject.trim()).not.toBe('')
        expect(subject).not.toContain('\n')
        expect([...segmenter.segment(subject)].length).toBeLessThanOrEqual(80)
      }),
    )
  })
})
