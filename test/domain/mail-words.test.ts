import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newWords } from '../../src/domain/mail-words.ts'

const MARKER = '--- above ---'
const OURS =
  'Hello Ada,\n\nyour parcel left our house on Monday, and will be with you soon.\nIs it the red one?\n\nGrace'
const said = (text: string, known: readonly string[] = [OURS]) => newWords({ text, marker: MARKER, known })
const quoted = (text: string) => text.replaceAll(/^/gm, '> ')

/** How programs introduce what they answer. */
const HEADS = {
  Gmail: 'On Mon, 2 Nov 2026 at 10:00, Acme <a@b.c> wrote:',
  'Gmail, broken': 'On Mon, 2 Nov 2026 at 10:00, Acme Support and all its friends\n<support+42.0123456789@b.c> wrote:',
  'Gmail, broken twice': 'On Mon, 2 Nov 2026 at 10:00,\nAcme Support\n<support@b.c> wrote:',
  'Gmail in Russian': 'пн, 2 нояб. 2026 г. в 10:00, Acme <a@b.c>:',
  'Gmail in Japanese': '2026年11月2日(月) 10:00 Acme <a@b.c>:',
  German: 'Am 02.11.2026 um 10:00 schrieb Acme:',
  French: 'Le lun. 2 nov. 2026 à 10:00, Acme a écrit :',
  Spanish: 'El lun, 2 nov 2026 a las 10:00, Acme (<a@b.c>) escribió:',
  Italian: 'Il giorno lun 2 nov 2026 alle ore 10:00 Acme <a@b.c> ha scritto:',
  Dutch: 'Op ma 2 nov 2026 om 10:00 schreef Acme <a@b.c>:',
  Polish: 'W dniu 2.11.2026 o 10:00, Acme napisał(a):',
  'old Outlook': '-----Original Message-----\nFrom: Acme [mailto:a@b.c]\nSent: Monday\nTo: Ada\nSubject: Re: parcel',
  Outlook: 'From: Acme <a@b.c>\nSent: Monday, November 2, 2026 10:00\nTo: Ada <ada@b.c>\nSubject: Re: parcel',
  'Outlook on the web':
    '________________________________\nFrom: Acme <a@b.c>\nSent: Monday, November 2, 2026 10:00\nTo: Ada;\nBob\nSubject: Re: parcel',
  'Outlook in German': 'Von: Acme <a@b.c>\nGesendet: Montag, 2. November 2026 10:00\nAn: Ada\nBetreff: Re: parcel',
  'Outlook in French': 'De : Acme <a@b.c>\nEnvoyé : lundi 2 novembre 2026 10:00\nÀ : Ada\nObjet : Re: parcel',
  'Apple Mail, forwarding': 'From: Acme <a@b.c>\nSubject: Re: parcel\nDate: 2 November 2026 at 10:00\nTo: Ada <a@b.c>',
  nothing: '',
} as const

