import type { GraphQLResolveInfo } from 'graphql'
import { PerchError } from '../domain/errors.ts'
import { type SqlFragment, sql } from '../domain/sql.ts'
import { ticketFilterSql } from '../domain/ticket-filter.ts'
import { visibleTickets } from '../domain/visibility.ts'
import type { Prisma, Ticket } from '../generated/prisma/client.ts'
import { builder } from './builder.ts'
import { prefetchComments } from './comment-pages.ts'
import type { Context } from './context.ts'
import { decodeIdOf } from './global-id.ts'
import { cutPage, type Page, type PageRequest, pageRequest, pageSql, toConnection } from './paging/keyset.ts'
import { fieldsAt, selectionFor } from './selection.ts'
import { TicketRef } from './ticket.ts'
import { readFilter, TicketFilterInput } from './ticket-filter.ts'
import { TicketOrderInput, ticketOrder } from './ticket-order.ts'
import { viewerOf } from './viewer.ts'

builder.queryField('tickets', (t) =>
  t.connection(
    {
      type: TicketRef,
      description: 'The tickets that you see, page by page. All of a page is of one moment: that of its `position`.',
      args: {
        filter: t.arg({ type: TicketFilterInput, description: 'Which ones; all, when not given.' }),
        orderBy: t.arg({
          type: TicketOrderInput,
          required: true,
          defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
          description: 'In which order. A cursor belongs to the order it came from.',
        }),
      },
      resolve: async (_root, { filter, orderBy, ...args }, context, info) => {
        const viewer = viewerOf(context)
        const order = ticketOrder(orderBy)
        const request = pageRequest(args, order)
        const where = ticketFilterSql(readFilter(filter, viewer), viewer)
        const { value, position } = await context.store.snapshot(async (db) => ({
          page: await readPage(db, context, info, request, where),
          totalCount: fieldsAt(info, ['totalCount']).length > 0 ? await count(db, where) : 0,
        }))
        return { ...toConnection(value.page, order), totalCount: value.totalCount, position }
      },
    },
    {
      name: 'TicketConnection',
      description: 'A page of tickets.',
      fields: (f) => ({
        totalCount: f.int({
          description: 'How many tickets match the filter, on all pages.',
          resolve: ({ totalCount }) => totalCount,
        }),
        position: f.field({
          type: 'Position',
          description: 'The moment of the page: subscribe `after` it, and nothing is missed or repeated.',
          resolve: ({ position }) => position,
        }),
      }),
    },
    { name: 'TicketEdge', description: 'A ticket, and its place in the list.' },
  ),
)

async function readPage(
  db: Prisma.TransactionClient,
  context: Context,
  info: GraphQLResolveInfo,
  request: PageRequest<Ticket>,
  where: SqlFragment,
): Promise<Page<Ticket>> {
  const page = pageSql(request)
  const query = sql`SELECT t.id::text AS id FROM ticket t WHERE ${where} AND ${page.where} ${page.orderBy} ${page.limit}`
  const found = cutPage(await db.$queryRawUnsafe<{ id: string }[]>(query.text, ...query.values), request)
  if (found.rows.length === 0) return { ...found, rows: [] }
  const selection = selectionFor('Ticket', context, info, [['nodes'], ['edges', 'node']])
  const tickets = await db.ticket.findMany({ ...selection, where: { id: { in: found.rows.map(({ id }) => id) } } })
  await prefetchComments(db, context, info, tickets, [['nodes'], ['edges', 'node']])
  const byId = new Map(tickets.map((ticket) => [ticket.id, ticket]))
  return { ...found, rows: found.rows.flatMap(({ id }) => byId.get(id) ?? []) }
}

async function count(db: Prisma.TransactionClient, where: SqlFragment): Promise<number> {
  const query = sql`SELECT count(*)::int AS count FROM ticket t WHERE ${where}`
  const [row] = await db.$queryRawUnsafe<{ count: number }[]>(query.text, ...query.values)
  return row?.count ?? 0
}

builder.queryField('ticket', (t) =>
  t.prismaField({
    type: TicketRef,
    nullable: true,
    description: 'The ticket with this id or this number; null when there is none, or none that you see.',
    args: {
      id: t.arg.id({ description: 'Its global id. Give this or `number`.' }),
      number: t.arg.int({ description: 'Its number. Give this or `id`.' }),
    },
    resolve: (query, _root, { id, number }, context) => {
      const visible = visibleTickets(viewerOf(context))
      if (typeof id === 'string' && typeof number !== 'number')
        return context.prisma.ticket.findUnique({ ...query, where: { id: decodeIdOf('Ticket', id), ...visible } })
      if (typeof number === 'number' && typeof id !== 'string')
        return context.prisma.ticket.findUnique({ ...query, where: { number, ...visible } })
      throw new PerchError('BAD_REQUEST', 'Give either `id` or `number`.')
    },
  }),
)
