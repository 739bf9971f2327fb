import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendLink, decideTicketLink, type TicketLinkSettings } from '../../src/domain/ticket-link.ts'

const ALWAYS: TicketLinkSettings = { requesterSignIn: true, ticketLinks: 'ALWAYS', ticketLinkForm: 'SHORT' }
const CHOICE: TicketLinkSettings = { ...ALWAYS, ticketLinks: 'AGENT_DECIDES', ticketLinkForm: 'ORIGINAL' }
const OFF: TicketLinkSettings = { ...ALWAYS, requesterSignIn: false }

describe('whether a reply carries a link to its ticket (F52)', () => {
  it.each<[string, TicketLinkSettings, boolean | null | undefined, unknown]>([
    ['always, and the agent says nothing', ALWAYS, undefined, { form: 'SHORT' }],
    ['always, and the agent wants it', ALWAYS, true, { form: 'SHORT' }],
    ['always, and the agent does not', ALWAYS, false, { refused: { code: 'TICKET_LINK_ALWAYS' } }],
    ['always the original', { ...ALWAYS, ticketLinkForm: 'ORIGINAL' }, null, { form: 'ORIGINAL' }],
    ['by choice, and the agent says nothing', CHOICE, undefined, { form: null }],
    ['by choice, and the agent wants it', CHOICE, true, { form: 'ORIGINAL' }],
    ['by choice, and the agent does not', CHOICE, false, { form: null }],
    ['nobody can sign in, and the agent says nothing', OFF, undefined, { form: null }],
    ['nobody can sign in, and the agent does not want it', OFF, false, { form: null }],
    ['nobody can sign in, and the agent wants it', OFF, true, { refused: { code: 'TICKET_LINKS_NEED_SIGN_IN' } }],
  ])('%s', (_when, settings, wanted, decision) => {
    expect(decideTicketLink(settings, wanted)).toMatchObject(decision as object)
  })
})

describe('a link behind a text', () => {
  const URL = 'https://perch.example/t/0123456789'
  it.each([
    ['We are on it.', `We are on it. ${URL}`],
    ['We are on it. \n', `We are on it. ${URL}`],
    ['', URL],
    [' \n', URL],
    [`See ${URL} please`, `See ${URL} please`],
    [`See\n${URL}`, `See\n${URL}`],
    // Another link that only begins alike.
    [`See ${URL}9`, `See ${URL}9 ${URL}`],
  ])('%j becomes %j', (text, expected) => {
    expect(appendLink(text, URL)).toBe(expected)
  })

  it('stands by itself, loses nothing that was said, and is never there twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = appendLink(text, URL)
        expect(once.split(/\s+/).filter((word) => word === URL)).toHaveLength(1)
        expect(once.startsWith(text.trimEnd())).toBe(true)
        expect(appendLink(once, URL)).toBe(once)
      }),
    )
  })
})
