import type { SettingsWarning } from '../domain/account.ts'
import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What administrators do with X accounts (F3). The rules are in domain/account.ts, the doing in accounts/. */

export interface AccountPayload {
  readonly accountId: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
  readonly warnings?: readonly SettingsWarning[]
}

const SettingsWarningCodeEnum = builder.enumType('AccountWarningCode', {
  description: 'What an administrator should know of settings that are allowed.',
  values: {
    DUPLICATE_TICKETS: { description: 'Another channel reads the same direct messages: each becomes two tickets.' },
  },
})

const AccountWarningRef = builder.objectRef<SettingsWarning>('AccountWarning').implement({
  description: 'Something to know about settings that were saved all the same.',
  fields: (t) => ({
    code: t.expose('code', { type: SettingsWarningCodeEnum, description: 'What, for programs.' }),
    message: t.exposeString('message', { description: 'What, for people.' }),
  }),
})

/** The payload that all changes of an account answer with. */
export function payload(name: string, of: string, withWarnings = false) {
  return builder.objectRef<AccountPayload>(name).implement({
    description: `What became of ${of}.`,
    fields: (t) => ({
      account: t.prismaField({
        type: AccountRef,
        nullable: true,
        description: 'The account as it is now; null when there is none.',
        resolve: (query, { accountId }, _args, { prisma }) =>
          accountId === null ? null : prisma.account.findUnique({ ...query, where: { id: accountId } }),
      }),
      ...(withWarnings && {
        warnings: t.field({
          type: [AccountWarningRef],
          description: 'What to know about the settings as they are now.',
          resolve: ({ warnings }) => [...(warnings ?? [])],
        }),
      }),
      ...outcomeFields(t, 'What is wrong. Not empty: nothing was changed.'),
    }),
  })
}

/** Reads the account's id, and does the deed unless it is none. */
export async function onAccount<Outcome>(
  context: Context,
  id: string,
  deed: (userId: string, accountId: string) => Promise<Outcome>,
): Promise<Outcome | AccountPayload> {
  const ids = new IdReader()
  const accountId = ids.read('Account', 'accountId', id)
  if (accountId === undefined) return { accountId: null, ...(await nowhere(context, ids.userErrors)) }
  return deed(viewerOf(context).userId, accountId)
}

const UpdateAccountInput = builder.inputType('UpdateAccountInput', {
  description: 'Settings of an account. What is not given stays as it is, or follows from what is.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'The account.' }),
    captureMentions: t.boolean({
      description:
        'Whether posts that mention it, and replies to its posts, become tickets. Switched off, `manualConversion` is switched on.',
    }),
    manualConversion: t.boolean({
      description: 'Whether posts are converted by hand. Not while `captureMentions` is on.',
    }),
    captureDirectMessages: t.boolean({
      description:
        'Whether direct messages become tickets. Not on the Support plan. Switched off, XChat is disabled too and its key erased.',
    }),
    otherDirectMessageChannel: t.boolean({
      description: 'Say so when another channel turns its direct messages into tickets; you are warned of duplicates.',
    }),
    trackLikes: t.boolean({ description: 'Whether posts that it likes become tickets.' }),
    allowReplies: t.boolean({
      description: 'Whether agents may answer as this account. Switched off, it is no longer the default.',
    }),
    isDefault: t.boolean({
      description: 'Whether it is the default, instead of the one that was. Needs `allowReplies`.',
    }),
    brandId: t.string({ description: 'The brand that it speaks for. Null: none.' }),
    monthlyBudget: t.field({
      type: 'Dollars',
      description:
        'What X may charge for it in a calendar month (UTC): from four fifths of it polling slows, at all of it polling stops until the month ends. Null: no limit.',
    }),
  }),
})

const UpdateAccountPayload = payload('UpdateAccountPayload', 'an `updateAccount`', true)

