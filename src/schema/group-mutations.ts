import { createGroup, deleteGroup, type GroupOutcome, updateGroup } from '../people/groups.ts'
import { builder } from './builder.ts'
import { GroupRef } from './group.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What administrators do with groups. */

/** The payload of a mutation of groups. */
const payload = (name: string, mutation: string, group: string) =>
  builder.objectRef<GroupOutcome>(name).implement({
    description: `What became of a \`${mutation}\`.`,
    fields: (t) => ({
      group: t.prismaField({
        type: GroupRef,
        nullable: true,
        description: group,
        resolve: (query, { groupId }, _args, { prisma }) =>
          groupId === null ? null : prisma.group.findUnique({ ...query, where: { id: groupId } }),
      }),
      ...outcomeFields(t),
    }),
  })

const CreateGroupInput = builder.inputType('CreateGroupInput', {
  description: 'A group to make.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name, at most 100 characters, once in the workspace.' }),
    memberIds: t.idList({ description: 'Its members: agents and administrators.' }),
  }),
})

const CreateGroupPayload = payload('CreateGroupPayload', 'createGroup', 'The group; null when it was not made.')

builder.mutationField('createGroup', (t) =>
  t.field({
    type: CreateGroupPayload,
    authScopes: { admin: true },
    complexity: 10,
    description: 'Makes a group. For administrators.',
    args: { input: t.arg({ type: CreateGroupInput, required: true, description: 'The group.' }) },
    resolve: async (_root, { input: { name, memberIds: members } }, context): Promise<GroupOutcome> => {
      const ids = new IdReader()
      const memberIds = ids.readList('User', 'memberIds', members)
      if (ids.userErrors.length > 0) return { groupId: null, ...(await nowhere(context, ids.userErrors)) }
      return createGroup(context.store, viewerOf(context).userId, { name, memberIds })
    },
  }),
)

const UpdateGroupInput = builder.inputType('UpdateGroupInput', {
  description: 'What to change of a group. What is not given, or null, stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The group.' }),
    name: t.string({ description: 'Its new name, at most 100 characters, once in the workspace.' }),
    memberIds: t.idList({ description: 'All of its members anew: agents and administrators.' }),
  }),
})

const UpdateGroupPayload = payload(
  'UpdateGroupPayload',
  'updateGroup',
  'The group as it is now; null when there is none.',
)

builder.mutationField('updateGroup', (t) =>
  t.field({
    type: UpdateGroupPayload,
    authScopes: { admin: true },
    complexity: 10,
    description:
      'Changes a group. What its members have open follows within a second. Tickets stay assigned. For administrators.',
    args: { input: t.arg({ type: UpdateGroupInput, required: true, description: 'What to change.' }) },
    resolve: async (_root, { input: { id, name, memberIds: members } }, context): Promise<GroupOutcome> => {
      const ids = new IdReader()
      const groupId = ids.read('Group', 'id', id)
      const memberIds = ids.readList('User', 'memberIds', members)
      if (groupId === undefined || ids.userErrors.length > 0)
        return { groupId: null, ...(await nowhere(context, ids.userErrors)) }
      return updateGroup(context.store, viewerOf(context).userId, groupId, { name, memberIds })
    },
  }),
)

const DeleteGroupInput = builder.inputType('DeleteGroupInput', {
  description: 'A group to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'The group.' }) }),
})

const DeleteGroupPayload = payload(
  'DeleteGroupPayload',
  'deleteGroup',
  'The group, with `deletedAt` once it is deleted; null when there is none.',
)

builder.mutationField('deleteGroup', (t) =>
  t.field({
    type: DeleteGroupPayload,
    authScopes: { admin: true },
    complexity: 10,
    description: 'Deletes a group that has no tickets but closed ones, which keep its name. For administrators.',
    args: { input: t.arg({ type: DeleteGroupInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input: { id } }, context): Promise<GroupOutcome> => {
      const ids = new IdReader()
      const groupId = ids.read('Group', 'id', id)
      if (groupId === undefined) return { groupId: null, ...(await nowhere(context, ids.userErrors)) }
      return deleteGroup(context.store, viewerOf(context).userId, groupId)
    },
  }),
)
