import { visibleBulkUpdates, visibleBulkUpdatesSql } from '../bulk/jobs.ts'
import { sql } from '../domain/sql.ts'
import type { BulkUpdateJob } from '../generated/prisma/client.ts'
import { builder } from './builder.ts'
import { BulkUpdateJobRef } from './bulk-update.ts'
import { decodeIdOf } from './global-id.ts'
import { cutPage, type Order, pageRequest, pageSql, toConnection } from './paging/keyset.ts'
import { selectionFor } from './selection.ts'
import { viewerOf } from './viewer.ts'

builder.queryField('bulkUpdateJob', (t) =>
  t.prismaField({
    type: BulkUpdateJobRef,
    nullable: true,
    authScopes: { staff: true },
    description:
      'The bulk update with this id; null when there is none, or none that you see. For agents and administrators.',
    args: { id: t.arg.id({ required: true, description: 'Its global id.' }) },
    resolve: (query, _root, { id }, context) =>
      context.prisma.bulkUpdateJob.findUnique({
        ...query,
        where: { id: decodeIdOf('BulkUpdateJob', id), ...visibleBulkUpdates(viewerOf(context)) },
      }),
  }),
)

const NEWEST_FIRST: Order<BulkUpdateJob> = {
  name: 'CREATED_AT',
  value: sql`j.created_at`,
  id: sql`j.id`,
  kind: 'timestamptz',
  descending: true,
  valueOf: ({ createdAt }) => createdAt.toISOString(),
  idOf: ({ id }) => id,
}

builder.queryField('bulkUpdateJobs', (t) =>
  t.connection(
    {
      type: BulkUpdateJobRef,
      authScopes: { staff: true },
      description: 'Your bulk updates, the newest first; administrators see all. For agents and administrators.',
      resolve: async (_root, args, context, info) => {
        const request = pageRequest(args, NEWEST_FIRST)
        const page = pageSql(request)
        const seen = visibleBulkUpdatesSql(viewerOf(context))
        const query = sql`SELECT j.id::text AS id FROM bulk_update_job j WHERE ${seen} AND ${page.where}
          ${page.orderBy} ${page.limit}`
        const found = cutPage(
          await context.prisma.$queryRawUnsafe<{ id: string }[]>(query.text, ...query.values),
          request,
        )
        const jobs = await context.prisma.bulkUpdateJob.findMany({
          ...selectionFor('BulkUpdateJob', context, info, [['nodes'], ['edges', 'node']]),
          where: { id: { in: found.rows.map(({ id }) => id) } },
        })
        const byId = new Map(jobs.map((job) => [job.id, job]))
        return toConnection({ ...found, rows: found.rows.flatMap(({ id }) => byId.get(id) ?? []) }, NEWEST_FIRST)
      },
    },
    { name: 'BulkUpdateJobConnection', description: 'A page of bulk updates.' },
    { name: 'BulkUpdateJobEdge', description: 'A bulk update, and its place in the list.' },
  ),
)
