import type { UserError } from '../domain/errors.ts'
import { formatDollars } from '../domain/money.ts'
import type { SenderReason, SenderRefusal } from '../domain/sender.ts'
import { visibleTickets } from '../domain/visibility.ts'
import type { ReplyOption, ReplyOptions } from '../outbound/replies.ts'
import { REFUSAL_WORDS } from '../outbound/wording.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import { CommentChannelEnum, described } from './enums.ts'
import { decodeIdOf } from './global-id.ts'
import { UserErrorRef } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What an agent is told before they type. */

const SenderRefusalEnum = builder.enumType('SenderRefusal', {
  description: 'Why an account cannot answer.',
  values: described<SenderRefusal>(REFUSAL_WORDS),
})

export const SenderReasonEnum = builder.enumType('SenderReason', {
  description: 'Why an account is proposed.',
  values: described<SenderReason>({
    ADDRESSED: 'The customer wrote to it.',
    DEFAULT: 'It is the default account, which answers in bulk.',
    ADDRESSED_CANNOT: 'The account that the customer wrote to cannot answer; this is the default account.',
    DEFAULT_CANNOT: 'The default account cannot answer; the customer wrote to this one.',
  }),
})

/** With why nobody may answer at all, if so. */
interface Option extends ReplyOption {
  readonly problem: UserError | null
}

const SenderOptionRef = builder.objectRef<Option>('SenderOption').implement({
  description: 'An account that might answer.',
  fields: (t) => ({
    account: t.prismaField({
      type: AccountRef,
      description: 'The account.',
      resolve: (query, { accountId }, _args, { prisma }) =>
        prisma.account.findUniqueOrThrow({ ...query, where: { id: accountId } }),
    }),
    allowed: t.boolean({
      description: 'Whether it may.',
      resolve: ({ refusal, problem }) => refusal === null && problem === null,
    }),
    refusal: t.field({
      type: SenderRefusalEnum,
      nullable: true,
      description: 'Why the account may not; null when it may, or when nobody may (`ReplyOptions.problem`).',
      resolve: ({ refusal }) => refusal,
    }),
    message: t.string({
      nullable: true,
      description: 'Why it may not, in words.',
      resolve: ({ refusal, problem }) => problem?.message ?? (refusal && REFUSAL_WORDS[refusal]),
    }),
    expectedAt: t.expose('expectedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an answer that it gives now is expected to be sent; null when it may not.',
    }),
    price: t.string({
      nullable: true,
      description: 'What X charges for an answer that it gives, in US dollars; null when it may not.',
      resolve: ({ price }) => (price === null ? null : formatDollars(price)),
    }),
  }),
})

const PreselectedRef = builder.objectRef<NonNullable<ReplyOptions['preselected']>>('PreselectedSender').implement({
  description: 'The account that answers if the agent names none.',
  fields: (t) => ({
    account: t.prismaField({
      type: AccountRef,
      description: 'The account.',
      resolve: (query, { accountId }, _args, { prisma }) =>
        prisma.account.findUniqueOrThrow({ ...query, where: { id: accountId } }),
    }),
    reason: t.expose('reason', { type: SenderReasonEnum, description: 'Why it is that one.' }),
  }),
})

const ReplyOptionsRef = builder.objectRef<ReplyOptions>('ReplyOptions').implement({
  description: 'How a ticket can be answered, before anything is typed.',
  fields: (t) => ({
    channel: t.expose('channel', {
      type: CommentChannelEnum,
      description: 'The way that the answer travels: as the customer wrote.',
    }),
    answers: t.prismaField({
      type: CommentRef,
      nullable: true,
      description: 'What is answered; null when there is nothing that X lets us answer.',
      resolve: (query, { commentId }, _args, context) =>
        commentId === null
          ? null
          : context.prisma.comment.findUnique({
              ...query,
              where: { id: commentId, ticket: visibleTickets(viewerOf(context)) },
            }),
    }),
    senders: t.field({
      type: [SenderOptionRef],
      description: 'Every account: the one addressed first, then the default one.',
      resolve: ({ options, problem }) => options.map((option) => ({ ...option, problem })),
    }),
    preselected: t.field({
      type: PreselectedRef,
      nullable: true,
      description: 'Who answers if nobody is named; null: none may, unless the agent names one that may.',
      resolve: ({ preselected }) => preselected,
    }),
    refusal: t.field({
      type: SenderRefusalEnum,
      nullable: true,
      description: 'With nobody preselected: why.',
      resolve: ({ refusal }) => refusal,
    }),
    problem: t.field({
      type: UserErrorRef,
      nullable: true,
      description:
        'Why nobody may answer, whoever is named: what `replyToTicket` would say of a closed or deleted ticket. Null: somebody may.',
      resolve: ({ problem }) => problem,
    }),
    text: t.exposeString('text', {
      description: 'The text as it would be sent: `body`, with the link to the ticket’s page if it gets one.',
    }),
    limit: t.exposeInt('limit', { description: 'Characters that a text may have; of a post, as X counts them.' }),
    weightedLength: t.int({
      nullable: true,
      description:
        'Of a post: how long `text` is by X’s count. Links are 23, emoji 2, the thread’s mentions in front 0.',
      resolve: ({ length }) => length?.weighted ?? null,
    }),
    charactersLeft: t.exposeInt('left', { description: 'What is left of the limit; negative: so much too long.' }),
    expectedAt: t.expose('expectedAt', {
      type: 'DateTime',
      description:
        'When an answer given now is expected to be sent, by what waits before it and X’s limits, from the account that is preselected.',
    }),
    price: t.string({
      description: 'What X charges for it then, in US dollars.',
      resolve: ({ price }) => formatDollars(price),
    }),
  }),
})

builder.queryField('replyOptions', (t) =>
  t.field({
    type: ReplyOptionsRef,
    nullable: true,
    authScopes: { staff: true },
    complexity: 20,
    description: 'How a ticket can be answered; null when there is none that you see. For agents and administrators.',
    args: {
      ticketId: t.arg.id({ required: true, description: 'The ticket.' }),
      body: t.arg.string({ required: true, defaultValue: '', description: 'What is typed so far.' }),
      commentId: t.arg.id({ description: 'The comment to answer. Not given: the customer’s last one.' }),
      ticketLink: t.arg.boolean({
        description: 'Whether it carries a link to the ticket’s page, where agents decide.',
      }),
    },
    resolve: (_root, { ticketId, body, commentId, ticketLink }, context) =>
      context.replies.options(viewerOf(context), {
        ticketId: decodeIdOf('Ticket', ticketId),
        body,
        commentId: commentId ? decodeIdOf('Comment', commentId) : undefined,
        ticketLink: ticketLink ?? undefined,
      }),
  }),
)
