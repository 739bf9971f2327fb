import { type GraphQLResolveInfo, getArgumentValues, isObjectType } from 'graphql'
import { allOf, sql } from '../domain/sql.ts'
import { isStaff, visibleCommentsSql } from '../domain/visibility.ts'
import type { Comment, Prisma } from '../generated/prisma/client.ts'
import { createBatch } from './batch.ts'
import type { Context } from './context.ts'
import { cutPage, type Order, type Page, type PageRequest, pageRequest, pageSql } from './paging/keyset.ts'
import type { PageArgs } from './paging/page-args.ts'
import { fieldsAt, type Selection, selectionFor } from './selection.ts'
import { viewerOf } from './viewer.ts'

/*
 * The comments of many tickets, a page of each, in two statements (ids, then rows with what was
 * asked of them). Prisma's own nested `take` reads every comment of every ticket and cuts in memory.
 */

export const COMMENT_ORDER: Order<Comment> = {
  name: 'POSTED_AT',
  value: sql`c.posted_at`,
  id: sql`c.id`,
  kind: 'timestamptz',
  descending: false,
  valueOf: (comment) => comment.postedAt.toISOString(),
  idOf: (comment) => comment.id,
}

type CommentPage = Page<Comment>

/** Pages that were read for a ticket's row. They live as long as the row, and are shared by whoever shares it. */
const known = new WeakMap<object, Map<string, Promise<CommentPage>>>()
const batches = new WeakMap<Context, Map<string, (ticketId: string) => Promise<CommentPage>>>()

/** Of one ticket, everybody on the same side sees the same comments. */
const requestKey = (context: Context, { order: _, ...request }: PageRequest<Comment>): string =>
  `${isStaff(viewerOf(context)) ? 'staff' : 'end users'} ${JSON.stringify(request)}`

/** The page of a ticket's comments that `info` asks for, read together with its siblings'. */
export function commentPage(
  context: Context,
  info: GraphQLResolveInfo,
  ticket: { readonly id: string },
  args: PageArgs,
): Promise<CommentPage> {
  const request = pageRequest(args, COMMENT_ORDER)
  // Also tells Pothos what the rows carry, so it must run for pages that are known.
  const selection = selectionFor('Comment', context, info, [['nodes'], ['edges', 'node']])
  const read = entry(known, ticket)
  const key = requestKey(context, request)
  const selectedKey = `${key} ${JSON.stringify(selection)}`
  const page = read.get(key) ?? read.get(selectedKey)
  if (page) return page

  const batch = getOrSet(entry(batches, context), selectedKey, () =>
    createBatch((ticketIds) => readPages(context.prisma, context, ticketIds, request, selection)),
  )
  const loading = batch(ticket.id)
  read.set(selectedKey, loading)
  loading.catch(() => read.delete(selectedKey))
  return loading
}

/**
 * Reads the comments that `info` asks of these tickets ahead of their resolvers, with `db`: a list that promises
 * one snapshot must not read its comments in another. `paths` lead from the field of `info` to a ticket.
 */
export async function prefetchComments(
  db: Prisma.TransactionClient,
  context: Context,
  info: GraphQLResolveInfo,
  tickets: readonly { readonly id: string }[],
  paths: readonly (readonly string[])[],
): Promise<void> {
  const type = info.schema.getType('Ticket')
  const field = isObjectType(type) ? type.getFields()['comments'] : undefined
  const nodes = paths.flatMap((path) => fieldsAt(info, [...path, 'comments']))
  if (!field || nodes.length === 0 || tickets.length === 0) return

  const selection = selectionFor(
    'Comment',
    context,
    info,
    paths.flatMap((path) => [
      [...path, 'comments', 'nodes'],
      [...path, 'comments', 'edges', 'node'],
    ]),
  )
  const requests = new Map<string, PageRequest<Comment>>()
  for (const node of nodes) {
    const request = tryPageRequest(getArgumentValues(field, node, info.variableValues))
    if (request) requests.set(requestKey(context, request), request)
  }
  const ids = tickets.map(({ id }) => id)
  for (const [key, request] of requests) {
    const pages = await readPages(db, context, ids, request, selection)
    pages.forEach((page, index) => {
      const ticket = tickets[index]
      if (ticket) entry(known, ticket).set(key, Promise.resolve(page))
    })
  }
}

/** What is wrong with the arguments is the field's own to say, at its own path. */
function tryPageRequest(args: PageArgs): PageRequest<Comment> | undefined {
  try {
    return pageRequest(args, COMMENT_ORDER)
  } catch {
    return undefined
  }
}

async function readPages(
  db: Prisma.TransactionClient,
  context: Context,
  ticketIds: readonly string[],
  request: PageRequest<Comment>,
  selection: Selection<'Comment'>,
): Promise<CommentPage[]> {
  const page = pageSql(request)
  const where = allOf([sql`c.ticket_id = wanted.id`, visibleCommentsSql(viewerOf(context)), page.where])
  const query = sql`
    SELECT found.id::text AS id, wanted.id::text AS "ticketId"
    FROM unnest(${ticketIds}::uuid[]) AS wanted(id)
    CROSS JOIN LATERAL (SELECT c.id FROM comment c WHERE ${where} ${page.orderBy} ${page.limit}) AS found`
  const found = await db.$queryRawUnsafe<{ id: string; ticketId: string }[]>(query.text, ...query.values)
  const comments =
    found.length === 0
      ? []
      : await db.comment.findMany({ ...selection, where: { id: { in: found.map(({ id }) => id) } } })

  const ticketOf = new Map(found.map(({ id, ticketId }) => [id, ticketId]))
  const byTicket = new Map<string, Comment[]>(ticketIds.map((id) => [id, []]))
  const turn = request.fromEnd ? -1 : 1
  comments.sort((a, b) => turn * (a.postedAt.getTime() - b.postedAt.getTime() || (a.id < b.id ? -1 : 1)))
  for (const comment of comments) byTicket.get(ticketOf.get(comment.id) ?? '')?.push(comment)
  return ticketIds.map((id) => cutPage(byTicket.get(id) ?? [], request))
}

const counters = new WeakMap<Context, (ticketId: string) => Promise<number>>()

/** How many comments of a ticket the viewer sees, counted together with its siblings'. */
export function commentCount(context: Context, ticketId: string): Promise<number> {
  const counter = getOrSet(counters, context, () =>
    createBatch(async (ticketIds: readonly string[]) => {
      const query = sql`
        SELECT c.ticket_id::text AS id, count(*)::int AS count FROM comment c
        WHERE c.ticket_id = ANY(${ticketIds}::uuid[]) AND ${visibleCommentsSql(viewerOf(context))} GROUP BY c.ticket_id`
      const rows = await context.prisma.$queryRawUnsafe<{ id: string; count: number }[]>(query.text, ...query.values)
      const counts = new Map(rows.map(({ id, count }) => [id, count]))
      return ticketIds.map((id) => counts.get(id) ?? 0)
    }),
  )
  return counter(ticketId)
}

function entry<K extends object, V>(map: WeakMap<K, Map<string, V>>, key: K): Map<string, V> {
  return getOrSet(map, key, () => new Map<string, V>())
}

function getOrSet<K, V>(map: { get(key: K): V | undefined; set(key: K, value: V): unknown }, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
