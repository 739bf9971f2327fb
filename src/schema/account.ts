import { canReply } from '../domain/account.ts'
import type { DeauthorizationCause } from '../domain/event.ts'
import { type Inactivity, inactivityOf } from '../domain/inactivity.ts'
import { builder } from './builder.ts'
import { AccountStatusEnum, DeauthorizationCauseEnum } from './enums.ts'

const staffOnly = { authScopes: { staff: true } } as const
const adminOnly = { authScopes: { admin: true } } as const

const DeauthorizationRef = builder.objectRef<{ cause: DeauthorizationCause; at: Date }>('Deauthorization').implement({
  description: 'That X no longer lets an account in.',
  fields: (t) => ({
    cause: t.expose('cause', { type: DeauthorizationCauseEnum, description: 'Why.' }),
    at: t.expose('at', { type: 'DateTime', description: 'Since when.' }),
  }),
})

const InactivityRef = builder.objectRef<Inactivity & { lastTrafficAt: Date }>('AccountInactivity').implement({
  description: 'The countdown of an account without traffic: warned of at 10, 15 and 19 days, deauthorized at 20.',
  fields: (t) => ({
    lastTrafficAt: t.expose('lastTrafficAt', {
      type: 'DateTime',
      description: 'When a post of a customer last became a ticket or a comment, or a message was sent.',
    }),
    daysWithoutTraffic: t.exposeInt('days', { description: 'Whole days since then.' }),
    daysLeft: t.exposeInt('daysLeft', { description: 'Days that are left.' }),
    deauthorizesAt: t.expose('deauthorizesAt', { type: 'DateTime', description: 'When it will be deauthorized.' }),
  }),
})

const AccountGrantRef = builder.prismaObject('AccountCredential', {
  name: 'AccountGrant',
  description: 'What the owner of an account allowed. The tokens themselves are never shown.',
  authScopes: { admin: true },
  fields: (t) => ({
    grantedAt: t.expose('grantedAt', { type: 'DateTime', description: 'When the owner consented.' }),
    scopes: t.exposeStringList('scopes', { description: 'X’s names of what was allowed.' }),
    refusals: t.exposeInt('refusals', {
      description: 'How often in a row X has refused it, after a refresh each time.',
    }),
    refusedSince: t.expose('refusedSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when X has refused it; null when it is well.',
    }),
  }),
})

export const AccountRef = builder.prismaNode('Account', {
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
    manualConversion: t.exposeBoolean('manualConversion', {
      ...staffOnly,
      description: 'Whether its posts are converted into tickets by hand. Never while `captureMentions` is on.',
    }),
    otherDirectMessageChannel: t.exposeBoolean('otherDirectMessageChannel', {
      ...adminOnly,
      description: 'Whether another channel turns its direct messages into tickets already, as an administrator said.',
    }),
    canReply: t.boolean({
      ...staffOnly,
      description: 'Whether agents can answer as this account now: it allows replies and is active.',
      select: { status: true, allowReplies: true },
      resolve: (account) => canReply(account),
    }),
    allowReplies: t.exposeBoolean('allowReplies', {
      ...staffOnly,
      description: 'Whether agents may answer as this account.',
    }),
    isDefault: t.exposeBoolean('isDefault', {
      ...staffOnly,
      description: 'Whether answers come from it where the account addressed may not answer. One at most.',
    }),
    capturesFrom: t.expose('capturesFrom', {
      ...adminOnly,
      type: 'DateTime',
      description: 'What was said before is not fetched: when it was connected, or last switched on again.',
    }),
    deactivatedAt: t.expose('deactivatedAt', {
      ...staffOnly,
      type: 'DateTime',
      nullable: true,
      description: 'Since when an administrator has switched it off; null when it is not.',
    }),
    deauthorization: t.field({
      ...staffOnly,
      type: DeauthorizationRef,
      nullable: true,
      description: 'Why X no longer lets it in; null when it does.',
      select: { deauthorizedAt: true, deauthorizationCause: true },
      resolve: ({ deauthorizedAt: at, deauthorizationCause: cause }) => (at && cause ? { at, cause } : null),
    }),
    grant: t.relation('credential', {
      ...adminOnly,
      type: AccountGrantRef,
      nullable: true,
      description: 'What its owner allowed; null while X does not let it in.',
    }),
    inactivity: t.field({
      ...adminOnly,
      type: InactivityRef,
      nullable: true,
      description: 'How long it has been without traffic, and how long it may be yet; null while it is not active.',
      select: { status: true, lastTrafficAt: true },
      resolve: ({ status, lastTrafficAt }) =>
        status === 'ACTIVE' ? { lastTrafficAt, ...inactivityOf(lastTrafficAt, new Date()) } : null,
    }),
    createdAt: t.expose('createdAt', { ...staffOnly, type: 'DateTime', description: 'When it was connected.' }),
    updatedAt: t.expose('updatedAt', { ...staffOnly, type: 'DateTime', description: 'When it was last changed.' }),
  }),
})

builder.queryField('accounts', (t) =>
  t.prismaField({
    type: [AccountRef],
    authScopes: { staff: true },
    complexity: { field: 1, multiplier: 5 },
    description: 'The connected accounts, the oldest first. For agents and administrators.',
    args: {
      includeUnlinked: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'With those that were unlinked; their tickets still name them.',
      }),
    },
    resolve: (query, _root, { includeUnlinked }, { prisma }) =>
      prisma.account.findMany({
        ...query,
        ...(includeUnlinked ? {} : { where: { status: { not: 'UNLINKED' } } }),
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      }),
  }),
)
