import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { visibleComments, visibleTickets } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import type { Context } from './context.ts'
import { TicketStatusEnum } from './enums.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields, ticketField } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* Answering the customer, and trying again. */

interface Payload {
  readonly ticketId: string | null
  readonly commentId: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const payload = (name: string, of: string) =>
  builder.objectRef<Payload>(name).implement({
    description: `What became of a \`${of}\`.`,
    fields: (t) => ({
      comment: t.prismaField({
        type: CommentRef,
        nullable: true,
        description: 'The answer, with its `delivery`; null when nothing was done.',
        resolve: (query, { commentId }, _args, context) =>
          commentId === null
            ? null
            : context.prisma.comment.findUnique({
                ...query,
                where: {
                  id: commentId,
                  ...visibleComments(viewerOf(context)),
                  ticket: visibleTickets(viewerOf(context)),
                },
              }),
      }),
      ticket: ticketField(t),
      ...outcomeFields(t, 'What is wrong with the input. Not empty: nothing is sent.'),
    }),
  })

const ReplyToTicketInput = builder.inputType('ReplyToTicketInput', {
  description: 'An answer to the customer. It travels as the customer wrote (see `replyOptions`).',
  fields: (t) => ({
    ticketId: t.id({ required: true, description: 'The ticket.' }),
    body: t.string({
      required: true,
      description: 'The text. A post has at most 280 characters as X counts them, a message 10,000.',
    }),
    accountId: t.id({ description: 'The account that sends it. Not given: the one that `replyOptions` proposes.' }),
    commentId: t.id({ description: 'The comment of the customer that it answers. Not given: the last one.' }),
    ticketLink: t.boolean({
      description:
        'Whether it carries a link to the ticket’s page, where the workspace lets agents decide. It counts in the length.',
    }),
    status: t.field({ type: TicketStatusEnum, description: 'What the ticket becomes with it.' }),
  }),
})

const ReplyToTicketPayload = payload('ReplyToTicketPayload', 'replyToTicket')

builder.mutationField('replyToTicket', (t) =>
  t.field({
    type: ReplyToTicketPayload,
    authScopes: { staff: true },
    complexity: 20,
    description:
      'Answers the customer. Returns as soon as the answer is kept; `ticketEvents` tells when X has it, or why not. For agents and administrators.',
    args: { input: t.arg({ type: ReplyToTicketInput, required: true, description: 'The answer.' }) },
    resolve: async (_root, { input }, context): Promise<Payload> => {
      const ids = new IdReader()
      const ticketId = ids.read('Ticket', 'ticketId', input.ticketId)
      const accountId = ids.readOptional('Account', 'accountId', input.accountId) ?? undefined
      const commentId = ids.readOptional('Comment', 'commentId', input.commentId) ?? undefined
      if (ticketId === undefined || ids.userErrors.length > 0) return refused(context, ids.userErrors)
      const { body, status, ticketLink } = input
      const request = {
        ...{ ticketId, body, accountId, commentId },
        ticketLink: ticketLink ?? undefined,
        status: status ?? undefined,
      }
      return context.replies.reply(viewerOf(context), request)
    },
  }),
)

const RetryReplyInput = builder.inputType('RetryReplyInput', {
  description: 'An answer that was not sent.',
  fields: (t) => ({
    commentId: t.id({ required: true, description: 'The answer.' }),
    evenIfSent: t.boolean({
      required: true,
      defaultValue: false,
      description: 'Of one that is UNKNOWN: send it although X may have it already.',
    }),
  }),
})

const RetryReplyPayload = payload('RetryReplyPayload', 'retryReply')

builder.mutationField('retryReply', (t) =>
  t.field({
    type: RetryReplyPayload,
    authScopes: { staff: true },
    complexity: 20,
    description: 'Sends an answer again that FAILED or is UNKNOWN. For agents and administrators.',
    args: { input: t.arg({ type: RetryReplyInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input }, context): Promise<Payload> => {
      const ids = new IdReader()
      const commentId = ids.read('Comment', 'commentId', input.commentId)
      if (commentId === undefined) return refused(context, ids.userErrors)
      return context.replies.retry(viewerOf(context), commentId, input.evenIfSent)
    },
  }),
)

const refused = async (context: Context, userErrors: readonly UserError[]): Promise<Payload> => ({
  ticketId: null,
  commentId: null,
  ...(await nowhere(context, userErrors)),
})
