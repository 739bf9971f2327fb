import { PerchError } from '../domain/errors.ts'
import type { TicketConditions, TicketFilter } from '../domain/ticket-filter.ts'
import { isStaff } from '../domain/visibility.ts'
import { builder } from './builder.ts'
import type { Viewer } from './context.ts'
import { TicketChannelEnum, TicketPriorityEnum, TicketStatusEnum } from './enums.ts'
import { filterList, filterText, filterWords } from './filter-limits.ts'
import { decodeIdOf, type NodeType } from './global-id.ts'

const TagFilterInput = builder.inputType('TagFilter', {
  description: 'Which tags a ticket has. All that is given must hold.',
  fields: (t) => ({
    anyOf: t.stringList({ description: 'At least one of these.', validate: filterWords }),
    allOf: t.stringList({ description: 'All of these.', validate: filterWords }),
    noneOf: t.stringList({ description: 'None of these.', validate: filterWords }),
  }),
})

/** The conditions that live events can be filtered by, too. */
const CONDITIONS = 'All that is given must hold; an empty list matches nothing.'

export const TicketEventFilterInput = builder.inputType('TicketEventFilter', {
  description: `Which tickets to watch. ${CONDITIONS}`,
  fields: (t) => ({
    statuses: t.field({ type: [TicketStatusEnum], description: 'In one of these states.', validate: filterList }),
    channels: t.field({ type: [TicketChannelEnum], description: 'Came in one of these ways.', validate: filterList }),
    priorities: t.field({
      type: [TicketPriorityEnum],
      description: 'Of one of these priorities.',
      validate: filterList,
    }),
    accountIds: t.idList({ description: 'Came to one of these accounts.', validate: filterList }),
    requesterIds: t.idList({ description: 'Opened by one of these people.', validate: filterList }),
    assigneeIds: t.idList({ description: 'Assigned to one of these people.', validate: filterList }),
    unassigned: t.boolean({ description: 'True: assigned to nobody (besides those of `assigneeIds`, if given).' }),
    groupIds: t.idList({
      description: 'Given to one of these groups. For agents and administrators.',
      validate: filterList,
    }),
    tags: t.field({ type: TagFilterInput, description: 'With these tags. For agents and administrators.' }),
  }),
})

export const TicketFilterInput = builder.inputType('TicketFilter', {
  description: `Which tickets to list. ${CONDITIONS}`,
  fields: (t) => ({
    statuses: t.field({ type: [TicketStatusEnum], description: 'In one of these states.', validate: filterList }),
    channels: t.field({ type: [TicketChannelEnum], description: 'Came in one of these ways.', validate: filterList }),
    priorities: t.field({
      type: [TicketPriorityEnum],
      description: 'Of one of these priorities.',
      validate: filterList,
    }),
    accountIds: t.idList({ description: 'Came to one of these accounts.', validate: filterList }),
    requesterIds: t.idList({ description: 'Opened by one of these people.', validate: filterList }),
    assigneeIds: t.idList({ description: 'Assigned to one of these people.', validate: filterList }),
    unassigned: t.boolean({ description: 'True: assigned to nobody (besides those of `assigneeIds`, if given).' }),
    groupIds: t.idList({
      description: 'Given to one of these groups. For agents and administrators.',
      validate: filterList,
    }),
    tags: t.field({ type: TagFilterInput, description: 'With these tags. For agents and administrators.' }),
    text: t.string({
      description:
        'With these words, all of them in the subject or all in one comment that you see. "quoted words" stand together, -word excludes.',
      validate: filterText,
    }),
    deleted: t.boolean({
      description: 'True: deleted tickets, which are in no other list. For agents and administrators.',
    }),
    createdAfter: t.field({ type: 'DateTime', description: 'Opened later than this.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Opened earlier than this.' }),
    updatedAfter: t.field({ type: 'DateTime', description: 'Last changed later than this.' }),
    updatedBefore: t.field({ type: 'DateTime', description: 'Last changed earlier than this.' }),
  }),
})

type EventFilterShape = typeof TicketEventFilterInput.$inferInput
type FilterShape = typeof TicketFilterInput.$inferInput

/**
 * The filter with the database's ids. Throws BAD_REQUEST for what is no id, and FORBIDDEN when an end user
 * filters by what end users do not see: the answer would tell.
 */
export function readFilter(input: FilterShape | null | undefined, viewer: Viewer): TicketFilter {
  if (input?.deleted && !isStaff(viewer))
    throw new PerchError('FORBIDDEN', 'Deleted tickets are for agents and administrators.')
  return input ? { ...input, ...readConditions(input, viewer) } : {}
}

/** Like `readFilter`, for live events. */
export function readConditions(input: EventFilterShape | null | undefined, viewer: Viewer): TicketConditions {
  if (!input) return {}
  if (!isStaff(viewer) && (input.tags || input.groupIds))
    throw new PerchError('FORBIDDEN', 'Filtering by tags and groups is for agents and administrators.')
  const ids = (type: NodeType, list: readonly string[] | null | undefined) => list?.map((id) => decodeIdOf(type, id))
  return {
    statuses: input.statuses,
    channels: input.channels,
    priorities: input.priorities,
    tags: input.tags,
    unassigned: input.unassigned,
    accountIds: ids('Account', input.accountIds),
    requesterIds: ids('User', input.requesterIds),
    assigneeIds: ids('User', input.assigneeIds),
    groupIds: ids('Group', input.groupIds),
  }
}
