import type { GraphQLResolveInfo } from 'graphql'
import { type SqlFragment, sql } from '../domain/sql.ts'
import type { IncomingPost, Prisma } from '../generated/prisma/client.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { OrderDirectionEnum } from './enums.ts'
import { IncomingPostRef } from './incoming-post.ts'
import { type IncomingPostFilter, IncomingPostFilterInput, readIncomingFilter } from './incoming-post-filter.ts'
import {
  cutPage,
  type Order,
  type Page,
  type PageRequest,
  pageRequest,
  pageSql,
  toConnection,
} from './paging/keyset.ts'
import { fieldsAt, selectionFor } from './selection.ts'

const POSTED_AT: Omit<Order<IncomingPost>, 'descending'> = {
  name: 'POSTED_AT',
  value: sql`p.posted_at`,
  id: sql`p.id`,
  kind: 'timestamptz',
  idKind: 'xId',
  valueOf: (post) => post.postedAt.toISOString(),
  idOf: (post) => post.id,
}

const IncomingPostOrderField = builder.enumType('IncomingPostOrderField', {
  description: 'What incoming posts can be ordered by. Those alike are ordered by their id.',
  values: { POSTED_AT: { description: 'When they were posted.' } },
})

const IncomingPostOrderInput = builder.inputType('IncomingPostOrder', {
  description: 'How to order incoming posts.',
  fields: (t) => ({
    field: t.field({
      type: IncomingPostOrderField,
      required: true,
      defaultValue: 'POSTED_AT',
      description: 'What to order by.',
    }),
    direction: t.field({ type: OrderDirectionEnum, required: true, defaultValue: 'DESC', description: 'Which way.' }),
  }),
})

builder.queryField('incomingPosts', (t) =>
  t.connection(
    {
      type: IncomingPostRef,
      authScopes: { admin: true },
      description:
        'Posts that did not become tickets by themselves; without a filter, those that wait. A page is of one moment: its `position`. For administrators.',
      args: {
        filter: t.arg({ type: IncomingPostFilterInput, description: 'Which ones.' }),
        orderBy: t.arg({
          type: IncomingPostOrderInput,
          required: true,
          defaultValue: { field: 'POSTED_AT', direction: 'DESC' },
          description: 'In which order. A cursor belongs to the order it came from.',
        }),
      },
      resolve: async (_root, { filter, orderBy, ...args }, context, info) => {
        const order = { ...POSTED_AT, descending: orderBy.direction === 'DESC' }
        const request = pageRequest(args, order)
        const wanted = readIncomingFilter(filter)
        const { value, position } = await context.store.snapshot(async (db) => ({
          page: await readPage(db, context, info, request, wanted),
          totalCount: fieldsAt(info, ['totalCount']).length > 0 ? await count(db, wanted) : 0,
        }))
        return { ...toConnection(value.page, order), totalCount: value.totalCount, position }
      },
    },
    {
      name: 'IncomingPostConnection',
      description: 'A page of incoming posts.',
      fields: (f) => ({
        totalCount: f.int({
          description: 'How many incoming posts match the filter, on all pages.',
          resolve: ({ totalCount }) => totalCount,
        }),
        position: f.field({
          type: 'Position',
          description: 'The moment of the page: subscribe `after` it, and nothing is missed or repeated.',
          resolve: ({ position }) => position,
        }),
      }),
    },
    { name: 'IncomingPostEdge', description: 'An incoming post, and its place in the list.' },
  ),
)

/**
 * The first of each state (and account), then the first of those: an index gives each part in the order wanted, and one
 * scan over several states would have to read and sort them all.
 */
function partsOf({ states, accountIds }: IncomingPostFilter): { from: SqlFragment; where: SqlFragment } {
  const state = sql`unnest(${states}::text[]) AS s(state)`
  const ofState = sql`p.state = s.state::"IncomingPostState"`
  return accountIds === null
    ? { from: state, where: ofState }
    : {
        from: sql`${state} CROSS JOIN unnest(${accountIds}::uuid[]) AS a(id)`,
        where: sql`p.account_id = a.id AND ${ofState}`,
      }
}

async function readPage(
  db: Prisma.TransactionClient,
  context: Context,
  info: GraphQLResolveInfo,
  request: PageRequest<IncomingPost>,
  filter: IncomingPostFilter,
): Promise<Page<IncomingPost>> {
  const page = pageSql(request)
  const part = partsOf(filter)
  const query = sql`SELECT p.id FROM ${part.from} CROSS JOIN LATERAL (
      SELECT p.id, p.posted_at FROM incoming_post p WHERE ${part.where} AND ${filter.where} AND ${page.where}
      ${page.orderBy} ${page.limit}
    ) AS p ${page.orderBy} ${page.limit}`
  const found = cutPage(await db.$queryRawUnsafe<{ id: string }[]>(query.text, ...query.values), request)
  if (found.rows.length === 0) return { ...found, rows: [] }
  const selection = selectionFor('IncomingPost', context, info, [['nodes'], ['edges', 'node']])
  const posts = await db.incomingPost.findMany({ ...selection, where: { id: { in: found.rows.map(({ id }) => id) } } })
  const byId = new Map(posts.map((post) => [post.id, post]))
  return { ...found, rows: found.rows.flatMap(({ id }) => byId.get(id) ?? []) }
}

async function count(db: Prisma.TransactionClient, filter: IncomingPostFilter): Promise<number> {
  const { from, where } = partsOf(filter)
  const query = sql`SELECT count(*)::int AS count FROM ${from} JOIN incoming_post p ON ${where} AND ${filter.where}`
  const [row] = await db.$queryRawUnsafe<{ count: number }[]>(query.text, ...query.values)
  return row?.count ?? 0
}
