import { z } from 'zod'
import type { BulkPreview, PreviewedTicket, SenderCount } from '../bulk/bulk-updates.ts'
import { BULK_OUTCOMES, type BulkOutcome } from '../domain/bulk-update.ts'
import { formatDollars } from '../domain/money.ts'
import type { TicketState } from '../domain/ticket.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import { BulkOutcomeEnum } from './bulk-update.ts'
import { BulkUpdateTicketsInput, readBulkUpdate } from './bulk-update-input.ts'
import { CommentChannelEnum, TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { encodeGlobalId } from './global-id.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { SenderReasonEnum } from './reply-options.ts'
import { UserErrorRef } from './user-error.ts'
import { viewerOf } from './viewer.ts'

const TicketFields = builder.objectRef<TicketState>('BulkTicketFields').implement({
  description: 'What a bulk update can change of a ticket.',
  fields: (t) => ({
    status: t.expose('status', { type: TicketStatusEnum, description: 'Its status.' }),
    priority: t.expose('priority', { type: TicketPriorityEnum, nullable: true, description: 'Its priority.' }),
    assigneeId: t.id({
      nullable: true,
      description: 'Who works on it.',
      resolve: ({ assigneeId }) => assigneeId && encodeGlobalId('User', assigneeId),
    }),
    groupId: t.id({
      nullable: true,
      description: 'The group that it is given to.',
      resolve: ({ groupId }) => groupId && encodeGlobalId('Group', groupId),
    }),
    tags: t.exposeStringList('tags', { description: 'Its tags.' }),
  }),
})

type Sender = Pick<SenderCount, 'channel' | 'accountId' | 'reason'>

const BulkSenderRef = builder.objectRef<Sender>('BulkSender').implement({
  description: 'Who would answer a ticket, and how.',
  fields: (t) => ({
    channel: t.expose('channel', {
      type: CommentChannelEnum,
      description: 'The way that the answer would travel: as the customer wrote.',
    }),
    account: t.prismaField({
      type: AccountRef,
      nullable: true,
      description: 'The account; null with e-mail.',
      resolve: (query, { accountId }, _args, { prisma }) =>
        accountId === null ? null : prisma.account.findUniqueOrThrow({ ...query, where: { id: accountId } }),
    }),
    reason: t.expose('reason', { type: SenderReasonEnum, nullable: true, description: 'Why it is that one.' }),
  }),
})

const SenderCountRef = builder.objectRef<SenderCount>('BulkSenderCount').implement({
  description: 'How many tickets somebody would answer.',
  fields: (t) => ({
    sender: t.field({ type: BulkSenderRef, description: 'Who, and why.', resolve: (count) => count }),
    count: t.exposeInt('count', { description: 'How many.' }),
  }),
})

const Previewed = builder.objectRef<PreviewedTicket>('BulkPreviewTicket').implement({
  description: 'What would become of one ticket.',
  fields: (t) => ({
    ticketId: t.id({ description: 'The ticket.', resolve: ({ ticketId }) => encodeGlobalId('Ticket', ticketId) }),
    outcome: t.expose('outcome', { type: BulkOutcomeEnum, description: 'What would become of it.' }),
    errors: t.field({
      type: [UserErrorRef],
      description: 'Why it would be left alone.',
      resolve: ({ errors }) => [...errors],
    }),
    before: t.field({
      type: TicketFields,
      nullable: true,
      description: 'As it is; null when there is none that you see.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: TicketFields,
      nullable: true,
      description: 'As it would be.',
      resolve: ({ after }) => after,
    }),
    sender: t.field({
      type: BulkSenderRef,
      nullable: true,
      description: 'Who would answer, and why; null: nobody, as no answer would be given.',
      resolve: ({ reply }) => reply?.plan ?? null,
    }),
    text: t.string({
      nullable: true,
      description: 'The answer as it would be sent: with a link of that length if it gets one.',
      resolve: ({ reply }) => reply?.body ?? null,
    }),
  }),
})

interface Count {
  readonly outcome: BulkOutcome
  readonly count: number
}

const OutcomeCount = builder.objectRef<Count>('BulkOutcomeCount').implement({
  description: 'How many tickets would have an outcome.',
  fields: (t) => ({
    outcome: t.expose('outcome', { type: BulkOutcomeEnum, description: 'The outcome.' }),
    count: t.exposeInt('count', { description: 'How many.' }),
  }),
})

const Preview = builder.objectRef<BulkPreview>('BulkUpdatePreview').implement({
  description: 'What a bulk update would do if it were begun now.',
  fields: (t) => ({
    total: t.exposeInt('total', { description: 'The tickets.' }),
    counts: t.field({
      type: [OutcomeCount],
      description: 'How many would have which outcome, each outcome once.',
      resolve: ({ counts }) => BULK_OUTCOMES.map((outcome) => ({ outcome, count: counts[outcome] })),
    }),
    senders: t.field({
      type: [SenderCountRef],
      description: 'Who would answer how many of them, and why; the most first.',
      resolve: ({ senders }) => [...senders],
    }),
    price: t.string({
      description: 'What X would charge for the answers, in US dollars.',
      resolve: ({ price }) => formatDollars(price),
    }),
    sample: t.field({ type: [Previewed], description: 'The first of them.', resolve: ({ sample }) => [...sample] }),
    ...outcomeFields(
      t,
      'What is wrong with the input. Not empty: it would be refused.',
      'The moment that this is true of: give it as `ifPosition`, and what changes meanwhile is left alone.',
    ),
  }),
})

const NOTHING = {
  total: 0,
  counts: { CHANGED: 0, UNCHANGED: 0, CONFLICT: 0, NOT_FOUND: 0, FAILED: 0 },
  sample: [],
  senders: [],
  price: 0n,
}

builder.queryField('previewBulkUpdate', (t) =>
  t.field({
    type: Preview,
    authScopes: { staff: true },
    complexity: 100,
    description: 'What `bulkUpdateTickets` would do with this input; changes nothing. For agents and administrators.',
    args: {
      input: t.arg({ type: BulkUpdateTicketsInput, required: true, description: 'As for `bulkUpdateTickets`.' }),
      sample: t.arg.int({
        required: true,
        defaultValue: 10,
        description: 'Tickets to show, at most 100.',
        validate: z.number().min(0).max(100, 'At most 100 tickets are shown.'),
      }),
    },
    resolve: async (_root, { input, sample }, context): Promise<BulkPreview> => {
      const viewer = viewerOf(context)
      const read = readBulkUpdate(input, viewer)
      if ('userErrors' in read) return { ...NOTHING, ...(await nowhere(context, read.userErrors)) }
      return context.bulkUpdates.preview(viewer, read.request, sample)
    },
  }),
)
