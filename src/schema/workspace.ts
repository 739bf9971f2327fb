import type { WorkspaceOutcome } from '../accounts/accounts.ts'
import { HANDLES, type Plan } from '../domain/account.ts'
import type { RequesterSettings, RequesterWarning } from '../domain/requester-settings.ts'
import { CLOSE_AFTER_DAYS, CLOSE_AFTER_DAYS_AT_MOST } from '../domain/ticket-transitions.ts'
import { builder } from './builder.ts'
import { described } from './enums.ts'
import { outcomeFields } from './outcome-fields.ts'
import { viewerOf } from './viewer.ts'

const PlanEnum = builder.enumType('Plan', {
  description: 'What a workspace has room for.',
  values: {
    SUPPORT: { description: 'One X account, public posts only.' },
    SUITE: { description: 'Five X accounts, with direct messages and XChat.' },
  },
})

const TicketLinksEnum = builder.enumType('TicketLinks', {
  description: 'Whether what is sent to requesters carries a link to their ticket’s page.',
  values: described({ ALWAYS: 'Every reply carries it.', AGENT_DECIDES: 'Whoever replies says so each time.' }),
})

const TicketLinkFormEnum = builder.enumType('TicketLinkForm', {
  description: 'Which link it is.',
  values: described({
    SHORT: 'A short one: `/t/` and a code, or what the shortener of the settings makes of it.',
    ORIGINAL: 'The address of the ticket’s page itself.',
  }),
})

interface Shown extends RequesterSettings {
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
    requesterPage: t.exposeBoolean('requesterPage', {
      description: 'Whether requesters have a page of their own, with their tickets.',
    }),
    requesterSignIn: t.exposeBoolean('requesterSignIn', {
      description: 'Whether they sign in to it with X. Never without `requesterPage`.',
    }),
    ticketLinks: t.field({
      type: TicketLinksEnum,
      nullable: true,
      description: 'Whether replies carry a link to the ticket’s page; null: none do, for requesters cannot sign in.',
      resolve: ({ requesterSignIn, ticketLinks }) => (requesterSignIn ? ticketLinks : null),
    }),
    ticketLinkForm: t.field({
      type: TicketLinkFormEnum,
      nullable: true,
      description: 'Which link; null like `ticketLinks`.',
      resolve: ({ requesterSignIn, ticketLinkForm }) => (requesterSignIn ? ticketLinkForm : null),
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
    requesterPage: t.boolean({
      description: 'Whether requesters have a page of their own. Switched off, it takes `requesterSignIn` along.',
    }),
    requesterSignIn: t.boolean({
      description: 'Whether they sign in to it with X. Needs `requesterPage`. Switched off, replies carry no links.',
    }),
    ticketLinks: t.field({
      type: TicketLinksEnum,
      description: 'Whether replies carry a link to the ticket’s page. Needs `requesterSignIn`; ALWAYS at first.',
    }),
    ticketLinkForm: t.field({
      type: TicketLinkFormEnum,
      description: 'Which link. Needs `requesterSignIn`; SHORT at first.',
    }),
  }),
})

const WorkspaceWarningRef = builder.objectRef<RequesterWarning>('WorkspaceWarning').implement({
  description: 'Something that the change brought along.',
  fields: (t) => ({
    code: t.expose('code', {
      type: builder.enumType('WorkspaceWarningCode', {
        description: 'What a change of settings can bring along.',
        values: described({
          REQUESTER_SIGN_IN_OFF: 'Requesters can no longer sign in: their page was switched off.',
          TICKET_LINKS_OFF: 'Replies no longer carry links to tickets: requesters cannot sign in any more.',
        }),
      }),
      description: 'What, for programs.',
    }),
    message: t.exposeString('message', { description: 'What, for people.' }),
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
    warnings: t.field({
      type: [WorkspaceWarningRef],
      description: 'What went off with what was switched off.',
      resolve: ({ warnings }) => [...warnings],
    }),
    ...outcomeFields(t, 'What is wrong. Not empty: nothing was changed.', 'Where the log ends.'),
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
