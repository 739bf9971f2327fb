import { AccountRef } from './account.ts'
import { type AccountPayload, accountInput, onAccount, payload } from './account-mutations.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { XChatPinOutcomeEnum } from './xchat-enums.ts'
import './xchat-pin.ts'
import { outcomeFields } from './outcome-fields.ts'

/* XChat is set up by its PIN (F39-F45). The caps are in domain/xchat-pin.ts, the doing in accounts/xchat/. */

type PinResult = Awaited<ReturnType<Context['accounts']['xchat']['confirm']>>
/** Without an account there is nothing to say about a PIN. */
type PinPayload = AccountPayload & Partial<PinResult>

const ConfirmXChatPinInput = builder.inputType('ConfirmXChatPinInput', {
  description: 'The PIN of an account’s XChat.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'The account.' }),
    pin: t.field({
      type: 'XChatPin',
      required: true,
      description: 'The four digits that its owner chose in X. Used once, to recover the key; never kept.',
    }),
  }),
})

const ConfirmXChatPinPayload = builder.objectRef<PinPayload>('ConfirmXChatPinPayload').implement({
  description: 'What became of a `confirmXChatPin`.',
  fields: (t) => ({
    account: t.prismaField({
      type: AccountRef,
      nullable: true,
      description: 'The account as it is now; null when there is none.',
      resolve: (query, { accountId }, _args, { prisma }) =>
        accountId === null ? null : prisma.account.findUnique({ ...query, where: { id: accountId } }),
    }),
    outcome: t.field({
      type: XChatPinOutcomeEnum,
      nullable: true,
      description: 'What became of the PIN; null with `userErrors`.',
      resolve: ({ outcome }) => outcome ?? null,
    }),
    guessesLeft: t.int({
      nullable: true,
      description: 'How many wrong PINs X had left when it last said so; it deletes the keys after the last.',
      resolve: ({ guessesLeft }) => guessesLeft ?? null,
    }),
    attemptsLeft: t.int({
      nullable: true,
      description: 'How many wrong PINs Perch takes from you for this account now; null when there is none.',
      resolve: ({ attemptsLeft }) => attemptsLeft ?? null,
    }),
    retryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is worth another try, if not now.',
      resolve: ({ retryAt }) => retryAt ?? null,
    }),
    ...outcomeFields(t, 'Why the PIN could not be tried, or its key not be kept. Not empty: nothing was changed.'),
  }),
})

builder.mutationField('confirmXChatPin', (t) =>
  t.field({
    type: ConfirmXChatPinPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Confirms the PIN of an account’s XChat, so that its messages are read. Spends one of X’s guesses; takes a few seconds. For administrators.',
    args: { input: t.arg({ type: ConfirmXChatPinInput, required: true, description: 'The account and its PIN.' }) },
    resolve: (_root, { input: { accountId: id, pin } }, context) =>
      onAccount<PinPayload>(context, id, (userId, accountId) => context.accounts.xchat.confirm(userId, accountId, pin)),
  }),
)

const DisableXChatInput = accountInput('DisableXChatInput', 'An account whose encrypted messages are not to be read.')
const DisableXChatPayload = payload('DisableXChatPayload', 'a `disableXChat`')

builder.mutationField('disableXChat', (t) =>
  t.field({
    type: DisableXChatPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Switches XChat off for an account and erases its key. Confirming the PIN switches it on again. For administrators.',
    args: { input: t.arg({ type: DisableXChatInput, required: true, description: 'Which.' }) },
    resolve: (_root, { input }, context) =>
      onAccount<AccountPayload>(context, input.accountId, context.accounts.xchat.disable),
  }),
)
