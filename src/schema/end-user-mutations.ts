import { PerchError } from '../domain/errors.ts'
import { mayEditEndUsers } from '../domain/visibility.ts'
import { updateEndUser } from '../people/update-end-user.ts'
import type { UserOutcome } from '../people/update-user.ts'
import { builder } from './builder.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields, userField } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* F55: what those who see all tickets do with end users. */

const UpdateEndUserInput = builder.inputType('UpdateEndUserInput', {
  description: 'What to change of an end user. What is not given stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The end user.' }),
    name: t.string({ description: 'The name to show, at most 100 characters. Null: as it is.' }),
    email: t.string({ description: 'The e-mail address, where answers may go. Null: none.' }),
  }),
})

const UpdateEndUserPayload = builder.objectRef<UserOutcome>('UpdateEndUserPayload').implement({
  description: 'What became of an `updateEndUser`.',
  fields: (t) => ({
    user: userField(t, 'The end user as they are now; null when there is none.'),
    ...outcomeFields(t),
  }),
})

builder.mutationField('updateEndUser', (t) =>
  t.field({
    type: UpdateEndUserPayload,
    authScopes: { staff: true },
    complexity: 10,
    description: 'Changes what is known of an end user. For administrators, and agents who see all tickets.',
    args: { input: t.arg({ type: UpdateEndUserInput, required: true, description: 'What to change.' }) },
    resolve: async (_root, { input: { id, name, email } }, context): Promise<UserOutcome> => {
      const viewer = viewerOf(context)
      if (!mayEditEndUsers(viewer))
        throw new PerchError('FORBIDDEN', 'Mutation.updateEndUser is not for agents whose ticket access is restricted.')
      const ids = new IdReader()
      const userId = ids.read('User', 'id', id)
      if (userId === undefined) return { userId: null, ...(await nowhere(context, ids.userErrors)) }
      return updateEndUser(context.store, viewer.userId, userId, { name, email })
    },
  }),
)
