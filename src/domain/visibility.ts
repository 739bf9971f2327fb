import type { TicketSnapshot } from './event.ts'
import { type SqlFragment, sql } from './sql.ts'
import type { TicketAccess } from './ticket-access.ts'

/*
 * Who sees what, said once. A rule is a list of alternatives, each a set of column values that a row must have: read as
 * a predicate (live events), as SQL (pages and counts) and as a Prisma `where` (nodes, relations).
 * F53: an end user sees the tickets that they opened, and on them what is public.
 * F69: what was deleted, the team alone still sees.
 * F54: administrators and agents see all tickets, unless an agent is restricted to groups or to their own.
 * F56: the same for queries, counts, bulk items, exports and live events.
 */

export type Role = 'ADMIN' | 'AGENT' | 'END_USER'

/** The person who looks, with all that the rules ask of them. */
export interface Audience {
  readonly userId: string
  readonly role: Role
  /** Of agents; the others' is ALL, and says nothing. */
  readonly ticketAccess: TicketAccess
  /** The groups that they are in. */
  readonly groupIds: readonly string[]
}

/** Agents and administrators: the people who work tickets. */
export const isStaff = ({ role }: Pick<Audience, 'role'>): boolean => role !== 'END_USER'

/** An agent who does not see all tickets. */
export const isRestricted = ({ role, ticketAccess }: Pick<Audience, 'role' | 'ticketAccess'>): boolean =>
  role === 'AGENT' && ticketAccess !== 'ALL'

/** F55: whether the person may create end users, and change those that are not themselves. */
export const mayEditEndUsers = (audience: Pick<Audience, 'role' | 'ticketAccess'>): boolean =>
  isStaff(audience) && !isRestricted(audience)

/** F69: whether the audience sees tickets that are deleted, if it sees them otherwise. */
const seesDeleted = isStaff

/** One way in which a ticket is seen: it has this value, or one of these. */
type Alternative =
  | { readonly requesterId: string }
  | { readonly assigneeId: string }
  | { readonly groupId: { readonly in: readonly string[] } }

/**
 * The ways in which the audience sees tickets; null: all of them. A restricted agent sees what is assigned to them and
 * what they themselves opened (as in Zendesk); with GROUPS, what their groups have, too. A ticket without a group and
 * without an assignee is therefore nobody's of those who are restricted.
 */
function alternatives(audience: Audience): readonly Alternative[] | null {
  const { userId } = audience
  if (audience.role === 'END_USER') return [{ requesterId: userId }]
  if (!isRestricted(audience)) return null
  const own = [{ assigneeId: userId }, { requesterId: userId }]
  return audience.ticketAccess === 'GROUPS' ? [...own, { groupId: { in: [...audience.groupIds] } }] : own
}

/** Audiences with the same key see the same of every ticket. */
export function audienceKey(audience: Audience): string {
  if (!isStaff(audience)) return `user:${audience.userId}`
  if (!isRestricted(audience)) return 'staff'
  const groups = audience.ticketAccess === 'GROUPS' ? [...audience.groupIds].sort() : []
  return ['agent', audience.userId, ...groups].join(':')
}

/** A condition on a ticket, as Prisma takes it. */
interface TicketWhere {
  readonly deletedAt?: null
  readonly OR?: { requesterId?: string; assigneeId?: string; groupId?: { in: string[] } }[]
}

/** The tickets that the audience sees, for Prisma. Stands beside an id, as `{ id, ...visibleTickets(audience) }`. */
export function visibleTickets(audience: Audience): TicketWhere {
  const ways = alternatives(audience)
  const there = seesDeleted(audience) ? {} : ({ deletedAt: null } as const)
  if (ways === null) return there
  return { OR: ways.map((way) => ('groupId' in way ? { groupId: { in: [...way.groupId.in] } } : way)), ...there }
}

/** The comments that the audience sees on a ticket that it sees: those with these values. */
export function visibleComments(audience: Pick<Audience, 'role'>): { readonly visibility?: 'PUBLIC' } {
  return isStaff(audience) ? {} : { visibility: 'PUBLIC' }
}

/** What the rule asks of a ticket: of a row with `deletedAt`, or of an event's picture, which says `deleted`. */
export type TicketSight = Pick<TicketSnapshot, 'requesterId' | 'assigneeId' | 'groupId'> &
  (
    | { readonly deletedAt: Date | null; readonly deleted?: never }
    | { readonly deletedAt?: never; readonly deleted?: boolean | undefined }
  )

/** Whether the audience sees this ticket. */
export function seesTicket(audience: Audience, ticket: TicketSight): boolean {
  const isDeleted = ticket.deletedAt === undefined ? ticket.deleted === true : ticket.deletedAt !== null
  if (isDeleted && !seesDeleted(audience)) return false
  const ways = alternatives(audience)
  if (ways === null) return true
  return ways.some((way) => {
    if ('requesterId' in way) return ticket.requesterId === way.requesterId
    if ('assigneeId' in way) return ticket.assigneeId === way.assigneeId
    return ticket.groupId !== null && way.groupId.in.includes(ticket.groupId)
  })
}

/** Whether the audience sees this comment, given that it sees the ticket. */
export function seesComment(
  audience: Pick<Audience, 'role'>,
  comment: { readonly visibility: 'PUBLIC' | 'PRIVATE' },
): boolean {
  const { visibility } = visibleComments(audience)
  return visibility === undefined || comment.visibility === visibility
}

/** `visibleTickets` over a row of `ticket` named t, for a WHERE: what is not known there counts as not seen. */
export function visibleTicketsSql(audience: Audience): SqlFragment {
  const ways = alternatives(audience)
  const seen =
    ways === null ? sql`TRUE` : sql`(${ways.map(alternativeSql).reduce((any, way) => sql`${any} OR ${way}`)})`
  return seesDeleted(audience) ? seen : sql`(${seen} AND t.deleted_at IS NULL)`
}

function alternativeSql(way: Alternative): SqlFragment {
  if ('requesterId' in way) return sql`t.requester_id = ${way.requesterId}::uuid`
  if ('assigneeId' in way) return sql`t.assignee_id = ${way.assigneeId}::uuid`
  return sql`t.group_id = ANY(${way.groupId.in}::uuid[])`
}

/** `visibleComments` over a row of `comment` named c. */
export function visibleCommentsSql(audience: Pick<Audience, 'role'>): SqlFragment {
  const { visibility } = visibleComments(audience)
  return visibility === undefined ? sql`TRUE` : sql`c.visibility = ${visibility}::"CommentVisibility"`
}

/** What changes of a ticket an end user is told of. Tags and groups are the team's own business. */
const PUBLIC_FIELDS: readonly string[] = ['subject', 'status', 'priority', 'assigneeId']

/** Whether the audience is told that this field of a ticket changed. */
export function seesField(audience: Pick<Audience, 'role'>, field: string): boolean {
  return isStaff(audience) || PUBLIC_FIELDS.includes(field)
}
