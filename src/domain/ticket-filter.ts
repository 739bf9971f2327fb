import type { TicketChannel, TicketPriority, TicketSnapshot, TicketStatus } from './event.ts'
import { allOf, type SqlFragment, sql } from './sql.ts'
import { normaliseTag } from './ticket-tags.ts'
import { type Audience, visibleCommentsSql, visibleTicketsSql } from './visibility.ts'

/*
 * What tickets can be filtered by. Each condition is defined once and read twice: as a predicate
 * over a snapshot (live events) and as SQL over a row of `ticket` named t (pages, counts). A
 * property test runs both against a database. An empty list matches nothing.
 */

type Given<T> = T | null | undefined

/** A set of tags, in three ways. Tags are compared in their normal form. */
interface TagConditions {
  readonly anyOf?: Given<readonly string[]>
  readonly allOf?: Given<readonly string[]>
  readonly noneOf?: Given<readonly string[]>
}

/** The conditions that a snapshot can answer: what live events are filtered by. All must hold. */
export interface TicketConditions {
  readonly statuses?: Given<readonly TicketStatus[]>
  readonly channels?: Given<readonly TicketChannel[]>
  readonly priorities?: Given<readonly TicketPriority[]>
  readonly accountIds?: Given<readonly string[]>
  readonly requesterIds?: Given<readonly string[]>
  readonly groupIds?: Given<readonly string[]>
  readonly assigneeIds?: Given<readonly string[]>
  /** True: tickets without an assignee too; without `assigneeIds`, only those. */
  readonly unassigned?: Given<boolean>
  readonly tags?: Given<TagConditions>
}

/** The conditions that only the database can answer. */
export interface TicketFilter extends TicketConditions {
  /** Words in the subject, or in a comment that the audience sees (websearch syntax of PostgreSQL). */
  readonly text?: Given<string>
  /** F69. True: deleted tickets; otherwise those that are not. */
  readonly deleted?: Given<boolean>
  /** Times: after is exclusive, before is exclusive. */
  readonly createdAfter?: Given<Date>
  readonly createdBefore?: Given<Date>
  readonly updatedAfter?: Given<Date>
  readonly updatedBefore?: Given<Date>
}

/** One condition in its two readings. */
interface Condition {
  readonly matches: (ticket: TicketSnapshot) => boolean
  readonly sql: SqlFragment
}

const holds = (list: readonly string[], value: string | null): boolean => value !== null && list.includes(value)

const CONDITIONS = {
  statuses: (list: readonly TicketStatus[]) => ({
    matches: (ticket) => holds(list, ticket.status),
    sql: sql`t.status = ANY(${list}::text[]::"TicketStatus"[])`,
  }),
  channels: (list: readonly TicketChannel[]) => ({
    matches: (ticket) => holds(list, ticket.channel),
    sql: sql`t.channel = ANY(${list}::text[]::"TicketChannel"[])`,
  }),
  priorities: (list: readonly TicketPriority[]) => ({
    matches: (ticket) => holds(list, ticket.priority),
    sql: sql`t.priority = ANY(${list}::text[]::"TicketPriority"[])`,
  }),
  accountIds: (list: readonly string[]) => ({
    matches: (ticket) => holds(list, ticket.accountId),
    sql: sql`t.account_id = ANY(${list}::uuid[])`,
  }),
  requesterIds: (list: readonly string[]) => ({
    matches: (ticket) => holds(list, ticket.requesterId),
    sql: sql`t.requester_id = ANY(${list}::uuid[])`,
  }),
  groupIds: (list: readonly string[]) => ({
    matches: (ticket) => holds(list, ticket.groupId),
    sql: sql`t.group_id = ANY(${list}::uuid[])`,
  }),
  assignee: (list: readonly string[], unassigned: boolean) => ({
    matches: (ticket) => (ticket.assigneeId === null ? unassigned : list.includes(ticket.assigneeId)),
    sql: unassigned
      ? sql`(t.assignee_id IS NULL OR t.assignee_id = ANY(${list}::uuid[]))`
      : sql`t.assignee_id = ANY(${list}::uuid[])`,
  }),
  anyTag: (list: readonly string[]) => ({
    matches: (ticket) => list.some((tag) => ticket.tags.includes(tag)),
    sql: sql`t.tags && ${list}::text[]`,
  }),
  allTags: (list: readonly string[]) => ({
    matches: (ticket) => list.every((tag) => ticket.tags.includes(tag)),
    sql: sql`t.tags @> ${list}::text[]`,
  }),
  noTag: (list: readonly string[]) => ({
    matches: (ticket) => !list.some((tag) => ticket.tags.includes(tag)),
    sql: sql`NOT (t.tags && ${list}::text[])`,
  }),
} satisfies Record<string, (...input: never[]) => Condition>

