import { visibleComments, visibleTickets } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { DeliveryRef } from './delivery.ts'
import { CommentChannelEnum, CommentDirectionEnum, CommentVisibilityEnum } from './enums.ts'
import { viewerOf } from './viewer.ts'

const CommentVersionRef = builder.prismaObject('CommentVersion', {
  description: 'What a post said before it was edited.',
  fields: (t) => ({
    externalId: t.exposeString('versionId', { description: 'X’s id of that version.' }),
    body: t.exposeString('body', { description: 'What it said.' }),
    postedAt: t.expose('postedAt', { type: 'DateTime', description: 'When that was posted.' }),
  }),
})

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
    delivery: t.relation('delivery', {
      type: DeliveryRef,
      nullable: true,
      authScopes: { staff: true },
      description: 'What became of it, if we send it. For agents and administrators.',
    }),
    editedAt: t.expose('editedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its author last edited the post on X; null: never, as far as X told us.',
    }),
    versions: t.relation('versions', {
      type: CommentVersionRef,
      authScopes: { staff: true },
      query: { orderBy: { postedAt: 'asc' } },
      description: 'What it said before its author edited it, the oldest first. For agents and administrators.',
    }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When its author deleted the post on X, as far as X told us. Its text is gone if the workspace says so.',
    }),
    favorited: t.exposeBoolean('favorited', {
      authScopes: { staff: true },
      description: 'Whether the account has liked the post. For agents and administrators.',
    }),
    retweeted: t.exposeBoolean('retweeted', {
      authScopes: { staff: true },
      description: 'Whether the account has reposted the post. For agents and administrators.',
    }),
    postedAt: t.expose('postedAt', { type: 'DateTime', description: 'When it was said, by its author’s clock.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When we took it in.' }),
  }),
})
