import { visibleBulkUpdates } from '../bulk/jobs.ts'
import type { EventBody, LogEvent } from '../domain/event.ts'
import { builder } from './builder.ts'
import { BulkUpdateJobRef, JobStatusEnum } from './bulk-update.ts'
import { decodeIdOf } from './global-id.ts'
import { eventOf, type LiveEvent, liveEvents } from './live.ts'
import { afterArg, placeInLog } from './live-fields.ts'
import { viewerOf } from './viewer.ts'

type ProgressBody = Extract<EventBody, { type: 'bulkUpdate.progress' }>
type ProgressEvent = LogEvent & { readonly body: ProgressBody }

const BulkUpdateProgress = builder.objectRef<LiveEvent<ProgressEvent>>('BulkUpdateProgress').implement({
  description: 'A bulk update went on. Its last one has a status that is final.',
  fields: (t) => ({
    ...placeInLog(t),
    status: t.field({
      type: JobStatusEnum,
      description: 'How far it is.',
      resolve: ({ event: { body } }) => body.status,
    }),
    total: t.int({ description: 'Its tickets.', resolve: ({ event: { body } }) => body.total }),
    done: t.int({ description: 'How many of them were tried.', resolve: ({ event: { body } }) => body.done }),
    failed: t.int({ description: 'How many of those were left alone.', resolve: ({ event: { body } }) => body.failed }),
    ratePerSecond: t.float({
      nullable: true,
      description: 'Tickets a second since its start.',
      resolve: ({ event: { body } }) => body.ratePerSecond,
    }),
    etaSeconds: t.int({
      nullable: true,
      description: 'How long the rest takes at that rate.',
      resolve: ({ event: { body } }) => body.etaSeconds,
    }),
    job: t.prismaField({
      type: BulkUpdateJobRef,
      nullable: true,
      description: 'The bulk update as it is now.',
      resolve: (query, { event: { body } }, _args, context) =>
        context.prisma.bulkUpdateJob.findUnique({
          ...query,
          where: { id: body.jobId, ...visibleBulkUpdates(viewerOf(context)) },
        }),
    }),
  }),
})

builder.subscriptionField('bulkUpdateProgress', (t) =>
  t.field({
    type: BulkUpdateProgress,
    authScopes: { staff: true },
    description:
      'How a bulk update goes on, batch by batch, for whoever began it, or what it takes back, and for administrators. For agents and administrators.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The bulk update.' }),
      ...afterArg(),
    },
    subscribe: async (_root, { jobId, after }, context) => {
      const id = decodeIdOf('BulkUpdateJob', jobId)
      // Whose job it takes back, the log does not say; that never changes. Of a job that is gone, the owner remains.
      const where = { id, ...visibleBulkUpdates(viewerOf(context)) }
      const seen = await context.prisma.bulkUpdateJob.findUnique({ where, select: { id: true } })
      return liveEvents(
        context,
        after,
        (event, { role, userId }): event is ProgressEvent =>
          event.body.type === 'bulkUpdate.progress' &&
          event.body.jobId === id &&
          (seen !== null || role === 'ADMIN' || event.body.ownerId === userId),
      )
    },
    resolve: eventOf,
  }),
)
