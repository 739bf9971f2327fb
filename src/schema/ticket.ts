import { visibleTickets } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import { COMMENT_ORDER, commentCount, commentPage } from './comment-pages.ts'
import { TicketChannelEnum, TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { toConnection } from './paging/keyset.ts'
import { viewerOf } from './viewer.ts'

export const TicketRef = builder.prismaNode('Ticket', {
  description: 'A customer’s matter: what they said, what was answered, and who works on it.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  findUnique: (id, context) => ({ id, ...visibleTickets(viewerOf(context)) }),
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'The number people call it by.' }),
    subject: t.exposeString('subject', { description: 'What it is about.' }),
    status: t.expose('status', { type: TicketStatusEnum, description: 'How far the work is.' }),
    priority: t.expose('priority', {
      type: TicketPriorityEnum,
      nullable: true,
      description: 'How urgent it is; null until somebody says.',
    }),
    channel: t.expose('channel', { type: TicketChannelEnum, description: 'Where it came from.' }),
    account: t.relation('account', { description: 'The account on X that it came to.' }),
    requester: t.relation('requester', { description: 'Who opened it.' }),
    assignee: t.relation('assignee', { nullable: true, description: 'Who works on it.' }),
    group: t.relation('group', {
      nullable: true,
      authScopes: { staff: true },
      description: 'The team that it is given to. For agents and administrators.',
    }),
    tags: t.exposeStringList('tags', {
      authScopes: { staff: true },
      description: 'Its tags: lower-case, without spaces. For agents and administrators.',
    }),
    comments: t.connection(
      {
        type: CommentRef,
        description: 'What was said, the oldest first. End users see what is public.',
        resolve: async (ticket, args, context, info) => ({
          ...toConnection(await commentPage(context, info, ticket, args), COMMENT_ORDER),
          ticketId: ticket.id,
        }),
      },
      {
        name: 'CommentConnection',
        description: 'A page of a ticket’s comments.',
        fields: (f) => ({
          totalCount: f.int({
            description: 'How many comments the ticket has, as far as you see them.',
            resolve: ({ ticketId }, _args, context) => commentCount(context, ticketId),
          }),
        }),
      },
      { name: 'CommentEdge', description: 'A comment, and its place among the ticket’s.' },
    ),
    importStoppedAt: t.expose('importStoppedAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: { staff: true },
      description:
        'Since when it takes nothing more from X: it has 5,000 comments, or was restored beside a newer ticket of its conversation. For agents and administrators.',
    }),
    movedToEmailAt: t.expose('movedToEmailAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: { staff: true },
      description: 'Since when answers go by e-mail; null: as the customer wrote. For agents and administrators.',
    }),
    version: t.exposeInt('version', {
      authScopes: { staff: true },
      description: 'One more with every change of the ticket. For `ifVersion`, and for agents and administrators.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was opened.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    solvedAt: t.expose('solvedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was solved; null while it is not.',
    }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      authScopes: { staff: true },
      description:
        'When it was deleted; null: it is not. For 30 days it can be restored. For agents and administrators.',
    }),
  }),
})
