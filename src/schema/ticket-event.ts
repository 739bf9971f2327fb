import { isRestricted, isStaff } from '../domain/visibility.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import type { Context } from './context.ts'
import { encodeGlobalId } from './global-id.ts'
import { eventOf, type LiveEvent, liveEvents } from './live.ts'
import { afterArg, placeInLog } from './live-fields.ts'
import { liveComment, liveTicket } from './live-objects.ts'
import { TicketRef } from './ticket.ts'
import { changesOf, TicketChangeRef } from './ticket-changes.ts'
import { leavesSight, type TicketEventBody, type TicketLogEvent, ticketEventFilter } from './ticket-event-filter.ts'
import { readConditions, TicketEventFilterInput } from './ticket-filter.ts'
import { TicketSnapshotRef } from './ticket-snapshot.ts'
import { viewerOf } from './viewer.ts'

/** The types of events as clients know them. */
export const TICKET_EVENT_TYPES = {
  'ticket.created': 'TICKET_CREATED',
  'ticket.updated': 'TICKET_UPDATED',
  'ticket.deleted': 'TICKET_DELETED',
  'ticket.restored': 'TICKET_RESTORED',
  'ticket.erased': 'TICKET_ERASED',
  'ticket.merged': 'TICKET_MERGED',
  'comment.created': 'COMMENT_CREATED',
  'comment.updated': 'COMMENT_UPDATED',
} as const satisfies Record<TicketEventBody['type'], string>

export const TicketEventTypeEnum = builder.enumType('TicketEventType', {
  description: 'What can happen to a ticket, as you see it.',
  values: {
    TICKET_CREATED: { description: 'It was opened.' },
    TICKET_UPDATED: { description: 'Some of its fields changed: see `changes`. It may be new to you.' },
    TICKET_LEFT: { description: 'It left your sight, for somebody else works on it now. You are told its id alone.' },
    TICKET_DELETED: { description: 'It was deleted: take it out of the list. It can be restored for 30 days.' },
    TICKET_RESTORED: { description: 'It was deleted, and is back as it was.' },
    TICKET_ERASED: { description: 'It was deleted 30 days ago, and is gone. For agents and administrators.' },
    TICKET_MERGED: { description: 'It was merged into another, or others into it.' },
    COMMENT_CREATED: { description: 'Something was said on it.' },
    COMMENT_UPDATED: { description: 'A comment changed, as when it was delivered.' },
    ACCESS_CHANGED: {
      description: 'You see other tickets than before, by an administrator’s doing. It is about no ticket: query anew.',
    },
  },
})

/** What of an event the subscriber may know: its ticket's story; undefined where it left, or is about no ticket. */
function bodyFor({ event: { body }, audience }: LiveEvent<TicketLogEvent>): TicketEventBody | undefined {
  return body.type === 'user.updated' || leavesSight(audience, body) ? undefined : body
}

/** Of the tickets of a merge, those that the subscriber sees. All have one requester: only restricted agents may not. */
async function seenIds(context: Context, live: LiveEvent, ids: readonly string[]): Promise<string[]> {
  const seen = isRestricted(live.audience)
    ? await Promise.all(ids.map((id) => liveTicket(context, live, id, { select: { id: true } })))
    : ids.map((id) => ({ id }))
  return seen.flatMap((ticket) => (ticket ? [encodeGlobalId('Ticket', ticket.id)] : []))
}

/** The comment that an event is about; null where it is about none. */
function commentOf(live: LiveEvent<TicketLogEvent>): string | null {
  const body = bodyFor(live)
  if (body && 'comment' in body) return body.comment.id
  return body?.type === 'ticket.created' ? body.commentId : null
}

