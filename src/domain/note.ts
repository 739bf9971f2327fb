import type { UserErrorCode } from './errors.ts'
import type { TicketStatus } from './event.ts'
import { commentProblem } from './ticket.ts'

/** Why a ticket does not take a private note with this text (F68); undefined: it does. */
export function noteProblem(
  ticket: { readonly status: TicketStatus },
  body: string,
): { readonly code: UserErrorCode; readonly about: 'ticket' | 'body'; readonly message: string } | undefined {
  if (ticket.status === 'CLOSED')
    return { code: 'CLOSED_TICKET', about: 'ticket', message: 'A closed ticket takes no notes.' }
  const message = commentProblem(body)
  return message === undefined ? undefined : { code: 'INVALID_INPUT', about: 'body', message }
}
