import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { CommentRef } from './comment.ts'
import { eventOf, type LiveEvent, liveEvents } from './live.ts'
import { afterArg, placeInLog } from './live-fields.ts'
import { liveComment, liveTicket } from './live-objects.ts'
import { TicketRef } from './ticket.ts'
import { changesOf, TicketChangeRef } from './ticket-changes.ts'
import { type TicketEventBody, type TicketLogEvent, ticketEventFilter } from './ticket-event-filter.ts'
import { readConditions, TicketEventFilterInput } from './ticket-filter.ts'
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
  description: 'What can happen to a ticket.',
  values: {
    TICKET_CREATED: { description: 'It was opened.' },
    TICKET_UPDATED: { description: 'Some of its fields changed: see `changes`.' },
    TICKET_DELETED: { description: 'It was deleted: take it out of the list. It can be restored for 30 days.' },
    TICKET_RESTORED: { description: 'It was deleted, and is back as it was.' },
    TICKET_ERASED: { description: 'It was deleted 30 days ago, and is gone. For agents and administrators.' },
    TICKET_MERGED: { description: 'It was merged into another, or others into it.' },
    COMMENT_CREATED: { description: 'Something was said on it.' },
    COMMENT_UPDATED: { description: 'A comment changed, as when it was delivered.' },
  },
})

const TicketEvent = builder.objectRef<LiveEvent<TicketLogEvent>>('TicketEvent').implement({
  description: 'Something happened to a ticket.',
  fields: (t) => ({
    ...placeInLog(t),
    type: t.field({
      type: TicketEventTypeEnum,
      description: 'What.',
      resolve: ({ event }) => TICKET_EVENT_TYPES[event.body.type],
    }),
    actor: t.field({ type: ActorRef, description: 'Who did it.', resolve: (live) => live }),
    ticket: t.prismaField({
      type: TicketRef,
      nullable: true,
      description: 'The ticket as it is now; null if it is gone since.',
      resolve: (query, live, _args, context) => liveTicket(context, live, live.event.body.ticket.id, query),
    }),
    changes: t.field({
      type: [TicketChangeRef],
      description: 'What changed, as far as you see it. Empty where something came to be.',
      resolve: ({ event }, _args, context) => changesOf(event.body, viewerOf(context)),
    }),
    comment: t.prismaField({
      type: CommentRef,
      nullable: true,
      description: 'The comment that it is about: of a new ticket, the first. Null where there is none that you see.',
      resolve: (query, live, _args, context) => {
        const { body } = live.event
        const id = 'comment' in body ? body.comment.id : body.type === 'ticket.created' ? body.commentId : null
        return id === null ? null : liveComment(context, live, id, query)
      },
    }),
  }),
})

builder.subscriptionField('ticketEvents', (t) =>
  t.field({
    type: TicketEvent,
    description: 'Everything that happens to tickets that you see, in the order it happened.',
    args: {
      ...afterArg(),
      filter: t.arg({
        type: TicketEventFilterInput,
        description: 'Only tickets that match, or matched until this event.',
      }),
    },
    subscribe: (_root, { after, filter }, context) => {
      const viewer = viewerOf(context)
      return liveEvents(context, after, ticketEventFilter(readConditions(filter, viewer), viewer))
    },
    resolve: eventOf,
  }),
)
