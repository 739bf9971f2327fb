import { TICKET_PRIORITIES, TICKET_STATUSES } from '../domain/event.ts'
import { sql } from '../domain/sql.ts'
import type { Ticket } from '../generated/prisma/client.ts'
import { builder } from './builder.ts'
import { OrderDirectionEnum } from './enums.ts'
import type { Order } from './paging/keyset.ts'

const base = { id: sql`t.id`, idOf: (ticket: Ticket) => ticket.id }

/** What each field of the order means, over `ticket` named t. The first three have an index each. */
const ORDERS = {
  CREATED_AT: {
    ...base,
    value: sql`t.created_at`,
    kind: 'timestamptz',
    valueOf: (ticket) => ticket.createdAt.toISOString(),
  },
  UPDATED_AT: {
    ...base,
    value: sql`t.updated_at`,
    kind: 'timestamptz',
    valueOf: (ticket) => ticket.updatedAt.toISOString(),
  },
  NUMBER: { ...base, value: sql`t.number`, kind: 'int', valueOf: (ticket) => ticket.number },
  PRIORITY: {
    ...base,
    value: sql`coalesce(array_position(enum_range(NULL::"TicketPriority"), t.priority), 0)`,
    kind: 'int',
    valueOf: ({ priority }) => (priority === null ? 0 : TICKET_PRIORITIES.indexOf(priority) + 1),
  },
  STATUS: {
    ...base,
    value: sql`array_position(enum_range(NULL::"TicketStatus"), t.status)`,
    kind: 'int',
    valueOf: ({ status }) => TICKET_STATUSES.indexOf(status) + 1,
  },
} satisfies Record<string, Omit<Order<Ticket>, 'name' | 'descending'>>

type OrderField = keyof typeof ORDERS

const TicketOrderField = builder.enumType('TicketOrderField', {
  description: 'What tickets can be ordered by. Those alike are ordered by their id.',
  values: {
    CREATED_AT: { description: 'When they were opened.' },
    UPDATED_AT: { description: 'When they last changed. A ticket that changes meanwhile changes its place.' },
    NUMBER: { description: 'Their number.' },
    PRIORITY: { description: 'How urgent they are; those without a priority count lowest.' },
    STATUS: { description: 'How far the work is, from NEW to CLOSED.' },
  } satisfies Record<OrderField, { description: string }>,
})

export const TicketOrderInput = builder.inputType('TicketOrder', {
  description: 'How to order tickets.',
  fields: (t) => ({
    field: t.field({ type: TicketOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({
      type: OrderDirectionEnum,
      required: true,
      defaultValue: 'DESC',
      description: 'Which way.',
    }),
  }),
})

/** The order that the input names. */
export function ticketOrder({ field, direction }: typeof TicketOrderInput.$inferInput): Order<Ticket> {
  return { ...ORDERS[field], name: field, descending: direction === 'DESC' }
}
