import { z } from 'zod'
import { DELIVERY_STATES, type DeliveryState } from './delivery.ts'
import type { Position } from './position.ts'
import { TICKET_ACCESS } from './ticket-access.ts'

/*
 * What the log says happened. An event carries ids, the changed fields and what filters and
 * visibility need, before and after; never message text, so that redaction and erasure touch one
 * place (DESIGN §1). The schemas are the contract of the `event` table and of the bus.
 */

export const TICKET_STATUSES = ['NEW', 'OPEN', 'PENDING', 'HOLD', 'SOLVED', 'CLOSED'] as const
export const TICKET_PRIORITIES = ['LOW', 'NORMAL', 'HIGH', 'URGENT'] as const
export const TICKET_CHANNELS = ['X_CORP', 'X_CORP_DM', 'X_CORP_LIKE'] as const
/** What befalls an account, besides a change of its settings. */
export const ACCOUNT_CHANGES = [
  'DEACTIVATED',
  'REACTIVATED',
  'UNLINKED',
  'RELINKED',
  'DEAUTHORIZED',
  'REAUTHORIZED',
  'INACTIVITY_WARNING',
  'XCHAT',
  'BUDGET_SLOWED',
  'BUDGET_EXHAUSTED',
] as const
/** How far a bulk update is (F72). */
export const JOB_STATUSES = ['QUEUED', 'WORKING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
/** Why X no longer lets an account in (F46, F48). */
export const DEAUTHORIZATION_CAUSES = ['PASSWORD_CHANGED', 'APP_REMOVED', 'REFUSED', 'INACTIVE'] as const
/** What befalls a post among the incoming ones. */
export const INCOMING_POST_CHANGES = ['EDITED', 'CONVERTED', 'DELETED', 'DISMISSED'] as const
export type DeauthorizationCause = (typeof DEAUTHORIZATION_CAUSES)[number]
export type TicketStatus = (typeof TICKET_STATUSES)[number]
export type TicketPriority = (typeof TICKET_PRIORITIES)[number]
export type TicketChannel = (typeof TICKET_CHANNELS)[number]

/** What filters and visibility may ask of a ticket: everything but its words. */
export const ticketSnapshotSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  status: z.enum(TICKET_STATUSES),
  priority: z.enum(TICKET_PRIORITIES).nullable(),
  channel: z.enum(TICKET_CHANNELS),
  accountId: z.string(),
  requesterId: z.string(),
  assigneeId: z.string().nullable(),
  groupId: z.string().nullable(),
  tags: z.array(z.string()),
  /** F69. Absent: it is not deleted or, in events older than this field, it is not known. */
  deleted: z.boolean().optional(),
})
export type TicketSnapshot = z.infer<typeof ticketSnapshotSchema>

/** The same with what is told only where it changes. */
const updatedTicketSchema = ticketSnapshotSchema.extend({
  /** F38, ISO 8601: since when answers go by e-mail. */
  movedToEmailAt: z.string().nullable().optional(),
})

/**
 * Who did it: a person (user id), or a part of the program (`ingest`, `system`, `job`). A person may have done it by a
 * bulk update of theirs.
 */
export const actorSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user'), id: z.string(), bulkUpdateId: z.string().optional() }),
  z.object({ kind: z.literal('requester'), id: z.string() }),
  z.object({ kind: z.literal('system'), part: z.string() }),
])
export type Actor = z.infer<typeof actorSchema>

const commentRefSchema = z.object({
  id: z.string(),
  authorId: z.string().nullable(),
  direction: z.enum(['INBOUND', 'OUTBOUND']),
  visibility: z.enum(['PUBLIC', 'PRIVATE']),
})

