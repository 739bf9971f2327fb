import type { EventBody, LogEvent } from '../domain/event.ts'
import { ticketPredicate } from '../domain/ticket-filter.ts'
import { type Audience, seesTicket } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { eventOf, type LiveEvent, liveEvents } from './live.ts'
import { afterArg, placeInLog } from './live-fields.ts'
import { liveTicket } from './live-objects.ts'
import { TicketRef } from './ticket.ts'
import { readConditions, TicketEventFilterInput } from './ticket-filter.ts'
import { viewerOf } from './viewer.ts'

type CreatedEvent = LogEvent & { readonly body: Extract<EventBody, { type: 'ticket.created' }> }

const TicketCreated = builder.objectRef<LiveEvent<CreatedEvent>>('TicketCreated').implement({
  description: 'A ticket was opened.',
  fields: (t) => ({
    ...placeInLog(t),
    ticket: t.prismaField({
      type: TicketRef,
      nullable: true,
      description: 'The ticket as it is now; null if it is gone since, or out of your sight.',
      resolve: (query, live, _args, context) => liveTicket(context, live, live.event.body.ticket.id, query),
    }),
  }),
})

builder.subscriptionField('ticketCreated', (t) =>
  t.field({
    type: TicketCreated,
    description:
      'New tickets that you see, in the order they were opened. One that comes into your sight later is told of by `ticketEvents`.',
    args: {
      ...afterArg(),
      filter: t.arg({ type: TicketEventFilterInput, description: 'Only those that match when they are opened.' }),
    },
    subscribe: (_root, { after, filter }, context) => {
      const matches = ticketPredicate(readConditions(filter, viewerOf(context)))
      const wanted = (event: LogEvent, audience: Audience): event is CreatedEvent =>
        event.body.type === 'ticket.created' && seesTicket(audience, event.body.ticket) && matches(event.body.ticket)
      return liveEvents(context, after, wanted)
    },
    resolve: eventOf,
  }),
)