describe('what a customer says in a mail', () => {
  it.each<[string, string, string]>([
    ['alone', 'Thanks', 'Thanks'],
    ['nothing', '', ''],
    ['above what is quoted', 'Thanks\n\n> quoted\n> more', 'Thanks'],
    ['below what is quoted', '> quoted\n> more\n\nYes, both', 'Yes, both'],
    ['between it', `Hi\n> one?\n\nYes\n\n> two?\nNo\n> ${MARKER}\nBye`, 'Hi\n\nYes\n\nNo\nBye'],
    ['below our line that is quoted', `> ${MARKER}\n>\n${quoted(OURS)}\n\nThe red one`, 'The red one'],
    ['below our line at the old place', `${quoted(OURS)}\n>\n> ${MARKER}\n\nThe red one`, 'The red one'],
    ['above our line, unquoted', `Thanks\n\n${MARKER}\n\n${OURS}`, 'Thanks'],
    ['above our line at the old place', `Thanks\n\n${OURS}\n\n${MARKER}\n\n`, 'Thanks'],
    ['on the same line as ours', `Thanks ${MARKER} ${OURS}`, 'Thanks'],
    ['below ours, unquoted', `${MARKER}\n\n${OURS}\n\nThe red one`, 'The red one'],
    ['between ours, unquoted', `${MARKER}\n\n${OURS.replace('one?', 'one?\nNo, blue')}`, 'No, blue'],
    ['that was said before, too', `${MARKER}\n\n${OURS.replace('one?', 'one?\nGrace')}`, 'Grace'],
    ['like an introduction', 'On second thought, no.\nOn Mon, 2 Nov 2026, Acme wrote:\n> Hi', 'On second thought, no.'],
    ['before an introduction', 'I call at 10\nOn 2 Nov 2026, Acme <a@b.c> wrote:\n> Hi', 'I call at 10'],
    [
      'of what others wrote',
      'On 2 November your driver wrote:\nI am late',
      'On 2 November your driver wrote:\nI am late',
    ],
    ['as a table', 'From: Rome\nDate: Monday\nSubject: my bag', 'From: Rome\nDate: Monday\nSubject: my bag'],
    [
      'and forwards',
      'See this\n\nBegin forwarded message:\n\n> From: post@b.c\n> It is lost',
      'See this\n\nBegin forwarded message:\n\n> From: post@b.c\n> It is lost',
    ],
    ['by quoting alone', '> only quoted', '> only quoted'],
    ['by sending ours back', `${MARKER}\n\nHello Ada,`, `${MARKER}\n\nHello Ada,`],
    ['with Windows’ ends of lines', 'Thanks\r\n\r\nOn 2 Nov 2026, Acme wrote:\r\n> Hi', 'Thanks'],
    ['with a link of ours', `Ok\n${MARKER}\nSee https://a.b/c<https://a.b/c> for all of it`, 'Ok'],
  ])('%s', (_where, text, words) => {
    expect(said(text, [OURS, 'See https://a.b/c for all of it'])).toBe(words)
  })

  it.each(Object.entries(HEADS))('is found with what %s writes above', (_program, head) => {
    expect(said(`Thanks\n\n${head}\n\n${MARKER}\n\n${OURS}`)).toBe('Thanks')
    expect(said(`Thanks\n\n${head}\n${quoted(OURS)}`)).toBe('Thanks')
    expect(said(`${head}\n${quoted(OURS)}\n\nThanks`)).toBe('Thanks')
    if (head !== '') expect(said(`Thanks\n\n${head}\n\n${OURS}`)).toBe('Thanks')
  })

  const word = fc.stringMatching(/^[a-zäß]{1,9}[?!]?$/)
  const sentence = fc.array(word, { minLength: 1, maxLength: 9 }).map((words) => `~ ${words.join(' ')}`)
  const program = fc.constantFrom(...Object.values(HEADS))

  it('is never lost, and never ours: above, below and between, quoted or not', () => {
    fc.assert(
      fc.property(
        program,
        fc.boolean(),
        fc.constantFrom('top', 'bottom', 'none'),
        fc.array(fc.tuple(fc.nat(9), sentence), { minLength: 1, maxLength: 4 }),
        (head, quotes, place, pieces) => {
          const old = [
            ...(place === 'top' ? [MARKER, ''] : []),
            ...OURS.split('\n'),
            ...(place === 'bottom' ? [MARKER] : []),
          ]
          const lines = [head, ...(quotes ? old.map((line) => `> ${line}`) : old)]
          // An introduction is never torn apart.
          for (const [at, piece] of pieces) lines.splice(Math.min(at, lines.length), 0, `\n${piece}\n`)
          const words = said(lines.join('\n')).split('\n')
          for (const [, piece] of pieces) expect(words).toContain(piece)
          // Without a line above, of what is not quoted nobody knows.
          if (quotes || head !== '' || place === 'top')
            expect(OURS.split('\n').filter((line) => line !== '' && words.includes(line))).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is always of the mail, and something where the mail says something', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      program,
      fc.constantFrom(MARKER, OURS, '> a', ''),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = lines.join('\n')
        const words = said(text)
        expect(words === '').toBe(text.trim() === '')
        const there = text
          .split(/\r\n?|\n/)
          .flatMap((each) => each.split(MARKER))
          .map((each) => each.trim())
        for (const each of words.split(/\r\n?|\n/).flatMap((one) => one.split(MARKER)))
          expect(there).toContain(each.trim())
      }),
    )
  })
})