export const eventBodySchema = z.discriminatedUnion('type', [
  /** A ticket was opened; `commentId` is its first comment. */
  z.object({ type: z.literal('ticket.created'), ticket: ticketSnapshotSchema, commentId: z.string().nullable() }),
  /** `ticket` is the state after, `before` the old values of exactly the fields in `changed`. */
  z.object({
    type: z.literal('ticket.updated'),
    ticket: updatedTicketSchema,
    before: updatedTicketSchema.partial(),
    changed: z.array(z.string()),
  }),
  /** F69. `spam`: its requester was suspended with it. Restored, it is as it was. */
  z.object({ type: z.literal('ticket.deleted'), ticket: ticketSnapshotSchema, spam: z.boolean() }),
  z.object({ type: z.literal('ticket.restored'), ticket: ticketSnapshotSchema }),
  /** It was deleted too long ago, and is gone for good. */
  z.object({ type: z.literal('ticket.erased'), ticket: ticketSnapshotSchema }),
  /** F70. Told of each source, which is closed now (`intoId`), and of the target (`sourceIds`). */
  z.object({
    type: z.literal('ticket.merged'),
    ticket: ticketSnapshotSchema,
    intoId: z.string().nullable(),
    sourceIds: z.array(z.string()),
  }),
  z.object({ type: z.literal('comment.created'), ticket: ticketSnapshotSchema, comment: commentRefSchema }),
  z.object({
    type: z.literal('comment.updated'),
    ticket: ticketSnapshotSchema,
    comment: commentRefSchema,
    changed: z.array(z.string()),
    /** With `deliveryState`. Absent: in events older than this field. */
    delivery: z.object({ before: z.enum(DELIVERY_STATES), after: z.enum(DELIVERY_STATES) }).optional(),
  }),
  z.object({ type: z.literal('account.created'), accountId: z.string() }),
  /** `what` happened to it; absent: some of its fields changed. `cause` with DEAUTHORIZED, `days` with INACTIVITY_WARNING. */
  z.object({
    type: z.literal('account.updated'),
    accountId: z.string(),
    changed: z.array(z.string()),
    what: z.enum(ACCOUNT_CHANGES).optional(),
    cause: z.enum(DEAUTHORIZATION_CAUSES).optional(),
    days: z.number().int().optional(),
  }),
  z.object({
    type: z.literal('incomingPost.created'),
    postId: z.string(),
    accountId: z.string(),
    state: z.enum(['WAITING', 'CONVERTED', 'IGNORED']),
  }),
  /** `state` is the one after. `ticketId` tells, in the table, what it became. */
  z.object({
    type: z.literal('incomingPost.updated'),
    postId: z.string(),
    accountId: z.string(),
    state: z.enum(['WAITING', 'CONVERTED', 'IGNORED']),
    what: z.enum(INCOMING_POST_CHANGES),
    changed: z.array(z.string()),
  }),
  /** What somebody may see or do changed. The values are those after; live subscriptions of theirs go by them. */
  z.object({
    type: z.literal('user.updated'),
    userId: z.string(),
    role: z.enum(['ADMIN', 'AGENT', 'END_USER']),
    active: z.boolean(),
    ticketAccess: z.enum(TICKET_ACCESS),
    groupIds: z.array(z.string()),
    changed: z.array(z.string()),
  }),
  z.object({ type: z.literal('group.created'), groupId: z.string() }),
  /** `changed` may name `members`; who came and went, their own `user.updated` say. */
  z.object({ type: z.literal('group.updated'), groupId: z.string(), changed: z.array(z.string()) }),
  z.object({ type: z.literal('group.deleted'), groupId: z.string() }),
  /** A bulk update went on. For whoever began it, and administrators. */
  z.object({
    type: z.literal('bulkUpdate.progress'),
    jobId: z.string(),
    ownerId: z.string(),
    status: z.enum(JOB_STATUSES),
    total: z.number().int(),
    done: z.number().int(),
    failed: z.number().int(),
    ratePerSecond: z.number().nullable(),
    etaSeconds: z.number().nullable(),
  }),
  /** An event that this version cannot read (a newer one wrote it). It keeps its place, so nothing stops. */
  z.object({ type: z.literal('unknown'), originally: z.string() }),
])
/** What happened, before the log has given it a place. */
export type EventBody = z.infer<typeof eventBodySchema>

/** That an answer stands otherwise on its way out, or is tried again. */
export const deliveryChanged = (
  ticket: TicketSnapshot,
  comment: z.infer<typeof commentRefSchema>,
  before: DeliveryState,
  after: DeliveryState,
): EventBody => ({
  type: 'comment.updated',
  ticket,
  comment,
  changed: ['deliveryState'],
  delivery: { before, after },
})

export const logEventSchema = z.object({
  offset: z.number().int().positive(),
  /** ISO 8601, the database's clock. */
  at: z.string(),
  actor: actorSchema,
  body: eventBodySchema,
})
/** An event in its place. `offset` belongs to the epoch of the batch or log it came with. */
export type LogEvent = z.infer<typeof logEventSchema>

/** An event out of the log's row; what this version cannot read of it keeps its place as `unknown`. */
export function readLogEvent(row: {
  readonly offset: bigint
  readonly at: Date
  readonly type: string
  readonly actor: unknown
  readonly data: unknown
}): LogEvent {
  const actor = actorSchema.safeParse(row.actor)
  const body = eventBodySchema.safeParse(row.data)
  return {
    offset: Number(row.offset),
    at: row.at.toISOString(),
    actor: actor.success ? actor.data : { kind: 'system', part: 'unknown' },
    body: body.success ? body.data : { type: 'unknown', originally: row.type },
  }
}

/** Events that follow one another without a gap, all of one epoch. Never empty. */
export interface EventBatch {
  readonly epoch: string
  readonly events: readonly LogEvent[]
}

/** The position right behind a batch: what a client that has seen all of it resumes after. */
export function endOf(batch: EventBatch): Position {
  return { epoch: batch.epoch, offset: (batch.events.at(-1) as LogEvent).offset }
}
