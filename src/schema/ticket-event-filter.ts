import type { EventBody, LogEvent, TicketSnapshot } from '../domain/event.ts'
import { type TicketConditions, ticketPredicate } from '../domain/ticket-filter.ts'
import { type Audience, audienceKey, seesComment, seesField, seesTicket } from '../domain/visibility.ts'
import type { PickEvent } from './live.ts'

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
/** What a subscriber of tickets is told of: what happens to them, and that they now see others. */
export type TicketLogEvent = LogEvent & {
  readonly body: TicketEventBody | Extract<EventBody, { type: 'user.updated' }>
}

/** The ticket until the event. Of what changes neither it nor its being there, the same as after. */
function ticketBefore(body: TicketEventBody): TicketSnapshot {
  switch (body.type) {
    case 'ticket.updated':
      return Object.assign({}, body.ticket, body.before)
    case 'ticket.deleted':
      return { ...body.ticket, deleted: false }
    case 'ticket.erased':
      // Older events do not say it.
      return { ...body.ticket, deleted: true }
    default:
      return body.ticket
  }
}

/** Whether the ticket left the audience's sight by this event: nothing but that is theirs to know then. */
export function leavesSight(audience: Audience, body: TicketEventBody): boolean {
  return (
    body.type === 'ticket.updated' && !seesTicket(audience, body.ticket) && seesTicket(audience, ticketBefore(body))
  )
}

/**
 * Whether an event is one of a ticket that the audience sees and the filter wants, before or after: who watches the
 * open tickets must hear of the one that was solved. Sight and filter are asked of the same moment: that a ticket
 * matches where it is not seen is nobody's to know. Whose access changed is told so, whatever the filter.
 */
export function ticketEventFilter(conditions: TicketConditions): PickEvent<TicketLogEvent> {
  const matches = ticketPredicate(conditions)
  return (event, audience, before): event is TicketLogEvent => {
    const { body } = event
    const wants = (ticket: TicketSnapshot) => seesTicket(audience, ticket) && matches(ticket)
    switch (body.type) {
      case 'ticket.created':
        return wants(body.ticket)
      case 'ticket.restored':
      case 'ticket.merged':
        return wants(body.ticket)
      case 'ticket.deleted':
      case 'ticket.erased':
        // Its requester hears that it was deleted, and not that it is gone for good: they have not seen it since.
        return wants(ticketBefore(body))
      case 'ticket.updated': {
        if (!wants(body.ticket) && !wants(ticketBefore(body))) return false
        return leavesSight(audience, body) || body.changed.some((field) => seesField(audience, field))
      }
      case 'comment.created':
      case 'comment.updated':
        return wants(body.ticket) && seesComment(audience, body.comment)
      case 'user.updated':
        return audience !== before && audienceKey(audience) !== audienceKey(before)
      default:
        return false
    }
  }
}
