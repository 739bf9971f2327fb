import { builder } from './builder.ts'

builder.prismaObject('XProfile', {
  description: 'A person on X, as last seen there.',
  fields: (t) => ({
    xUserId: t.exposeID('id', { description: 'The id on X.' }),
    username: t.exposeString('username', { description: 'The handle, without @.' }),
    name: t.exposeString('name', { description: 'The name shown beside the handle.' }),
    avatarUrl: t.exposeString('avatarUrl', { nullable: true, description: 'The picture.' }),
    followersCount: t.exposeInt('followersCount', { nullable: true, description: 'How many follow them.' }),
    postsCount: t.exposeInt('postsCount', { nullable: true, description: 'How many posts they wrote.' }),
    verified: t.exposeBoolean('verified', { description: 'Whether X shows a check mark.' }),
    verifiedType: t.exposeString('verifiedType', {
      nullable: true,
      description: 'Its kind: blue, business, government.',
    }),
    protected: t.exposeBoolean('protected', { description: 'Whether only followers see their posts.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When this was last seen.' }),
  }),
})
