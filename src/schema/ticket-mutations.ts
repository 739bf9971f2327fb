import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { visibleComments, visibleTickets } from '../domain/visibility.ts'
import { addNote } from '../tickets/add-note.ts'
import { moveToEmail } from '../tickets/move-to-email.ts'
import { updateTicket } from '../tickets/update-ticket.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import { TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields, ticketField } from './outcome-fields.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What people do with one ticket. The rules are in domain/ticket.ts, the doing in tickets/. */

interface TicketPayload {
  readonly ticketId: string | null
  readonly commentId?: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const UpdateTicketInput = builder.inputType('UpdateTicketInput', {
  description: 'What to change of a ticket. What is not given stays as it is.',
  fields: (t) => ({
    ticketId: t.id({ required: true, description: 'The ticket.' }),
    subject: t.string({ description: 'The new subject, at most 500 characters.' }),
    status: t.field({
      type: TicketStatusEnum,
      description:
        'The new status. Not NEW, and not CLOSED, which comes by itself. SOLVED needs an assignee: you, if there is none.',
    }),
    priority: t.field({ type: TicketPriorityEnum, description: 'The new priority. It cannot be taken away again.' }),
    assigneeId: t.id({ description: 'Who shall work on it: an active agent or administrator. Null: nobody.' }),
    groupId: t.id({ description: 'The group it is given to; the assignee must be a member. Null: none.' }),
    tags: t.stringList({ description: 'All of its tags anew. Not together with `addTags` and `removeTags`.' }),
    addTags: t.stringList({ description: 'Tags to add.' }),
    removeTags: t.stringList({ description: 'Tags to take away.' }),
    ifVersion: t.int({ description: 'The `version` that you know: if it has another, nothing is changed (CONFLICT).' }),
  }),
})

const ticketPayload = (name: string, of: string) =>
  builder.objectRef<TicketPayload>(name).implement({
    description: `What became of a \`${of}\`.`,
    fields: (t) => ({
      ticket: ticketField(t),
      ...outcomeFields(t),
    }),
  })

const UpdateTicketPayload = ticketPayload('UpdateTicketPayload', 'updateTicket')

builder.mutationField('updateTicket', (t) =>
  t.field({
    type: UpdateTicketPayload,
    authScopes: { staff: true },
    complexity: 10,
    description: 'Changes a ticket. For agents and administrators.',
    args: { input: t.arg({ type: UpdateTicketInput, required: true, description: 'What to change.' }) },
    resolve: async (_root, { input: { ticketId: id, ifVersion, ...input } }, context) => {
      const ids = new IdReader()
      const ticketId = ids.read('Ticket', 'ticketId', id)
      const assigneeId = ids.readOptional('User', 'assigneeId', input.assigneeId)
      const groupId = ids.readOptional('Group', 'groupId', input.groupId)
      if (ticketId === undefined || ids.userErrors.length > 0)
        return { ticketId: null, ...(await nowhere(context, ids.userErrors)) }
      return updateTicket(context.store, viewerOf(context), ticketId, { ...input, assigneeId, groupId }, ifVersion)
    },
  }),
)

const AddNoteInput = builder.inputType('AddNoteInput', {
  description: 'A private note to add to a ticket.',
  fields: (t) => ({
    ticketId: t.id({ required: true, description: 'The ticket.' }),
    body: t.string({ required: true, description: 'The text, at most 50,000 characters.' }),
  }),
})

const AddNotePayload = builder.objectRef<TicketPayload>('AddNotePayload').implement({
  description: 'What became of an `addNote`.',
  fields: (t) => ({
    comment: t.prismaField({
      type: CommentRef,
      nullable: true,
      description: 'The note; null when it was not added.',
      resolve: (query, { commentId }, _args, context) =>
        commentId
          ? context.prisma.comment.findUnique({
              ...query,
              where: {
                id: commentId,
                ...visibleComments(viewerOf(context)),
                ticket: visibleTickets(viewerOf(context)),
              },
            })
          : null,
    }),
    ...outcomeFields(
      t,
      'What is wrong with the input. Not empty: nothing was added.',
      'The log position that includes the note.',
    ),
  }),
})

builder.mutationField('addNote', (t) =>
  t.field({
    type: AddNotePayload,
    authScopes: { staff: true },
    complexity: 10,
    description: 'Adds a note that only agents and administrators read. For agents and administrators.',
    args: { input: t.arg({ type: AddNoteInput, required: true, description: 'The note.' }) },
    resolve: async (_root, { input: { ticketId: id, body } }, context) => {
      const ids = new IdReader()
      const ticketId = ids.read('Ticket', 'ticketId', id)
      if (ticketId === undefined) return { ticketId: null, ...(await nowhere(context, ids.userErrors)) }
      return addNote(context.store, viewerOf(context), ticketId, body)
    },
  }),
)

const MoveTicketToEmailInput = builder.inputType('MoveTicketToEmailInput', {
  description: 'A ticket whose answers shall go by e-mail.',
  fields: (t) => ({
    ticketId: t.id({ required: true, description: 'The ticket.' }),
    back: t.boolean({
      required: true,
      defaultValue: false,
      description: 'The other way round: answers travel as the customer wrote again.',
    }),
  }),
})

const MoveTicketToEmailPayload = ticketPayload('MoveTicketToEmailPayload', 'moveTicketToEmail')

builder.mutationField('moveTicketToEmail', (t) =>
  t.field({
    type: MoveTicketToEmailPayload,
    authScopes: { staff: true },
    complexity: 10,
    description:
      'From now on answers to the ticket go to the requester’s e-mail address (`updateEndUser` sets it). For agents and administrators.',
    args: { input: t.arg({ type: MoveTicketToEmailInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input: { ticketId: id, back } }, context) => {
      const ids = new IdReader()
      const ticketId = ids.read('Ticket', 'ticketId', id)
      if (ticketId === undefined) return { ticketId: null, ...(await nowhere(context, ids.userErrors)) }
      return moveToEmail(context.store, viewerOf(context), ticketId, back)
    },
  }),
)
