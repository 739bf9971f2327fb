import { seesTicket } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { described } from './enums.ts'
import { TicketRef } from './ticket.ts'
import { viewerOf } from './viewer.ts'

/* F19: posts that did not become tickets by themselves, for administrators to convert. */

export const IncomingPostStateEnum = builder.enumType('IncomingPostState', {
  description: 'What became of an incoming post.',
  values: described({
    WAITING: 'Somebody is to look at it.',
    CONVERTED: 'It is on a ticket.',
    IGNORED: 'Nothing: it was dismissed here, or deleted at X before it was converted.',
  }),
})

/** The values of the column `reason`. */
export const IncomingPostReasonEnum = builder.enumType('IncomingPostReason', {
  description: 'Why a post did not become a ticket by itself, or why it is ignored.',
  values: described({
    CAPTURE_OFF: 'The account does not capture mentions.',
    TICKET_FULL: 'Its author’s ticket has 5,000 comments.',
    AUTHOR_SUSPENDED: 'Its author was suspended here.',
    DELETED: 'Its author deleted it at X.',
    DISMISSED: 'An administrator dismissed it.',
  }),
})

type Reason = typeof IncomingPostReasonEnum.$inferType
const REASONS: ReadonlySet<string> = new Set<Reason>([
  'CAPTURE_OFF',
  'TICKET_FULL',
  'AUTHOR_SUSPENDED',
  'DELETED',
  'DISMISSED',
])
const isReason = (text: string | null): text is Reason => text !== null && REASONS.has(text)

export const IncomingPostRef = builder.prismaNode('IncomingPost', {
  description: 'A public post that did not become a ticket by itself. For administrators.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  authScopes: { admin: true },
  fields: (t) => ({
    xPostId: t.exposeID('id', { description: 'X’s id of its first version.' }),
    text: t.exposeString('text', {
      description: 'Its newest words; empty once its author deleted it, unless the workspace keeps them.',
    }),
    author: t.relation('author', { description: 'Who wrote it.' }),
    account: t.relation('account', { description: 'The account whose ticket it would be.' }),
    conversationId: t.exposeString('conversationId', { description: 'X’s id of its conversation.' }),
    inReplyToPostId: t.exposeString('inReplyToPostId', {
      nullable: true,
      description: 'X’s id of the post that it answers; null when it answers none.',
    }),
    state: t.expose('state', { type: IncomingPostStateEnum, description: 'What became of it.' }),
    reason: t.field({
      type: IncomingPostReasonEnum,
      nullable: true,
      description: 'Why it waits, or waited until it was converted; of an ignored one, why it is.',
      select: { reason: true },
      resolve: ({ reason }) => (isReason(reason) ? reason : null),
    }),
    ticket: t.field({
      type: TicketRef,
      nullable: true,
      description: 'The ticket that it is on, once it was converted, if you see that.',
      select: (_args, _context, nested) => ({ ticket: nested(true) }),
      resolve: ({ ticket }, _args, context) => (ticket && seesTicket(viewerOf(context), ticket) ? ticket : null),
    }),
    postedAt: t.expose('postedAt', { type: 'DateTime', description: 'When it was posted.' }),
    editedAt: t.expose('editedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its author last changed it; null: never.',
    }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime', description: 'When it arrived here.' }),
    url: t.string({
      description: 'Where it is on X.',
      select: { id: true, author: { select: { username: true } } },
      resolve: ({ id, author }) => `https://x.com/${encodeURIComponent(author.username)}/status/${id}`,
    }),
  }),
})
