import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newWords } from '../../src/domain/inbound-mail.ts'
import { createReplyAddresses } from '../../src/mail/reply-address.ts'

const LINE = '--- above ---'

describe('what is new in an answer', () => {
  it.each([
    ['Thanks', 'Thanks'],
    ['Thanks\n\n> quoted\n> more', 'Thanks'],
    ['Thanks\r\n\r\nOn Mon, 2 Nov 2026 at 10:00, Acme <a@b.c> wrote:\r\n> Hello', 'Thanks'],
    ['Danke\n\nAm 02.11.2026 um 10:00 schrieb Acme:\n> Hallo\n', 'Danke'],
    ['Merci\n\nLe lun. 2 nov. 2026 à 10:00, Acme a écrit :\n> Bonjour', 'Merci'],
    [`Thanks\n\nHello from us\n${LINE}\nolder`, 'Thanks\n\nHello from us'],
    ['> you asked\nYes, both', '> you asked\nYes, both'],
    ['> only quoted', ''],
    ['', ''],
  ])('of %j is %j', (text, words) => {
    expect(newWords(text, LINE)).toBe(words)
  })

  it('is never more than was there, and nothing more the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const words = newWords(text, LINE)
        expect(text.replaceAll('\r\n', '\n')).toContain(words)
        expect(newWords(words, LINE)).toBe(words)
      }),
    )
  })
})

describe('the address of a ticket', () => {
  const addresses = createReplyAddresses('Acme <Support@Acme.example>', ['a', 'b'])
  it('is known again, in whatever case, and under the secret before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (number) => {
        const address = addresses.of(number)
        expect(addresses.ticketOf(address)).toBe(number)
        expect(addresses.ticketOf(address.toUpperCase())).toBe(number)
        const before = createReplyAddresses('support@acme.example', ['b']).of(number)
        expect(addresses.ticketOf(before)).toBe(number)
        expect(createReplyAddresses('support@acme.example', ['c']).ticketOf(address)).toBeUndefined()
      }),
    )
  })

  it('of another number, domain or mailbox is nobody’s', () => {
    const address = addresses.of(42)
    expect(addresses.ticketOf(address.replace('+42.', '+43.'))).toBeUndefined()
    expect(
      addresses.ticketOf(address.replace('Acme.example', 'evil.example').replace('acme.example', 'evil.example')),
    ).toBeUndefined()
    expect(addresses.ticketOf(address.replace('Support', 'sales'))).toBeUndefined()
    expect(addresses.isOurs(address)).toBe(true)
    expect(addresses.isOurs('SUPPORT@acme.example')).toBe(true)
    expect(addresses.isOurs('ada@acme.example')).toBe(false)
  })
})
