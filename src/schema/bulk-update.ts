import { seesBulkUpdate, visibleBulkUpdates } from '../bulk/jobs.ts'
import { BULK_FIELDS, type BulkOutcome, paceOf } from '../domain/bulk-update.ts'
import type { UserError } from '../domain/errors.ts'
import { builder } from './builder.ts'
import { bulkItemPage, ITEM_ORDER, type ItemNode } from './bulk-update-items.ts'
import { CommentRef } from './comment.ts'
import { described } from './enums.ts'
import { pageRequest, toConnection } from './paging/keyset.ts'
import { TicketRef } from './ticket.ts'
import { UserErrorRef } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* A bulk update, and what became of each of its tickets. */

export const JobStatusEnum = builder.enumType('JobStatus', {
  description: 'How far a job is.',
  values: described({
    QUEUED: 'It waits for its turn.',
    WORKING: 'It is under way.',
    COMPLETED: 'It is over: every item was tried.',
    FAILED: 'It is over before its end: whoever began it may not work tickets any more.',
    CANCELLED: 'Somebody stopped it; what was done until then is done.',
  }),
})

export const BulkOutcomeEnum = builder.enumType('BulkOutcome', {
  description: 'What became of one ticket of a bulk update.',
  values: described<BulkOutcome>({
    CHANGED: 'It was changed.',
    UNCHANGED: 'It was like that already.',
    CONFLICT: 'Somebody else changed it meanwhile; it was left alone.',
    NOT_FOUND: 'There is none, or none that the caller saw when its turn came.',
    FAILED: 'The rules do not let it; `errors` says why.',
  }),
})

const BulkUpdateItem = builder.objectRef<ItemNode>('BulkUpdateItem').implement({
  description: 'One ticket of a bulk update.',
  fields: (t) => ({
    place: t.exposeInt('place', { description: 'Its place in the job, from 1.' }),
    ticketId: t.id({
      description: 'The ticket’s global id.',
      resolve: ({ globalId }) => globalId,
    }),
    ticket: t.field({
      type: TicketRef,
      nullable: true,
      description: 'The ticket as it is now; null when there is none that you see.',
      resolve: ({ ticket }) => ticket,
    }),
    outcome: t.field({
      type: BulkOutcomeEnum,
      nullable: true,
      description: 'What became of it; null while it waits, and of a job that was stopped before its turn.',
      resolve: ({ outcome }) => outcome as BulkOutcome | null,
    }),
    errors: t.field({
      type: [UserErrorRef],
      description:
        'Why it was left alone or, of an undo, what of it was not taken back. `field` is the path inside the patch.',
      // Written by us from the same type.
      resolve: ({ errors }) => (errors ?? []) as unknown as UserError[],
    }),
    reply: t.field({
      type: CommentRef,
      nullable: true,
      description: 'The answer that was given; its `delivery` tells whether X has it.',
      resolve: ({ reply }) => reply,
    }),
    changed: t.stringList({
      description: 'The fields that were changed.',
      resolve: ({ before }) => BULK_FIELDS.filter((field) => before instanceof Object && field in before),
    }),
  }),
})

export const BulkUpdateJobRef = builder.prismaNode('BulkUpdateJob', {
  description: 'A bulk update. Kept, with what became of its tickets, for 30 days after its end.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  findUnique: (id, context) => ({ id, ...visibleBulkUpdates(viewerOf(context)) }),
  fields: (t) => ({
    status: t.expose('status', { type: JobStatusEnum, description: 'How far it is.' }),
    total: t.exposeInt('total', { description: 'Its tickets: the set was frozen at the start.' }),
    done: t.exposeInt('done', { description: 'How many of them were tried.' }),
    failed: t.exposeInt('failed', { description: 'How many of those were left alone: CONFLICT, NOT_FOUND or FAILED.' }),
    ratePerSecond: t.float({
      nullable: true,
      description: 'Tickets a second from its start to its last batch; null before the first.',
      resolve: (job) => paceOf(job).ratePerSecond,
    }),
    etaSeconds: t.int({
      nullable: true,
      description: 'How long the rest takes at that rate; null while that is not known.',
      resolve: (job) => paceOf(job).etaSeconds,
    }),
    idempotencyKey: t.exposeString('idempotencyKey', {
      nullable: true,
      description: 'The key that it was begun with.',
    }),
    createdBy: t.relation('createdBy', { description: 'Who began it, and in whose name tickets are changed.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When its first batch began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it was over.' }),
    items: t.connection(
      {
        type: BulkUpdateItem,
        description: 'Its tickets, in the order in which they are done.',
        args: {
          outcome: t.arg({ type: [BulkOutcomeEnum], description: 'Only those with one of these outcomes.' }),
          hasErrors: t.arg.boolean({ description: 'Only those with `errors`, or only those without.' }),
        },
        resolve: async ({ id }, { outcome, hasErrors, ...args }, context, info) =>
          toConnection(
            await bulkItemPage(context, info, id, { outcome, hasErrors }, pageRequest(args, ITEM_ORDER)),
            ITEM_ORDER,
          ),
      },
      { name: 'BulkUpdateItemConnection', description: 'A page of a bulk update’s tickets.' },
      { name: 'BulkUpdateItemEdge', description: 'A ticket of a bulk update, and its place.' },
    ),
  }),
})

// Apart, because it names itself. Whoever is no administrator any more may have undone what is not theirs to see.
builder.prismaObjectFields(BulkUpdateJobRef, (t) => ({
  undoOf: t.field({
    type: BulkUpdateJobRef,
    nullable: true,
    description: 'The bulk update that it takes back, if you see that.',
    select: (_args, _context, nested) => ({
      undoOf: nested({ include: { undoOf: { select: { createdById: true } } } }),
    }),
    resolve: ({ undoOf }, _args, context) => (undoOf && seesBulkUpdate(viewerOf(context), undoOf) ? undoOf : null),
  }),
}))
