import type { UserError } from '../domain/errors.ts'
import { PerchError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import { isStaff, visibleComments, visibleTickets } from '../domain/visibility.ts'
import { addComment } from '../tickets/add-comment.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import type { Context, Viewer } from './context.ts'
import { nowhere } from './nowhere.ts'
import { outcomeFields } from './outcome-fields.ts'
import { TicketRef } from './ticket.ts'
import { UserRef } from './user.ts'
import { IdReader } from './user-error.ts'
import { viewerOf } from './viewer.ts'

/* What requesters do by themselves (F53). The rules are in domain/, the doing in tickets/ and requesters/. */

/** The end user who asks. Throws FORBIDDEN for the team, who have mutations of their own. */
function requesterOf(context: Context, field: string): Viewer {
  const viewer = viewerOf(context)
  if (isStaff(viewer)) throw new PerchError('FORBIDDEN', `Mutation.${field} is for end users.`)
  return viewer
}

interface AddCommentResult {
  readonly ticketId: string | null
  readonly commentId: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

const AddCommentInput = builder.inputType('AddCommentInput', {
  description: 'Something to say on a ticket of yours.',
  fields: (t) => ({
    ticketId: t.id({ required: true, description: 'The ticket.' }),
    body: t.string({ required: true, description: 'The text, at most 50,000 characters.' }),
  }),
})

const AddCommentPayload = builder.objectRef<AddCommentResult>('AddCommentPayload').implement({
  description: 'What became of an `addComment`.',
  fields: (t) => ({
    ticket: t.prismaField({
      type: TicketRef,
      nullable: true,
      description:
        'The ticket that the comment stands on. Where the one named is closed, its follow-up: see `followUpOf`.',
      resolve: (query, { ticketId }, _args, context) =>
        ticketId === null
          ? null
          : context.prisma.ticket.findUnique({
              ...query,
              where: { id: ticketId, ...visibleTickets(viewerOf(context)) },
            }),
    }),
    comment: t.prismaField({
      type: CommentRef,
      nullable: true,
      description: 'The comment; null when it was not added.',
      resolve: (query, { commentId }, _args, context) =>
        commentId === null
          ? null
          : context.prisma.comment.findUnique({
              ...query,
              where: { id: commentId, ...visibleComments(viewerOf(context)) },
            }),
    }),
    ...outcomeFields(
      t,
      'What is wrong with the input. Not empty: nothing was added.',
      'The log position that includes the comment.',
    ),
  }),
})

builder.mutationField('addComment', (t) =>
  t.field({
    type: AddCommentPayload,
    complexity: 10,
    description:
      'Says more on a ticket of yours, at any length. It is open again then; a closed one goes on in a follow-up. For end users.',
    args: { input: t.arg({ type: AddCommentInput, required: true, description: 'What to say.' }) },
    resolve: async (_root, { input: { ticketId: id, body } }, context): Promise<AddCommentResult> => {
      const requester = requesterOf(context, 'addComment')
      const ids = new IdReader()
      const ticketId = ids.read('Ticket', 'ticketId', id)
      if (ticketId === undefined)
        return { ticketId: null, commentId: null, ...(await nowhere(context, ids.userErrors)) }
      return addComment(context.store, requester, ticketId, body)
    },
  }),
)

interface ViewerResult {
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

/** The payload of what changes the viewer. */
const viewerPayload = (name: string, of: string) =>
  builder.objectRef<ViewerResult>(name).implement({
    description: `What became of ${of}.`,
    fields: (t) => ({
      viewer: t.prismaField({
        type: UserRef,
        description: 'You, as you are now.',
        resolve: (query, _payload, _args, context) =>
          context.prisma.user.findUniqueOrThrow({ ...query, where: { id: viewerOf(context).userId } }),
      }),
      ...outcomeFields(t, undefined, 'Where the log ends.'),
    }),
  })

const UpdateViewerInput = builder.inputType('UpdateViewerInput', {
  description: 'What to change of yourself. What is not given stays as it is.',
  fields: (t) => ({
    name: t.string({ description: 'What to call you, at most 100 characters.' }),
    email: t.string({
      description:
        'Where to write to you. A mail is sent there, and it counts once you follow its link. Null: nowhere.',
    }),
    signOutEverywhere: t.boolean({
      description:
        'True: ends all your sessions of the requester’s page, in every browser, this one too. Access tokens stay good.',
    }),
  }),
})

builder.mutationField('updateViewer', (t) =>
  t.field({
    type: viewerPayload('UpdateViewerPayload', 'an `updateViewer`'),
    complexity: 10,
    description: 'Changes your own name and e-mail address, or signs you out everywhere. For end users.',
    args: { input: t.arg({ type: UpdateViewerInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input }, context) => context.profiles.update(requesterOf(context, 'updateViewer').userId, input),
  }),
)

const ConfirmEmailInput = builder.inputType('ConfirmEmailInput', {
  description: 'Which address is confirmed.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'What the link of the e-mail carries behind `#`.' }),
  }),
})

builder.mutationField('confirmEmail', (t) =>
  t.field({
    type: viewerPayload('ConfirmEmailPayload', 'a `confirmEmail`'),
    complexity: 10,
    description: 'Confirms an e-mail address that you gave as yours. For end users.',
    args: { input: t.arg({ type: ConfirmEmailInput, required: true, description: 'Which.' }) },
    resolve: (_root, { input: { token } }, context) =>
      context.profiles.confirmEmail(requesterOf(context, 'confirmEmail').userId, token),
  }),
)
