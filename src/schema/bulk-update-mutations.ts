import type { BulkUpdateStarted } from '../bulk/bulk-updates.ts'
import { visibleBulkUpdates } from '../bulk/jobs.ts'
import { builder } from './builder.ts'
import { BulkUpdateJobRef } from './bulk-update.ts'
import { BulkUpdateTicketsInput, readBulkUpdate } from './bulk-update-input.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* Beginning, stopping and taking back what many tickets go through. The rules are in domain/bulk-update.ts. */

const BulkUpdatePayload = builder.objectRef<BulkUpdateStarted>('BulkUpdatePayload').implement({
  description: 'What became of a call about a bulk update.',
  fields: (t) => ({
    job: t.prismaField({
      type: BulkUpdateJobRef,
      nullable: true,
      description: 'The bulk update as it is now; null when the call was refused.',
      resolve: (query, { jobId }, _args, context) =>
        jobId === null
          ? null
          : context.prisma.bulkUpdateJob.findUnique({
              ...query,
              where: { id: jobId, ...visibleBulkUpdates(viewerOf(context)) },
            }),
    }),
    ...outcomeFields(
      t,
      'What is wrong with the input. Not empty: nothing was done.',
      'The log position that includes the call: watch `bulkUpdateProgress` after it.',
    ),
  }),
})

builder.mutationField('bulkUpdateTickets', (t) =>
  t.field({
    type: BulkUpdatePayload,
    authScopes: { staff: true },
    complexity: 100,
    description:
      'Changes many tickets, as `updateTicket` would each. Returns as soon as the set is frozen; then watch `bulkUpdateProgress`. For agents and administrators.',
    args: {
      input: t.arg({ type: BulkUpdateTicketsInput, required: true, description: 'Which tickets, and what to change.' }),
    },
    resolve: async (_root, { input }, context): Promise<BulkUpdateStarted> => {
      const viewer = viewerOf(context)
      const read = readBulkUpdate(input, viewer)
      if ('userErrors' in read) return { jobId: null, ...(await nowhere(context, read.userErrors)) }
      return context.bulkUpdates.start(viewer, read.request, input.idempotencyKey ?? null)
    },
  }),
)

const NamedInput = builder.inputType('BulkUpdateNamedInput', {
  description: 'A bulk update that was begun.',
  fields: (t) => ({ id: t.id({ required: true, description: 'The bulk update.' }) }),
})

for (const [name, description, deed] of [
  [
    'cancelBulkUpdate',
    'Stops a bulk update behind the last batch that is committed. What is done stays done.',
    'cancel',
  ],
  [
    'undoBulkUpdate',
    'Restores, by another bulk update, what this one changed, but for notes, answers that were sent, and tickets changed since (CONFLICT). For staff.',
    'undo',
  ],
] as const) {
  builder.mutationField(name, (t) =>
    t.field({
      type: BulkUpdatePayload,
      authScopes: { staff: true },
      complexity: 20,
      description,
      args: { input: t.arg({ type: NamedInput, required: true, description: 'Which one.' }) },
      resolve: async (_root, { input }, context): Promise<BulkUpdateStarted> => {
        const ids = new IdReader()
        const jobId = ids.read('BulkUpdateJob', 'id', input.id)
        if (jobId === undefined) return { jobId: null, ...(await nowhere(context, ids.userErrors)) }
        return context.bulkUpdates[deed](viewerOf(context), jobId)
      },
    }),
  )
}