const TicketEvent = builder.objectRef<LiveEvent<TicketLogEvent>>('TicketEvent').implement({
  description: 'Something happened to a ticket.',
  fields: (t) => ({
    ...placeInLog(t),
    type: t.field({
      type: TicketEventTypeEnum,
      description: 'What.',
      resolve: (live) => {
        if (live.event.body.type === 'user.updated') return 'ACCESS_CHANGED'
        const body = bodyFor(live)
        return body ? TICKET_EVENT_TYPES[body.type] : 'TICKET_LEFT'
      },
    }),
    actor: t.field({
      type: ActorRef,
      nullable: true,
      description: 'Who did it; null with TICKET_LEFT.',
      resolve: (live) => (live.event.body.type === 'user.updated' || bodyFor(live) ? live : null),
    }),
    ticketId: t.id({
      nullable: true,
      description: 'The id of the ticket, also of one that is gone; null with ACCESS_CHANGED.',
      resolve: ({ event: { body } }) =>
        body.type === 'user.updated' ? null : encodeGlobalId('Ticket', body.ticket.id),
    }),
    ticketNumber: t.int({
      nullable: true,
      description: 'Its number, also of one that is gone; null with TICKET_LEFT and ACCESS_CHANGED.',
      resolve: (live) => bodyFor(live)?.ticket.number ?? null,
    }),
    snapshot: t.field({
      type: TicketSnapshotRef,
      nullable: true,
      description:
        'The ticket as the event left it, out of the log; null with TICKET_LEFT and ACCESS_CHANGED. Words are not in the log.',
      resolve: (live) => {
        const body = bodyFor(live)
        return body ? { ticket: body.ticket, audience: live.audience } : null
      },
    }),
    mergedIntoId: t.id({
      nullable: true,
      description: 'With TICKET_MERGED: the ticket that it was merged into, if you see that; null: others into it.',
      resolve: async (live, _args, context) => {
        const body = bodyFor(live)
        if (body?.type !== 'ticket.merged' || body.intoId === null) return null
        return (await seenIds(context, live, [body.intoId]))[0] ?? null
      },
    }),
    mergedSourceIds: t.idList({
      description: 'With TICKET_MERGED: the tickets that were merged into it, as far as you see them.',
      resolve: (live, _args, context) => {
        const body = bodyFor(live)
        return body?.type === 'ticket.merged' ? seenIds(context, live, body.sourceIds) : []
      },
    }),
    ticket: t.prismaField({
      type: TicketRef,
      nullable: true,
      description: 'The ticket as it is now; null if it is gone since, or out of your sight.',
      resolve: (query, live, _args, context) => {
        const body = bodyFor(live)
        return body ? liveTicket(context, live, body.ticket.id, query) : null
      },
    }),
    changes: t.field({
      type: [TicketChangeRef],
      description: 'What changed, as far as you see it. Empty where something came to be.',
      resolve: (live) => {
        const body = bodyFor(live)
        return body ? changesOf(body, live.audience) : []
      },
    }),
    comment: t.prismaField({
      type: CommentRef,
      nullable: true,
      description: 'The comment that it is about: of a new ticket, the first. Null where there is none that you see.',
      resolve: (query, live, _args, context) => {
        const id = commentOf(live)
        return id === null ? null : liveComment(context, live, id, query)
      },
    }),
    commentId: t.id({
      nullable: true,
      description: 'The id of that comment, also of one that is gone.',
      resolve: async (live, _args, context) => {
        const id = commentOf(live)
        if (id === null) return null
        // The log does not say of a new ticket's comment whether it is a note, of which customers are told nothing.
        const maybeNote = live.event.body.type === 'ticket.created' && !isStaff(live.audience)
        if (maybeNote && !(await liveComment(context, live, id, {}))) return null
        return encodeGlobalId('Comment', id)
      },
    }),
  }),
})

builder.subscriptionField('ticketEvents', (t) =>
  t.field({
    type: TicketEvent,
    description:
      'Everything that happens to tickets that you see, in the order it happened, also that one comes into your sight or leaves it.',
    args: {
      ...afterArg(),
      filter: t.arg({
        type: TicketEventFilterInput,
        description: 'Only tickets that match, or matched until this event.',
      }),
      until: t.arg({
        type: 'Position',
        description:
          'Ends when everything up to this position was told, also if that is nothing: see `eventLog`. Not given: goes on.',
      }),
    },
    subscribe: (_root, { after, filter, until }, context) =>
      liveEvents(context, after, ticketEventFilter(readConditions(filter, viewerOf(context))), until),
    resolve: eventOf,
  }),
)
