import { PerchError } from '../domain/errors.ts'
import { mayEditEndUsers } from '../domain/visibility.ts'
import { suspendUser } from '../people/suspend-user.ts'
import type { UserOutcome } from '../people/update-user.ts'
import { deleteTicket, markTicketAsSpam } from '../tickets/delete-ticket.ts'
import { mergeTickets } from '../tickets/merge-tickets.ts'
import type { Outcome } from '../tickets/outcome.ts'
import { restoreTicket } from '../tickets/restore-ticket.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields, ticketField, userField } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* F69, F70: what people do with whole tickets, and with those who send what is none. */

const TicketLifePayload = builder.objectRef<Outcome>('TicketLifePayload').implement({
  description: 'What became of a ticket that was to be deleted, restored or merged.',
  fields: (t) => ({
    ticket: ticketField(t, 'The ticket as it is now; of a merge, the target. Null when there is none that you see.'),
    ...outcomeFields(t, 'What is wrong. Not empty: nothing was changed.'),
  }),
})

const TicketInput = builder.inputType('TicketInput', {
  description: 'A ticket that something is to be done with.',
  fields: (t) => ({ ticketId: t.id({ required: true, description: 'The ticket.' }) }),
})

/** F55. */
function admitToEndUsers(context: Context, name: string): void {
  if (!mayEditEndUsers(viewerOf(context)))
    throw new PerchError('FORBIDDEN', `Mutation.${name} is not for agents whose ticket access is restricted.`)
}

const OF_ONE_TICKET = {
  deleteTicket: {
    work: deleteTicket,
    description:
      'Deletes a ticket, also a closed one: it leaves every list. It can be restored for 30 days. For agents and administrators.',
  },
  restoreTicket: {
    work: restoreTicket,
    description: 'Brings a deleted ticket back as it was, for 30 days. For agents and administrators.',
  },
  markTicketAsSpam: {
    work: markTicketAsSpam,
    description:
      'Deletes a ticket that is not closed, and suspends its requester. For administrators, and agents who see all tickets.',
  },
} as const

for (const [name, { work, description }] of Object.entries(OF_ONE_TICKET)) {
  builder.mutationField(name, (t) =>
    t.field({
      type: TicketLifePayload,
      authScopes: { staff: true },
      complexity: 10,
      description,
      args: { input: t.arg({ type: TicketInput, required: true, description: 'Which one.' }) },
      resolve: async (_root, { input: { ticketId: id } }, context): Promise<Outcome> => {
        if (name === 'markTicketAsSpam') admitToEndUsers(context, name)
        const ids = new IdReader()
        const ticketId = ids.read('Ticket', 'ticketId', id)
        if (ticketId === undefined) return { ticketId: null, ...(await nowhere(context, ids.userErrors)) }
        return work(context.store, viewerOf(context), ticketId)
      },
    }),
  )
}

const MergeTicketsInput = builder.inputType('MergeTicketsInput', {
  description: 'Tickets to make one of.',
  fields: (t) => ({
    sourceIds: t.idList({
      required: true,
      description: 'Those that close: 1 to 100, of the account and the requester of the target.',
    }),
    targetId: t.id({ required: true, description: 'The one that stays.' }),
    sourceComment: t.string({ description: 'The private note on each source. Not given: it names the target.' }),
    targetComment: t.string({ description: 'The private note on the target. Not given: it names the sources.' }),
  }),
})

builder.mutationField('mergeTickets', (t) =>
  t.field({
    type: TicketLifePayload,
    authScopes: { staff: true },
    complexity: 100,
    description:
      'Merges tickets into one: the sources close, the target takes their tags. All or none. For agents and administrators.',
    args: { input: t.arg({ type: MergeTicketsInput, required: true, description: 'Which, into which.' }) },
    resolve: async (_root, { input }, context): Promise<Outcome> => {
      const ids = new IdReader()
      const sourceIds = input.sourceIds.flatMap((id) => ids.read('Ticket', 'sourceIds', id) ?? [])
      const targetId = ids.read('Ticket', 'targetId', input.targetId)
      if (targetId === undefined || ids.userErrors.length > 0)
        return { ticketId: null, ...(await nowhere(context, ids.userErrors)) }
      return mergeTickets(context.store, viewerOf(context), { ...input, sourceIds, targetId })
    },
  }),
)

const SuspensionInput = builder.inputType('SuspensionInput', {
  description: 'Somebody to suspend, or to let in again.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The end user.' }) }),
})

const SuspensionPayload = builder.objectRef<UserOutcome>('SuspensionPayload').implement({
  description: 'What became of a suspension, or its end.',
  fields: (t) => ({
    user: userField(t, 'The end user as they are now; null when there is none.'),
    ...outcomeFields(t, 'What is wrong. Not empty: nothing was changed.'),
  }),
})

const SUSPENSIONS = {
  suspendUser: {
    suspended: true,
    description:
      'Suspends an end user: no sign-in, posts wait, messages are left alone. For administrators, and agents who see all tickets.',
  },
  unsuspendUser: {
    suspended: false,
    description: 'Lets a suspended end user in again. For administrators, and agents who see all tickets.',
  },
} as const

for (const [name, { suspended, description }] of Object.entries(SUSPENSIONS)) {
  builder.mutationField(name, (t) =>
    t.field({
      type: SuspensionPayload,
      authScopes: { staff: true },
      complexity: 10,
      description,
      args: { input: t.arg({ type: SuspensionInput, required: true, description: 'Whom.' }) },
      resolve: async (_root, { input: { userId: id } }, context): Promise<UserOutcome> => {
        admitToEndUsers(context, name)
        const ids = new IdReader()
        const userId = ids.read('User', 'userId', id)
        if (userId === undefined) return { userId: null, ...(await nowhere(context, ids.userErrors)) }
        return suspendUser(context.store, viewerOf(context).userId, userId, suspended)
      },
    }),
  )
}
