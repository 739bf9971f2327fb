import type { WorkspaceOutcome } from '../accounts/accounts.ts'
import { HANDLES, type Plan } from '../domain/account.ts'
import { CLOSE_AFTER_DAYS, CLOSE_AFTER_DAYS_AT_MOST } from '../domain/ticket-transitions.ts'
import { builder } from './builder.ts'
import { UserErrorRef } from './user-error.ts'
import { viewerOf } from './viewer.ts'

const PlanEnum = builder.enumType('Plan', {
  description: 'What a workspace has room for.',
  values: {
    SUPPORT: { description: 'One X account, public posts only.' },
    SUITE: { description: 'Five X accounts, with direct messages and XChat.' },
  },
})

interface Shown {
  readonly name: string
  readonly plan: Plan
  readonly redactDeletedPosts: boolean
  readonly closeSolvedAfterDays: number
}

const WorkspaceRef = builder.objectRef<Shown>('Workspace').implement({
  description: 'The workspace: one deployment is one.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    plan: t.expose('plan', { type: PlanEnum, description: 'Its plan.' }),
    redactDeletedPosts: t.exposeBoolean('redactDeletedPosts', {
      description: 'Whether the text of a post is erased here when its author deletes it on X, as X’s policy asks.',
    }),
    closeSolvedAfterDays: t.exposeInt('closeSolvedAfterDays', {
      description: 'After how many days a solved ticket closes by itself.',
    }),
    accountsAllowed: t.int({
      description: 'How many X accounts the plan has room for.',
      resolve: ({ plan }) => HANDLES[plan],
    }),
    accountsUsed: t.int({
      description: 'How many there are; deactivated ones count.',
      resolve: (_workspace, _args, { prisma }) => prisma.account.count({ where: { status: { not: 'UNLINKED' } } }),
    }),
  }),
})

builder.queryField('workspace', (t) =>
  t.field({
    type: WorkspaceRef,
    authScopes: { staff: true },
    description: 'The workspace. For agents and administrators.',
    resolve: (_root, _args, { prisma }) => prisma.workspace.findUniqueOrThrow({ where: { id: 1 } }),
  }),
)

const UpdateWorkspaceInput = builder.inputType('UpdateWorkspaceInput', {
  description: 'What to change of the workspace.',
  fields: (t) => ({
    plan: t.field({ type: PlanEnum, description: 'The plan.' }),
    redactDeletedPosts: t.boolean({
      description: 'Whether the text of a post is erased here when its author deletes it on X.',
    }),
    closeSolvedAfterDays: t.int({
      description: `After how many days a solved ticket closes by itself: 0 to ${CLOSE_AFTER_DAYS_AT_MOST}. ${CLOSE_AFTER_DAYS} at first.`,
    }),
  }),
})

const UpdateWorkspacePayload = builder.objectRef<WorkspaceOutcome>('UpdateWorkspacePayload').implement({
  description: 'What became of an `updateWorkspace`.',
  fields: (t) => ({
    workspace: t.field({
      type: WorkspaceRef,
      description: 'The workspace as it is now.',
      resolve: (_payload, _args, { prisma }) => prisma.workspace.findUniqueOrThrow({ where: { id: 1 } }),
    }),
    userErrors: t.field({
      type: [UserErrorRef],
      description: 'What is wrong. Not empty: nothing was changed.',
      resolve: ({ userErrors }) => [...userErrors],
    }),
    position: t.expose('position', { type: 'Position', description: 'Where the log ends.' }),
  }),
})

builder.mutationField('updateWorkspace', (t) =>
  t.field({
    type: UpdateWorkspacePayload,
    authScopes: { admin: true },
    complexity: 10,
    description: 'Changes the settings; the plan, if the accounts there are fit into it. For administrators.',
    args: { input: t.arg({ type: UpdateWorkspaceInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input }, context) => context.accounts.updateWorkspace(viewerOf(context).userId, input),
  }),
)
