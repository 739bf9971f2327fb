import { isRestricted, seesTicket, visibleComments, visibleTickets } from '../domain/visibility.ts'
import type { Account, Comment, IncomingPost, Ticket, User } from '../generated/prisma/client.ts'
import type { Context } from './context.ts'
import { type LiveEvent, readShared } from './live.ts'
import type { Selection } from './selection.ts'
import { viewerOf } from './viewer.ts'

/*
 * The objects that an event is about, as they are now, read once for all who ask the same. Rights
 * are looked at anew: the event's own picture of the ticket may be older than the ticket.
 */

/** What decides whether a ticket is seen. */
const SIGHT = { requesterId: true, assigneeId: true, groupId: true, deletedAt: true } as const

/**
 * Restricted agents each see something else, but of a ticket that they see, the same: it is read once for all of them,
 * and who sees it is looked at afterwards, on what was read.
 */
const RESTRICTED = 'restricted agents'

/** The event's ticket; null when it is gone, or no longer seen. */
export async function liveTicket(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'Ticket'>,
): Promise<Ticket | null> {
  const { prisma } = context
  const viewer = viewerOf(context)
  const what = `Ticket ${id}`
  if (!isRestricted(viewer)) {
    const where = { id, ...visibleTickets(viewer) }
    return readShared(context, live, { what, query }, () => prisma.ticket.findUnique({ ...query, where }))
  }
  const sighted = query.select ? { ...query, select: { ...query.select, ...SIGHT } } : query
  const ticket = await readShared(context, live, { what, query, sharedBy: RESTRICTED }, () =>
    prisma.ticket.findUnique({ ...sighted, where: { id } }),
  )
  return ticket && seesTicket(viewer, ticket) ? ticket : null
}

/** The event's comment; null when it is gone, or not seen. */
export async function liveComment(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'Comment'>,
): Promise<Comment | null> {
  const { prisma } = context
  const viewer = viewerOf(context)
  const what = `Comment ${id}`
  if (!isRestricted(viewer)) {
    const where = { id, ...visibleComments(viewer), ticket: visibleTickets(viewer) }
    return readShared(context, live, { what, query }, () => prisma.comment.findUnique({ ...query, where }))
  }
  const where = { id, ...visibleComments(viewer) }
  const comment = await readShared(context, live, { what, query, sharedBy: RESTRICTED }, () =>
    prisma.comment.findUnique({ ...query, where }),
  )
  if (!comment) return null
  // Behind the comment, not before it: a ticket that moves away between the two is not seen.
  const sight = { what: `Ticket of comment ${id}`, query: SIGHT, sharedBy: RESTRICTED }
  const ticket = await readShared(context, live, sight, () =>
    prisma.ticket.findFirst({ where: { comments: { some: { id } } }, select: SIGHT }),
  )
  return ticket && seesTicket(viewer, ticket) ? comment : null
}

/** Who caused the event. */
export function liveUser(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'User'>,
): Promise<User | null> {
  return readShared(context, live, { what: `User ${id}`, query }, () =>
    context.prisma.user.findUnique({ ...query, where: { id } }),
  )
}

/** The event's account. Which of its fields the viewer sees, the fields say. */
export function liveAccount(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'Account'>,
): Promise<Account | null> {
  return readShared(context, live, { what: `Account ${id}`, query }, () =>
    context.prisma.account.findUnique({ ...query, where: { id } }),
  )
}

/** The event's incoming post. Only administrators hear of those. */
export function liveIncomingPost(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'IncomingPost'>,
): Promise<IncomingPost | null> {
  return readShared(context, live, { what: `IncomingPost ${id}`, query }, () =>
    context.prisma.incomingPost.findUnique({ ...query, where: { id } }),
  )
}
