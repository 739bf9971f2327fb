import type { UserError } from './errors.ts'
import type { TicketLinkForm, TicketLinks } from './ticket-link.ts'

/* The settings of the requester's page and of ticket links, and what each needs (F50-F52). */

export interface RequesterSettings {
  /** F50: requesters have a page of their own. */
  readonly requesterPage: boolean
  /** F51: they sign in to it with X. Needs the page. */
  readonly requesterSignIn: boolean
  /** F52. Has no effect, but is kept, while requesters cannot sign in. */
  readonly ticketLinks: TicketLinks
  readonly ticketLinkForm: TicketLinkForm
}

/** Absent or null: as it is. */
export type RequesterPatch = {
  readonly [Setting in keyof RequesterSettings]?: RequesterSettings[Setting] | null | undefined
}

/** What a change switched off, or left without effect, beside what it named. */
export const SWITCHED_OFF = ['REQUESTER_SIGN_IN_OFF', 'TICKET_LINKS_OFF'] as const
export interface RequesterWarning {
  readonly code: (typeof SWITCHED_OFF)[number]
  readonly message: string
}

export interface RequesterDecision {
  /** Not empty: nothing changes. */
  readonly errors: readonly UserError[]
  readonly settings: RequesterSettings
  readonly warnings: readonly RequesterWarning[]
}

/**
 * The settings after a patch. What is asked for needs what it stands on, in the same patch or before; what stands on
 * something that is switched off goes off with it, and the warnings say so.
 */
export function decideRequesterSettings(current: RequesterSettings, patch: RequesterPatch): RequesterDecision {
  const errors: UserError[] = []
  const requesterPage = patch.requesterPage ?? current.requesterPage
  const wanted = patch.requesterSignIn ?? (current.requesterSignIn && requesterPage)
  if (wanted && !requesterPage) {
    const message = 'Requesters sign in to their page; activate `requesterPage` first, or with it.'
    errors.push({ code: 'SIGN_IN_NEEDS_REQUESTER_PAGE', field: ['requesterSignIn'], message })
  }
  const requesterSignIn = wanted && requesterPage
  for (const setting of ['ticketLinks', 'ticketLinkForm'] as const) {
    if (patch[setting] == null || wanted) continue
    const message = 'Links lead to a page that requesters sign in to; switch `requesterSignIn` on first, or with it.'
    errors.push({ code: 'TICKET_LINKS_NEED_SIGN_IN', field: [setting], message })
  }
  if (errors.length > 0) return { errors, settings: current, warnings: [] }

  const warnings: RequesterWarning[] = []
  if (current.requesterSignIn && !requesterSignIn) {
    if (patch.requesterSignIn !== false) {
      const message = 'Requesters can no longer sign in, for there is no page to sign in to.'
      warnings.push({ code: 'REQUESTER_SIGN_IN_OFF', message })
    }
    const message = 'Replies no longer carry links to tickets, for requesters cannot sign in. The choice is kept.'
    warnings.push({ code: 'TICKET_LINKS_OFF', message })
  }
  const settings: RequesterSettings = {
    requesterPage,
    requesterSignIn,
    ticketLinks: patch.ticketLinks ?? current.ticketLinks,
    ticketLinkForm: patch.ticketLinkForm ?? current.ticketLinkForm,
  }
  return { errors, settings, warnings }
}
