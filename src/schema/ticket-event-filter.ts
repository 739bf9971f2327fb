import type { EventBody, LogEvent } from '../domain/event.ts'
import { type TicketConditions, ticketPredicate } from '../domain/ticket-filter.ts'
import { type Audience, isStaff, seesComment, seesField, seesTicket } from '../domain/visibility.ts'

/** What happens to tickets. */
export type TicketEventBody = Extract<
  EventBody,
  {
    type:
      | 'ticket.created'
      | 'ticket.updated'
      | 'ticket.deleted'
      | 'ticket.restored'
      | 'ticket.erased'
      | 'ticket.merged'
      | 'comment.created'
      | 'comment.updated'
  }
>
export type TicketLogEvent = LogEvent & { readonly body: TicketEventBody }

/**
 * Whether an event is one of a ticket that the audience sees and the filter wants, before or after: who watches the
 * open tickets must hear of the one that was solved.
 */
export function ticketEventFilter(
  conditions: TicketConditions,
  audience: Audience,
): (event: LogEvent) => event is TicketLogEvent {
  const matches = ticketPredicate(conditions)
  return (event): event is TicketLogEvent => {
    const { body } = event
    switch (body.type) {
      case 'ticket.created':
        return seesTicket(audience, body.ticket) && matches(body.ticket)
      case 'ticket.deleted':
      case 'ticket.restored':
      case 'ticket.merged':
        return seesTicket(audience, body.ticket) && matches(body.ticket)
      case 'ticket.erased':
        // For its requester it was gone before.
        return isStaff(audience) && seesTicket(audience, body.ticket) && matches(body.ticket)
      case 'ticket.updated': {
        const before = Object.assign({}, body.ticket, body.before)
        if (!seesTicket(audience, body.ticket) && !seesTicket(audience, before)) return false
        return body.changed.some((field) => seesField(audience, field)) && (matches(body.ticket) || matches(before))
      }
      case 'comment.created':
      case 'comment.updated':
        return seesTicket(audience, body.ticket) && seesComment(audience, body.comment) && matches(body.ticket)
      default:
        return false
    }
  }
}
