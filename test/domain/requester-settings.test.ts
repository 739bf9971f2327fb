import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decideRequesterSettings,
  type RequesterPatch,
  type RequesterSettings,
} from '../../src/domain/requester-settings.ts'

const NOTHING: RequesterSettings = {
  requesterPage: false,
  requesterSignIn: false,
  ticketLinks: 'ALWAYS',
  ticketLinkForm: 'SHORT',
}
const PAGE = { ...NOTHING, requesterPage: true }
const ALL: RequesterSettings = { ...PAGE, requesterSignIn: true, ticketLinks: 'AGENT_DECIDES' }

/** What comes of it: the new settings, codes of refusals, codes of what went off along. */
const outcome = (current: RequesterSettings, patch: RequesterPatch) => {
  const { settings, errors, warnings } = decideRequesterSettings(current, patch)
  return [settings, errors.map(({ code }) => code), warnings.map(({ code }) => code)]
}
const BOTH_OFF = ['REQUESTER_SIGN_IN_OFF', 'TICKET_LINKS_OFF']

describe('the settings of the requester’s page (F50-F52)', () => {
  it.each<[string, RequesterSettings, RequesterPatch, Partial<RequesterSettings>, string[], string[]]>([
    ['nothing said, nothing changed', ALL, {}, {}, [], []],
    ['null is nothing said', ALL, { requesterPage: null, ticketLinks: null }, {}, [], []],
    ['the page needs nothing', NOTHING, { requesterPage: true }, { requesterPage: true }, [], []],
    ['signing in needs the page', NOTHING, { requesterSignIn: true }, {}, ['SIGN_IN_NEEDS_REQUESTER_PAGE'], []],
    [
      'which may come with it',
      NOTHING,
      { requesterPage: true, requesterSignIn: true },
      { requesterPage: true, requesterSignIn: true },
      [],
      [],
    ],
    ['or have been there', PAGE, { requesterSignIn: true }, { requesterSignIn: true }, [], []],
    ['links need signing in', PAGE, { ticketLinks: 'ALWAYS' }, {}, ['TICKET_LINKS_NEED_SIGN_IN'], []],
    ['so does their form', NOTHING, { ticketLinkForm: 'SHORT' }, {}, ['TICKET_LINKS_NEED_SIGN_IN'], []],
    [
      'it may come with them',
      PAGE,
      { requesterSignIn: true, ticketLinkForm: 'ORIGINAL' },
      { requesterSignIn: true, ticketLinkForm: 'ORIGINAL' },
      [],
      [],
    ],
    [
      'the page takes all along',
      ALL,
      { requesterPage: false },
      { requesterPage: false, requesterSignIn: false },
      [],
      BOTH_OFF,
    ],
    [
      'signing in takes links along',
      ALL,
      { requesterSignIn: false },
      { requesterSignIn: false },
      [],
      ['TICKET_LINKS_OFF'],
    ],
    [
      'not the page, but who enters it',
      ALL,
      { requesterPage: false, requesterSignIn: true },
      {},
      ['SIGN_IN_NEEDS_REQUESTER_PAGE'],
      [],
    ],
    [
      'not the page, but links to it',
      ALL,
      { requesterPage: false, ticketLinks: 'ALWAYS' },
      {},
      ['TICKET_LINKS_NEED_SIGN_IN'],
      [],
    ],
    [
      'one cause, one refusal',
      NOTHING,
      { requesterSignIn: true, ticketLinks: 'ALWAYS' },
      {},
      ['SIGN_IN_NEEDS_REQUESTER_PAGE'],
      [],
    ],
  ])('%s', (_why, current, patch, changed, refused, warned) => {
    expect(outcome(current, patch)).toEqual([{ ...current, ...changed }, refused, warned])
  })

  it('never have anybody sign in where there is no page, whatever is asked for in whatever order', () => {
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const patch = fc.record({
      requesterPage: maybe(fc.boolean()),
      requesterSignIn: maybe(fc.boolean()),
      ticketLinks: maybe(fc.constantFrom('ALWAYS', 'AGENT_DECIDES')),
      ticketLinkForm: maybe(fc.constantFrom('SHORT', 'ORIGINAL')),
    })
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 8 }), (patches) => {
        let settings = NOTHING
        for (const one of patches) {
          const decision = decideRequesterSettings(settings, one)
          if (decision.errors.length > 0) expect(decision.settings).toBe(settings)
          if (settings.requesterSignIn && !decision.settings.requesterSignIn) expect(decision.warnings).not.toEqual([])
          settings = decision.settings
          expect(settings.requesterSignIn && !settings.requesterPage).toBe(false)
        }
      }),
    )
  })
})
