import { seesTicket } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { TicketRef } from './ticket.ts'
import { viewerOf } from './viewer.ts'

/* How tickets hang together. Apart from the ticket, because it names itself. */

builder.prismaObjectFields(TicketRef, (t) => ({
  followUpOf: t.field({
    type: TicketRef,
    nullable: true,
    description: 'The closed ticket that it continues, if you see that.',
    select: (_args, _context, nested) => ({ followUpOf: nested(true) }),
    // Somebody else's closed ticket may be continued: the conversation is the same, the requester need not be.
    resolve: ({ followUpOf }, _args, context) =>
      followUpOf && seesTicket(viewerOf(context), followUpOf) ? followUpOf : null,
  }),
}))
