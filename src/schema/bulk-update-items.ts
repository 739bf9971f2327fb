import type { GraphQLResolveInfo } from 'graphql'
import { allOf, sql } from '../domain/sql.ts'
import { visibleTickets } from '../domain/visibility.ts'
import type { BulkUpdateItem, Comment, Ticket } from '../generated/prisma/client.ts'
import { prefetchComments } from './comment-pages.ts'
import type { Context } from './context.ts'
import { encodeGlobalId } from './global-id.ts'
import { cutPage, type Order, type Page, type PageRequest, pageSql } from './paging/keyset.ts'
import { fieldsAt, selectionFor } from './selection.ts'
import { viewerOf } from './viewer.ts'

/** An item with its ticket, if the operation asks for it and the viewer sees it. */
export interface ItemNode extends BulkUpdateItem {
  readonly globalId: string
  readonly ticket: Ticket | null
  /** The answer that was given. */
  readonly reply: Comment | null
}

/** Items are paged by their places. */
export const ITEM_ORDER: Order<Pick<BulkUpdateItem, 'place' | 'ticketId'>> = {
  name: 'PLACE',
  value: sql`i.place`,
  id: sql`i.ticket_id`,
  kind: 'int',
  descending: false,
  valueOf: ({ place }) => place,
  idOf: ({ ticketId }) => ticketId,
}

interface ItemFilter {
  readonly outcome: readonly string[] | null | undefined
  readonly hasErrors: boolean | null | undefined
}

/** A page of a job's items. Whoever sees the job sees them, but not every ticket that they name. */
export async function bulkItemPage(
  context: Context,
  info: GraphQLResolveInfo,
  jobId: string,
  { outcome, hasErrors }: ItemFilter,
  request: PageRequest<Pick<BulkUpdateItem, 'place' | 'ticketId'>>,
): Promise<Page<ItemNode>> {
  const { prisma } = context
  const page = pageSql(request)
  const wanted = allOf([
    sql`i.job_id = ${jobId}::uuid`,
    ...(outcome ? [sql`i.outcome = ANY(${outcome}::text[])`] : []),
    ...(typeof hasErrors === 'boolean' ? [sql`(i.errors IS NOT NULL) = ${hasErrors}::boolean`] : []),
    page.where,
  ])
  const query = sql`SELECT i.place FROM bulk_update_item i WHERE ${wanted} ${page.orderBy} ${page.limit}`
  const found = cutPage(await prisma.$queryRawUnsafe<{ place: number }[]>(query.text, ...query.values), request)
  const places = found.rows.map(({ place }) => place)
  const items = await prisma.bulkUpdateItem.findMany({ where: { jobId, place: { in: places } } })
  const tickets = await ticketsOf(context, info, items)
  const replies = await repliesOf(context, info, items)
  const byPlace = new Map(
    items.map((item) => [
      item.place,
      {
        ...item,
        globalId: encodeGlobalId('Ticket', item.ticketId),
        ticket: tickets.get(item.ticketId) ?? null,
        reply: replies.get(replyIdOf(item) ?? '') ?? null,
      },
    ]),
  )
  return { ...found, rows: places.flatMap((place) => byPlace.get(place) ?? []) }
}

async function ticketsOf(
  context: Context,
  info: GraphQLResolveInfo,
  items: readonly BulkUpdateItem[],
): Promise<ReadonlyMap<string, Ticket>> {
  const paths = pathsOf('ticket')
  if (paths.every((path) => fieldsAt(info, path).length === 0)) return new Map()
  const where = { id: { in: items.map(({ ticketId }) => ticketId) }, ...visibleTickets(viewerOf(context)) }
  const found = await context.prisma.ticket.findMany({ ...selectionFor('Ticket', context, info, paths), where })
  await prefetchComments(context.prisma, context, info, found, paths)
  return new Map(found.map((ticket) => [ticket.id, ticket]))
}

async function repliesOf(
  context: Context,
  info: GraphQLResolveInfo,
  items: readonly BulkUpdateItem[],
): Promise<ReadonlyMap<string, Comment>> {
  const paths = pathsOf('reply')
  const ids = items.flatMap((item) => replyIdOf(item) ?? [])
  if (ids.length === 0 || paths.every((path) => fieldsAt(info, path).length === 0)) return new Map()
  const where = { id: { in: ids }, ticket: visibleTickets(viewerOf(context)) }
  const found = await context.prisma.comment.findMany({ ...selectionFor('Comment', context, info, paths), where })
  return new Map(found.map((comment) => [comment.id, comment]))
}

/** Written by us, beside the old values (bulk/decide.ts). */
const replyIdOf = ({ before }: BulkUpdateItem): string | undefined => {
  const id = before instanceof Object && 'replyId' in before ? before['replyId'] : undefined
  return typeof id === 'string' ? id : undefined
}

const pathsOf = (field: string): string[][] => [
  ['nodes', field],
  ['edges', 'node', field],
]
