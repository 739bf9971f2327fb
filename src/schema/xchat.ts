import type { XChatStatus } from '../domain/xchat.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import { allowanceOf, type UnreadCount, unreadOf } from './xchat-batches.ts'
import { XChatStatusEnum, XChatUnreadReasonEnum } from './xchat-enums.ts'

/* What administrators see of an account's XChat (F39-F45). Its key is never shown. */

interface XChat {
  readonly accountId: string
  readonly status: XChatStatus
  readonly confirmedAt: Date | null
  readonly guessesLeft: number | null
}

const UnreadReasonRef = builder.objectRef<UnreadCount>('XChatUnreadCount').implement({
  description: 'Encrypted messages that were not read, for one reason.',
  fields: (t) => ({
    reason: t.expose('reason', { type: XChatUnreadReasonEnum, description: 'Why.' }),
    count: t.exposeInt('count', { description: 'How many.' }),
    oldestAt: t.expose('oldestAt', { type: 'DateTime', description: 'When the oldest of them was sent.' }),
  }),
})

const UnreadRef = builder.objectRef<readonly UnreadCount[]>('XChatUnread').implement({
  description: 'Encrypted messages that were not read. They are kept as X sent them, and lost to nobody.',
  fields: (t) => ({
    count: t.int({
      description: 'How many in all.',
      resolve: (reasons) => reasons.reduce((sum, { count }) => sum + count, 0),
    }),
    oldestAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the oldest was sent; null when there is none.',
      resolve: ([oldest]) => oldest?.oldestAt ?? null,
    }),
    reasons: t.field({
      type: [UnreadReasonRef],
      description: 'Why, the longest waiting first.',
      resolve: (reasons) => [...reasons],
    }),
  }),
})

const AccountXChatRef = builder.objectRef<XChat>('AccountXChat').implement({
  description: 'An account’s XChat: X’s encrypted messages. For administrators.',
  fields: (t) => ({
    status: t.expose('status', { type: XChatStatusEnum, description: 'How far it can be read.' }),
    confirmedAt: t.expose('confirmedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the PIN was last confirmed; null when it never was.',
    }),
    guessesLeft: t.exposeInt('guessesLeft', {
      nullable: true,
      description:
        'How many wrong PINs X had left when it last said so; it deletes the keys after the last. Null when it has not since a right one.',
    }),
    attemptsLeft: t.int({
      description: 'How many wrong PINs Perch takes from you for this account now. Always fewer than X has.',
      resolve: async ({ accountId: id, guessesLeft }, _args, context) =>
        (await allowanceOf(context)({ id, guessesLeft })).attemptsLeft,
    }),
    retryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When Perch takes another PIN; null when it does now.',
      resolve: async ({ accountId: id, guessesLeft }, _args, context) =>
        (await allowanceOf(context)({ id, guessesLeft })).retryAt,
    }),
    unread: t.field({
      type: UnreadRef,
      description: 'What was not read, and why.',
      resolve: ({ accountId }, _args, context) => unreadOf(context)(accountId),
    }),
  }),
})

builder.prismaObjectFields(AccountRef, (t) => ({
  xchat: t.field({
    type: AccountXChatRef,
    nullable: true,
    authScopes: { admin: true },
    description: 'Its encrypted messages; null while direct messages are not captured. For administrators.',
    select: {
      id: true,
      captureDirectMessages: true,
      xchat: { select: { status: true, confirmedAt: true, guessesLeft: true } },
    },
    resolve: ({ id: accountId, captureDirectMessages, xchat }) => {
      if (!captureDirectMessages) return null
      const { status, confirmedAt, guessesLeft } = xchat ?? {
        status: 'PIN_REQUIRED',
        confirmedAt: null,
        guessesLeft: null,
      }
      return { accountId, status, confirmedAt, guessesLeft }
    },
  }),
}))
