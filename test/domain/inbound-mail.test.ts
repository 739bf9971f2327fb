import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AUTOMATIC_NOTES_AT_MOST,
  isMessageId,
  MAILS_AT_MOST,
  mailId,
  NOTES_AT_MOST,
  placeOf,
  whyAutomatic,
} from '../../src/domain/inbound-mail.ts'
import { createReplyAddresses } from '../../src/mail/reply-address.ts'

describe('a mail', () => {
  it.each<[string, Record<string, string>, string | null, ReturnType<typeof whyAutomatic>]>([
    ['of a person', {}, 'ada@b.c', null],
    ['of a person, by its own word', { 'auto-submitted': 'No (really)' }, 'ada@b.c', null],
    ['of a person with Exchange', { 'x-auto-response-suppress': 'OOF, AutoReply' }, 'ada@b.c', null],
    ['of a member of a list', { 'list-id': '<us.b.c>', precedence: 'list' }, 'ada@b.c', null],
    ['of a member of an old list', { 'list-id': '<us.b.c>', precedence: 'bulk' }, 'ada@b.c', null],
    ['of nobody who is away', { 'x-autoreply': 'no' }, 'ada@b.c', null],
    ['of RFC 3834', { 'auto-submitted': 'Auto-Replied; owner=ada' }, 'ada@b.c', 'AUTO_REPLY'],
    [
      'of RFC 3834 with an empty return path',
      { 'auto-submitted': 'auto-replied', 'return-path': '<>' },
      'a@b.c',
      'AUTO_REPLY',
    ],
    ['of Exchange', { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' }, 'a@b.c', 'AUTO_REPLY'],
    ['of an older program', { 'x-autoreply': 'yes' }, 'ada@b.c', 'AUTO_REPLY'],
    ['of another', { 'x-autorespond': 'away' }, 'ada@b.c', 'AUTO_REPLY'],
    ['of a third', { precedence: 'auto_reply' }, 'ada@b.c', 'AUTO_REPLY'],
    [
      'that was read',
      { 'content-type': 'multipart/report; report-type=disposition-notification' },
      'a@b.c',
      'AUTO_REPLY',
    ],
    ['that went to many', { precedence: 'bulk' }, 'ada@b.c', 'BULK'],
    ['that came back', {}, 'mailer-daemon@b.c', 'BOUNCE'],
    [
      'that came back, by its report',
      { 'content-type': 'Multipart/Report; report-type=delivery-status' },
      'a@b.c',
      'BOUNCE',
    ],
    ['that came back, by its return path', { 'return-path': '<>' }, 'a@b.c', 'BOUNCE'],
    ['of nobody', {}, null, 'NO_SENDER'],
  ])('%s', (_what, headers, from, reason) => {
    expect(whyAutomatic({ headers: new Map(Object.entries(headers)), from })).toBe(reason)
  })

  it.each([
    [false, 0, 0, 'SAID'],
    [false, MAILS_AT_MOST - 1, NOTES_AT_MOST, 'SAID'],
    [false, MAILS_AT_MOST, 0, 'NOTE'],
    [false, MAILS_AT_MOST, NOTES_AT_MOST, 'KEPT'],
    [true, 0, 0, 'NOTE'],
    [true, 0, AUTOMATIC_NOTES_AT_MOST, 'KEPT'],
  ])('that is automatic (%j), after %i of its sender and %i notes, is %s', (isAutomatic, recent, notes, place) => {
    expect(placeOf({ isAutomatic, recent, notes })).toBe(place)
  })

  it.each([
    ['a@b.c', 'a@b.c', true],
    ['', 'sha256:0f', false],
    [null, 'sha256:0f', false],
    ['a'.repeat(501), 'sha256:0f', false],
  ])('with the Message-ID %j is known by %s', (messageId, id, answerable) => {
    expect(mailId(messageId, () => '0f')).toBe(id)
    expect(isMessageId(id)).toBe(answerable)
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
