import { visibleComments, visibleTickets } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { CommentChannelEnum, CommentDirectionEnum, CommentVisibilityEnum, DeliveryStateEnum } from './enums.ts'
import { viewerOf } from './viewer.ts'

export const CommentRef = builder.prismaNode('Comment', {
  description: 'Something said on a ticket: a post, a message, an answer, a private note.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  findUnique: (id, context) => ({
    id,
    ...visibleComments(viewerOf(context)),
    ticket: visibleTickets(viewerOf(context)),
  }),
  fields: (t) => ({
    author: t.relation('author', { nullable: true, description: 'Who said it; null for what nobody said.' }),
    ticket: t.relation('ticket', { description: 'The ticket that it was said on.' }),
    body: t.exposeString('body', { description: 'What was said.' }),
    direction: t.expose('direction', { type: CommentDirectionEnum, description: 'Which side said it.' }),
    visibility: t.expose('visibility', { type: CommentVisibilityEnum, description: 'Who may read it.' }),
    channel: t.expose('channel', { type: CommentChannelEnum, description: 'The way it travelled.' }),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: 'X’s id of the post or message, or the e-mail’s Message-ID.',
    }),
    deliveryState: t.expose('deliveryState', {
      type: DeliveryStateEnum,
      nullable: true,
      description: 'What became of it, if we send it.',
    }),
    deliveryError: t.exposeString('deliveryError', {
      nullable: true,
      authScopes: { staff: true },
      description: 'Why it could not be delivered. For agents and administrators.',
    }),
    postedAt: t.expose('postedAt', { type: 'DateTime', description: 'When it was said, by its author’s clock.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When we took it in.' }),
  }),
})