builder.mutationField('updateAccount', (t) =>
  t.field({
    type: UpdateAccountPayload,
    authScopes: { admin: true },
    complexity: 10,
    description: 'Changes the settings of an account. For administrators.',
    args: { input: t.arg({ type: UpdateAccountInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input: { accountId: id, brandId, monthlyBudget, ...flags } }, context) =>
      onAccount<AccountPayload>(context, id, (userId, accountId) => {
        // Null means "not given" for what is either on or off; a brand or a budget can be taken away.
        const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== null))
        return context.accounts.update(userId, accountId, { ...given, brandId, monthlyBudget })
      }),
  }),
)

/** An input that only says which account. */
export const accountInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ accountId: t.id({ required: true, description: 'The account.' }) }),
  })

const DeactivateAccountInput = accountInput('DeactivateAccountInput', 'An account to switch off.')
const DeactivateAccountPayload = payload('DeactivateAccountPayload', 'a `deactivateAccount`')

builder.mutationField('deactivateAccount', (t) =>
  t.field({
    type: DeactivateAccountPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Switches an account off: no tickets and no answers until it is switched on again. For administrators.',
    args: { input: t.arg({ type: DeactivateAccountInput, required: true, description: 'Which.' }) },
    resolve: (_root, { input }, context) =>
      onAccount<AccountPayload>(context, input.accountId, context.accounts.deactivate),
  }),
)

const ReactivateAccountInput = accountInput('ReactivateAccountInput', 'An account to switch on again.')
const ReactivateAccountPayload = payload('ReactivateAccountPayload', 'a `reactivateAccount`')

builder.mutationField('reactivateAccount', (t) =>
  t.field({
    type: ReactivateAccountPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Switches an account on again, from now on: what was said meanwhile does not become tickets. For administrators.',
    args: { input: t.arg({ type: ReactivateAccountInput, required: true, description: 'Which.' }) },
    resolve: (_root, { input }, context) =>
      onAccount<AccountPayload>(context, input.accountId, context.accounts.reactivate),
  }),
)

const UnlinkAccountInput = builder.inputType('UnlinkAccountInput', {
  description: 'An account to let go.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'The account.' }),
    screenName: t.string({ required: true, description: 'Its handle, typed to confirm.' }),
  }),
})
const UnlinkAccountPayload = payload('UnlinkAccountPayload', 'an `unlinkAccount`')

builder.mutationField('unlinkAccount', (t) =>
  t.field({
    type: UnlinkAccountPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Lets an account go: its tokens and keys are ended at X and erased; its tickets and their history stay. For administrators.',
    args: { input: t.arg({ type: UnlinkAccountInput, required: true, description: 'Which, and the confirmation.' }) },
    resolve: (_root, { input }, context) =>
      onAccount<AccountPayload>(context, input.accountId, (userId, accountId) =>
        context.accounts.unlink(userId, accountId, input.screenName),
      ),
  }),
)

const CompleteAccountAuthorizationInput = builder.inputType('CompleteAccountAuthorizationInput', {
  description: 'What X sent back to the callback: `state` with `code`, or with `error`.',
  fields: (t) => ({
    state: t.string({ required: true, description: 'The state.' }),
    code: t.string({ description: 'The code, if the owner consented. It lives for 30 seconds.' }),
    error: t.string({ description: 'The error, if not, such as `access_denied`.' }),
  }),
})
const CompleteAccountAuthorizationPayload = payload(
  'CompleteAccountAuthorizationPayload',
  'a `completeAccountAuthorization`',
)

builder.mutationField('completeAccountAuthorization', (t) =>
  t.field({
    type: CompleteAccountAuthorizationPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Finishes an authorization that you started, with what X sent back; `/oauth/x/callback` does so by itself. For administrators.',
    args: {
      input: t.arg({ type: CompleteAccountAuthorizationInput, required: true, description: 'What X sent back.' }),
    },
    resolve: (_root, { input }, context) => context.accounts.completeAuthorization(viewerOf(context).userId, input),
  }),
)
