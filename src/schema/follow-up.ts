import { seesTicket } from '../domain/visibility.ts'
import type { Ticket } from '../generated/prisma/client.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
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
    resolve: ({ followUpOf }, _args, context) => seen(followUpOf, context),
  }),
  mergedInto: t.field({
    type: TicketRef,
    nullable: true,
    description: 'The ticket that it was merged into, if you see that; null when it was not merged.',
    select: (_args, _context, nested) => ({ mergedInto: nested(true) }),
    resolve: ({ mergedInto }, _args, context) => seen(mergedInto, context),
  }),
}))

function seen(ticket: Ticket | null, context: Context): Ticket | null {
  return ticket && seesTicket(viewerOf(context), ticket) ? ticket : null
}
