import type { TicketSnapshot } from '../domain/event.ts'
import { type Audience, seesField } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import { TicketChannelEnum, TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { encodeGlobalId } from './global-id.ts'

interface Seen {
  readonly ticket: TicketSnapshot
  readonly audience: Audience
}

/** The log's picture of a ticket: nothing is read for it, so whoever copies the log gets it for nothing. */
export const TicketSnapshotRef = builder.objectRef<Seen>('TicketSnapshot').implement({
  description: 'What the log says of a ticket at an event.',
  fields: (t) => ({
    status: t.field({ type: TicketStatusEnum, description: 'Its status.', resolve: ({ ticket }) => ticket.status }),
    priority: t.field({
      type: TicketPriorityEnum,
      nullable: true,
      description: 'Its priority.',
      resolve: ({ ticket }) => ticket.priority,
    }),
    channel: t.field({
      type: TicketChannelEnum,
      description: 'How its customer wrote.',
      resolve: ({ ticket }) => ticket.channel,
    }),
    accountId: t.id({
      description: 'The account that it came to.',
      resolve: ({ ticket }) => encodeGlobalId('Account', ticket.accountId),
    }),
    requesterId: t.id({
      description: 'Whose it is.',
      resolve: ({ ticket }) => encodeGlobalId('User', ticket.requesterId),
    }),
    assigneeId: t.id({
      nullable: true,
      description: 'Who works on it.',
      resolve: ({ ticket }) => ticket.assigneeId && encodeGlobalId('User', ticket.assigneeId),
    }),
    groupId: t.id({
      nullable: true,
      description: 'The group that it is given to. For agents and administrators: null for others.',
      resolve: ({ ticket, audience }) =>
        ticket.groupId !== null && seesField(audience, 'groupId') ? encodeGlobalId('Group', ticket.groupId) : null,
    }),
    tags: t.stringList({
      nullable: true,
      description: 'Its tags. For agents and administrators: null for others.',
      resolve: ({ ticket, audience }) => (seesField(audience, 'tags') ? [...ticket.tags] : null),
    }),
  }),
})
