import type { TicketSnapshot } from './event.ts'
import { type SqlFragment, sql } from './sql.ts'

/*
 * Who sees what, said once. A rule is the set of column values a row must have: read as a
 * predicate (live events), as SQL (pages and counts) and as a Prisma `where` (nodes, relations).
 * F53: an end user sees the tickets that they opened, and on them what is public.
 * F54: administrators and agents see all tickets. F56: the same for queries, counts and live events.
 */

/** The person who looks. */
export interface Audience {
  readonly userId: string
  readonly role: 'ADMIN' | 'AGENT' | 'END_USER'
}

/** Agents and administrators: the people who work tickets. */
export const isStaff = (audience: Audience): boolean => audience.role !== 'END_USER'

/** Audiences with the same key see the same of every ticket. */
export const audienceKey = (audience: Audience): string => (isStaff(audience) ? 'staff' : `user:${audience.userId}`)

/** The tickets that the audience sees: those with these values. What was deleted, the team alone still sees (F69). */
export function visibleTickets(audience: Audience): { readonly requesterId?: string; readonly deletedAt?: null } {
  return isStaff(audience) ? {} : { requesterId: audience.userId, deletedAt: null }
}

/** The comments that the audience sees on a ticket that it sees: those with these values. */
export function visibleComments(audience: Audience): { readonly visibility?: 'PUBLIC' } {
  return isStaff(audience) ? {} : { visibility: 'PUBLIC' }
}

/** Whether the audience sees this ticket. */
export function seesTicket(audience: Audience, ticket: Pick<TicketSnapshot, 'requesterId'>): boolean {
  const { requesterId } = visibleTickets(audience)
  return requesterId === undefined || ticket.requesterId === requesterId
}

/** Whether the audience sees this comment, given that it sees the ticket. */
export function seesComment(audience: Audience, comment: { readonly visibility: 'PUBLIC' | 'PRIVATE' }): boolean {
  const { visibility } = visibleComments(audience)
  return visibility === undefined || comment.visibility === visibility
}

/** `visibleTickets` over a row of `ticket` named t. */
export function visibleTicketsSql(audience: Audience): SqlFragment {
  const { requesterId } = visibleTickets(audience)
  return requesterId === undefined ? sql`TRUE` : sql`t.requester_id = ${requesterId}::uuid AND t.deleted_at IS NULL`
}

/** `visibleComments` over a row of `comment` named c. */
export function visibleCommentsSql(audience: Audience): SqlFragment {
  const { visibility } = visibleComments(audience)
  return visibility === undefined ? sql`TRUE` : sql`c.visibility = ${visibility}::"CommentVisibility"`
}

/** What changes of a ticket an end user is told of. Tags and groups are the team's own business. */
const PUBLIC_FIELDS: readonly string[] = ['subject', 'status', 'priority', 'assigneeId']

/** Whether the audience is told that this field of a ticket changed. */
export function seesField(audience: Audience, field: string): boolean {
  return isStaff(audience) || PUBLIC_FIELDS.includes(field)
}
