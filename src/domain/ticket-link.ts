import type { UserErrorCode } from './errors.ts'

/* Links to a ticket's page in what is sent to its requester (F52). Pure: who makes the addresses stands elsewhere. */

export const TICKET_LINKS = ['ALWAYS', 'AGENT_DECIDES'] as const
export type TicketLinks = (typeof TICKET_LINKS)[number]
/** SHORT: our own `/t/:code`, or what a shortener made. ORIGINAL: the address of the ticket's page. */
export const TICKET_LINK_FORMS = ['SHORT', 'ORIGINAL'] as const
export type TicketLinkForm = (typeof TICKET_LINK_FORMS)[number]

/** What the workspace says of links. */
export interface TicketLinkSettings {
  /** F51: without it a link would lead to a page that nobody can enter, so none is added. */
  readonly requesterSignIn: boolean
  readonly ticketLinks: TicketLinks
  readonly ticketLinkForm: TicketLinkForm
}

export type TicketLinkDecision =
  /** The form of the link that is added; null: none is. */
  | { readonly form: TicketLinkForm | null; readonly refused?: undefined }
  | { readonly refused: { readonly code: UserErrorCode; readonly message: string } }

/**
 * Whether a reply gets a link, and which (F52). `wanted` is what the agent says, undefined or null when nothing. An
 * agent who wants what cannot be is refused, rather than sent out with another text than they saw.
 */
export function decideTicketLink(settings: TicketLinkSettings, wanted: boolean | null | undefined): TicketLinkDecision {
  const { requesterSignIn, ticketLinks, ticketLinkForm: form } = settings
  if (!requesterSignIn) {
    const message = 'Requesters cannot sign in to a page of theirs, so replies carry no links to it.'
    return wanted ? { refused: { code: 'TICKET_LINKS_NEED_SIGN_IN', message } } : { form: null }
  }
  if (ticketLinks === 'ALWAYS') {
    const message = 'The workspace is set to include the link always; leave the choice out.'
    return wanted === false ? { refused: { code: 'TICKET_LINK_ALWAYS', message } } : { form }
  }
  return { form: wanted ? form : null }
}

/**
 * The text with the link behind it, after one space: what X counts as a link begins after white space. A text that
 * holds the very link already is left as it is, so that appending twice does no harm.
 */
export function appendLink(text: string, url: string): string {
  if (text.split(/\s+/).includes(url)) return text
  const said = text.trimEnd()
  return said === '' ? url : `${said} ${url}`
}
