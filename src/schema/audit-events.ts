import type { DeliveryState } from '../domain/delivery.ts'
import { visibleTickets } from '../domain/visibility.ts'
import { AUDIT_FIELDS, AuditFieldEnum, AuditValue, auditValue } from './audit-values.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import { DeliveryStateEnum } from './enums.ts'
import { TicketRef } from './ticket.ts'
import { TICKET_EVENT_TYPES, TicketEventTypeEnum } from './ticket-event.ts'
import type { TicketEventBody } from './ticket-event-filter.ts'
import { viewerOf } from './viewer.ts'

/* What an event of the log says of a ticket, piece by piece. */

type Type = typeof TicketEventTypeEnum.$inferType
interface Delivery {
  readonly before: DeliveryState
  readonly after: DeliveryState
}
type Piece =
  | {
      readonly kind: 'AuditFieldChange'
      readonly field: string
      readonly before: ReturnType<typeof auditValue>
      readonly after: ReturnType<typeof auditValue>
    }
  | {
      readonly kind: 'AuditComment'
      readonly type: Type
      readonly commentId: string
      readonly fields: readonly string[]
      readonly delivery?: Delivery | undefined
    }
  | { readonly kind: 'AuditStep'; readonly type: Type; readonly spam: boolean }
  | { readonly kind: 'AuditMerge'; readonly intoId: string | null; readonly sourceIds: readonly string[] }
type Of<Kind extends Piece['kind']> = Extract<Piece, { kind: Kind }>

/** The pieces of an event. */
export function piecesOf(body: TicketEventBody): Piece[] {
  const type = TICKET_EVENT_TYPES[body.type]
  switch (body.type) {
    case 'ticket.updated':
      return body.changed
        .filter((field) => AUDIT_FIELDS[field])
        .map((field) => ({
          kind: 'AuditFieldChange',
          field,
          before: auditValue(field, body.before),
          after: auditValue(field, body.ticket),
        }))
    case 'ticket.created': {
      const opened = { kind: 'AuditStep', type, spam: false } as const
      const { commentId } = body
      return commentId === null
        ? [opened]
        : [opened, { kind: 'AuditComment', type: 'COMMENT_CREATED', commentId, fields: [] }]
    }
    case 'comment.created':
      return [{ kind: 'AuditComment', type, commentId: body.comment.id, fields: [] }]
    case 'comment.updated':
      return [{ kind: 'AuditComment', type, commentId: body.comment.id, fields: body.changed, delivery: body.delivery }]
    case 'ticket.merged':
      return [{ kind: 'AuditMerge', intoId: body.intoId, sourceIds: body.sourceIds }]
    default:
      return [{ kind: 'AuditStep', type, spam: body.type === 'ticket.deleted' && body.spam }]
  }
}

const AuditFieldChange = builder.objectRef<Of<'AuditFieldChange'>>('AuditFieldChange').implement({
  description: 'A field changed.',
  fields: (t) => ({
    field: t.field({
      type: AuditFieldEnum,
      description: 'Which.',
      resolve: ({ field }) => AUDIT_FIELDS[field] ?? 'SUBJECT',
    }),
    before: t.field({
      type: AuditValue,
      nullable: true,
      description: 'What it was; null: nothing, or text, which the log does not keep.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: AuditValue,
      nullable: true,
      description: 'What it became; null: nothing, or text, which the log does not keep.',
      resolve: ({ after }) => after,
    }),
  }),
})

const AuditDelivery = builder.objectRef<Delivery>('AuditDelivery').implement({
  description: 'How an answer stood on its way to the customer, and how it stands.',
  fields: (t) => ({
    before: t.expose('before', { type: DeliveryStateEnum, description: 'How it stood.' }),
    after: t.expose('after', {
      type: DeliveryStateEnum,
      description: 'How it stands; the same again when X takes nothing for now.',
    }),
  }),
})

const AuditComment = builder.objectRef<Of<'AuditComment'>>('AuditComment').implement({
  description: 'A comment was added, or changed.',
  fields: (t) => ({
    type: t.expose('type', { type: TicketEventTypeEnum, description: 'COMMENT_CREATED or COMMENT_UPDATED.' }),
    comment: t.prismaField({
      type: CommentRef,
      nullable: true,
      description: 'The comment as it is now; null when it is gone.',
      resolve: (query, { commentId }, _args, { prisma }) =>
        prisma.comment.findUnique({ ...query, where: { id: commentId } }),
    }),
    fields: t.stringList({
      description: 'What of it changed, such as `body`, `deletedAt`, `deliveryState`. Empty when it was added.',
      resolve: ({ fields }) => [...fields],
    }),
    delivery: t.field({
      type: AuditDelivery,
      nullable: true,
      description: 'With `deliveryState`: how the answer stood, and stands.',
      resolve: ({ delivery }) => delivery ?? null,
    }),
  }),
})

const AuditStep = builder.objectRef<Of<'AuditStep'>>('AuditStep').implement({
  description: 'The ticket was opened, deleted or restored.',
  fields: (t) => ({
    type: t.expose('type', { type: TicketEventTypeEnum, description: 'Which of these.' }),
    spam: t.exposeBoolean('spam', { description: 'Whether it was deleted as spam, its requester suspended with it.' }),
  }),
})

const AuditMerge = builder.objectRef<Of<'AuditMerge'>>('AuditMerge').implement({
  description: 'The ticket was merged into another, or others into it.',
  fields: (t) => ({
    into: t.prismaField({
      type: TicketRef,
      nullable: true,
      description: 'The ticket that it was merged into, if you see that; null: others were merged into it.',
      resolve: (query, { intoId }, _args, context) =>
        intoId === null
          ? null
          : context.prisma.ticket.findUnique({ ...query, where: { id: intoId, ...visibleTickets(viewerOf(context)) } }),
    }),
    sources: t.prismaField({
      type: [TicketRef],
      description: 'The tickets that were merged into it, as far as you see them.',
      resolve: (query, { sourceIds }, _args, context) =>
        sourceIds.length === 0
          ? []
          : context.prisma.ticket.findMany({
              ...query,
              where: { id: { in: [...sourceIds] }, ...visibleTickets(viewerOf(context)) },
              orderBy: { number: 'asc' },
            }),
    }),
  }),
})

export const AuditEvent = builder.unionType('AuditEvent', {
  description: 'One thing that happened to a ticket.',
  types: [AuditFieldChange, AuditComment, AuditStep, AuditMerge],
  resolveType: (piece) => piece.kind,
})
