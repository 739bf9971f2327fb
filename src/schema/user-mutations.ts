import { type UserOutcome, updateUser } from '../people/update-user.ts'
import { builder } from './builder.ts'
import { TicketAccessEnum } from './enums.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields, userField } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What administrators do with people. The rules are in domain/people.ts, the doing in people/. */

const StaffRoleEnum = builder.enumType('StaffRole', {
  description: 'What somebody who works here is.',
  values: {
    ADMIN: { description: 'Sets the workspace up, and does all that an agent does.' },
    AGENT: { description: 'Works tickets.' },
  },
})

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  description: 'What to change of somebody. What is not given, or null, stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The person.' }),
    role: t.field({ type: StaffRoleEnum, description: 'What they are here. An end user becomes an agent by this.' }),
    ticketAccess: t.field({
      type: TicketAccessEnum,
      description: 'Which tickets they see, as an agent. Administrators see all.',
    }),
    groupIds: t.idList({ description: 'All of their groups anew.' }),
    active: t.boolean({
      description:
        'False: they cannot sign in or be assigned, and what they have open ends. Of an end user: suspended.',
    }),
  }),
})

const UpdateUserPayload = builder.objectRef<UserOutcome>('UpdateUserPayload').implement({
  description: 'What became of an `updateUser`.',
  fields: (t) => ({
    user: userField(t, 'The person as they are now; null when there is none.'),
    ...outcomeFields(t),
  }),
})

builder.mutationField('updateUser', (t) =>
  t.field({
    type: UpdateUserPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Changes what somebody may do and see. What they have open follows within a second. For administrators.',
    args: { input: t.arg({ type: UpdateUserInput, required: true, description: 'What to change.' }) },
    resolve: async (_root, { input: { id, groupIds: groups, ...input } }, context): Promise<UserOutcome> => {
      const ids = new IdReader()
      const userId = ids.read('User', 'id', id)
      const groupIds = ids.readList('Group', 'groupIds', groups)
      if (userId === undefined || ids.userErrors.length > 0)
        return { userId: null, ...(await nowhere(context, ids.userErrors)) }
      return updateUser(context.store, viewerOf(context).userId, userId, { ...input, groupIds })
    },
  }),
)
