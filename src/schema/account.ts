import { builder } from './builder.ts'
import { AccountStatusEnum } from './enums.ts'

const staffOnly = { authScopes: { staff: true } } as const

builder.prismaNode('Account', {
  description: 'A connected account on X. How it is set up is for agents and administrators.',
  id: { field: 'id', description: 'The global id.' },
  nullable: true,
  fields: (t) => ({
    xUserId: t.exposeID('xUserId', { description: 'The id on X.' }),
    screenName: t.exposeString('screenName', { description: 'The handle, without @.' }),
    name: t.exposeString('name', { description: 'The name shown beside the handle.' }),
    avatarUrl: t.exposeString('avatarUrl', { nullable: true, description: 'The picture.' }),
    brandId: t.exposeString('brandId', { ...staffOnly, nullable: true, description: 'The brand it speaks for.' }),
    status: t.expose('status', { ...staffOnly, type: AccountStatusEnum, description: 'Whether it is at work.' }),
    captureMentions: t.exposeBoolean('captureMentions', {
      ...staffOnly,
      description: 'Whether posts that mention it, and replies to its posts, become tickets.',
    }),
    captureDirectMessages: t.exposeBoolean('captureDirectMessages', {
      ...staffOnly,
      description: 'Whether direct messages to it become tickets.',
    }),
    trackLikes: t.exposeBoolean('trackLikes', {
      ...staffOnly,
      description: 'Whether posts that it likes become tickets.',
    }),
    allowReplies: t.exposeBoolean('allowReplies', {
      ...staffOnly,
      description: 'Whether agents may answer as this account.',
    }),
    isDefault: t.exposeBoolean('isDefault', {
      ...staffOnly,
      description: 'Whether answers come from it where the account addressed may not answer. One at most.',
    }),
    createdAt: t.expose('createdAt', { ...staffOnly, type: 'DateTime', description: 'When it was connected.' }),
    updatedAt: t.expose('updatedAt', { ...staffOnly, type: 'DateTime', description: 'When it was last changed.' }),
  }),
})

builder.queryField('accounts', (t) =>
  t.prismaField({
    type: ['Account'],
    authScopes: { staff: true },
    complexity: { field: 1, multiplier: 5 },
    description: 'The connected accounts, the oldest first. For agents and administrators.',
    resolve: (query, _root, _args, { prisma }) =>
      prisma.account.findMany({ ...query, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] }),
  }),
)
