import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReplyAddresses } from '../../src/mail/reply-address.ts'

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
