import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { builder } from './builder.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

interface Started {
  readonly authorizeUrl: string | null
  readonly expiresAt: Date | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const StartAccountAuthorizationInput = builder.inputType('StartAccountAuthorizationInput', {
  description: 'Which account is to be authorized.',
  fields: (t) => ({
    accountId: t.id({
      description: 'An account to authorize anew. Not given: a new one, or one that X no longer lets in.',
    }),
  }),
})

const StartAccountAuthorizationPayload = builder.objectRef<Started>('StartAccountAuthorizationPayload').implement({
  description: 'What became of a `startAccountAuthorization`.',
  fields: (t) => ({
    authorizeUrl: t.exposeString('authorizeUrl', {
      nullable: true,
      description:
        'Send the browser of the account’s owner here. Good once, for ten minutes, in your name; null with userErrors.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'Until when it is good.' }),
    ...outcomeFields(t, 'What is wrong. Not empty: nothing was started.', 'Where the log ends.'),
  }),
})

builder.mutationField('startAccountAuthorization', (t) =>
  t.field({
    type: StartAccountAuthorizationPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Starts connecting an account of X (OAuth 2.0 with PKCE), or authorizing one anew. For administrators.',
    args: {
      input: t.arg({ type: StartAccountAuthorizationInput, required: true, defaultValue: {}, description: 'Which.' }),
    },
    resolve: async (_root, { input }, context): Promise<Started> => {
      const ids = new IdReader()
      const accountId = ids.readOptional('Account', 'accountId', input.accountId) ?? null
      if (ids.userErrors.length > 0) {
        return { authorizeUrl: null, expiresAt: null, ...(await nowhere(context, ids.userErrors)) }
      }
      return context.accounts.startAuthorization(viewerOf(context).userId, accountId)
    },
  }),
)
