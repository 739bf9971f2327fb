import { visibleComments, visibleTickets } from '../domain/visibility.ts'
import type { Account, Comment, IncomingPost, Ticket, User } from '../generated/prisma/client.ts'
import type { Context } from './context.ts'
import { type LiveEvent, readShared } from './live.ts'
import type { Selection } from './selection.ts'
import { viewerOf } from './viewer.ts'

/*
 * The objects that an event is about, as they are now, read once for all who ask the same. Rights
 * are looked at anew: the event's own picture of the ticket may be older than the ticket.
 */

/** The event's ticket; null when it is gone, or no longer seen. */
export function liveTicket(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'Ticket'>,
): Promise<Ticket | null> {
  const where = { id, ...visibleTickets(viewerOf(context)) }
  return readShared(context, live, `Ticket ${id}`, query, () => context.prisma.ticket.findUnique({ ...query, where }))
}

/** The event's comment; null when it is gone, or not seen. */
export function liveComment(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'Comment'>,
): Promise<Comment | null> {
  const viewer = viewerOf(context)
  const where = { id, ...visibleComments(viewer), ticket: visibleTickets(viewer) }
  return readShared(context, live, `Comment ${id}`, query, () => context.prisma.comment.findUnique({ ...query, where }))
}

/** Who caused the event. */
export function liveUser(
  context: Context,
  live: LiveEvent,
  id: string,
  query: Selection<'User'>,
): Promise<User | null> {
  return readShared(context, live, `User ${id}`, query, () =>
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
  return readShared(context, live, `Account ${id}`, query, () =>
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
  return readShared(context, live, `IncomingPost ${id}`, query, () =>
    context.prisma.incomingPost.findUnique({ ...query, where: { id } }),
  )
}