function conditionsOf(filter: TicketConditions): Condition[] {
  const conditions: Condition[] = []
  const given = <T>(value: Given<T>, define: (value: T) => Condition) => {
    if (value !== null && value !== undefined) conditions.push(define(value))
  }
  given(filter.statuses, CONDITIONS.statuses)
  given(filter.channels, CONDITIONS.channels)
  given(filter.priorities, CONDITIONS.priorities)
  given(filter.accountIds, CONDITIONS.accountIds)
  given(filter.requesterIds, CONDITIONS.requesterIds)
  given(filter.groupIds, CONDITIONS.groupIds)
  const unassigned = filter.unassigned === true
  given(filter.assigneeIds ?? (unassigned ? [] : null), (list) => CONDITIONS.assignee(list, unassigned))
  const tags = (define: (list: readonly string[]) => Condition) => (list: readonly string[]) =>
    define(list.map(normaliseTag))
  given(filter.tags?.anyOf, tags(CONDITIONS.anyTag))
  given(filter.tags?.allOf, tags(CONDITIONS.allTags))
  given(filter.tags?.noneOf, tags(CONDITIONS.noTag))
  return conditions
}

/** The filter as a predicate, made once for many tickets. */
export function ticketPredicate(filter: TicketConditions): (ticket: TicketSnapshot) => boolean {
  const conditions = conditionsOf(filter)
  return (ticket) => conditions.every((condition) => condition.matches(ticket))
}

/** The filter over rows of `ticket` named t that the audience sees. */
export function ticketFilterSql(filter: TicketFilter, audience: Audience): SqlFragment {
  const fragments = [visibleTicketsSql(audience), ...conditionsOf(filter).map((condition) => condition.sql)]
  fragments.push(filter.deleted === true ? sql`t.deleted_at IS NOT NULL` : sql`t.deleted_at IS NULL`)
  const { text, createdAfter, createdBefore, updatedAfter, updatedBefore } = filter
  if (typeof text === 'string') fragments.push(words(text, audience))
  if (createdAfter) fragments.push(sql`t.created_at > ${moment(createdAfter)}`)
  if (createdBefore) fragments.push(sql`t.created_at < ${moment(createdBefore)}`)
  if (updatedAfter) fragments.push(sql`t.updated_at > ${moment(updatedAfter)}`)
  if (updatedBefore) fragments.push(sql`t.updated_at < ${moment(updatedBefore)}`)
  return allOf(fragments)
}

/** In seconds, not as text: GraphQL's DateTime reaches back to the year 0, which PostgreSQL does not read. */
const moment = (date: Date): SqlFragment => sql`to_timestamp(${date.getTime() / 1_000}::float8)`

/**
 * A UNION, not an OR: each half has its own GIN index, and an OR across two tables uses neither.
 * Only comments that the audience sees are searched: a private note must not betray its words.
 */
function words(text: string, audience: Audience): SqlFragment {
  const query = sql`websearch_to_tsquery('simple', ${text})`
  return sql`t.id IN (
    SELECT w.ticket_id FROM ticket_words w WHERE w.words @@ ${query}
    UNION
    SELECT c.ticket_id FROM comment c WHERE to_tsvector('simple', c.body) @@ ${query} AND ${visibleCommentsSql(audience)}
  )`
}
