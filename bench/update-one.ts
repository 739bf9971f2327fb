import type { Prisma, Ticket } from '../src/generated/prisma/client.ts'
import { snapshotOf } from '../src/store/ticket-snapshot.ts'

/*
 * A bulk update as Prisma's manual would have it: an update for each ticket. Once alone, which leaves no trace of who
 * changed what, and tells no client; once in a transaction with its event, as createOne does (one-by-one.ts).
 */

type Target = Pick<Ticket, 'id' | 'tags'>
type Db = Prisma.TransactionClient

/** What a bulk update of the bench writes of a ticket. */
export function updateOne(db: Db, { id, tags }: Target, status: Ticket['status'], tag: string): Promise<Ticket> {
  return db.ticket.update({ where: { id }, data: { status, tags: [...tags, tag], updatedAt: new Date() } })
}

/** The same with its event. */
export async function updateOneAndTell(
  db: Db,
  target: Target,
  status: Ticket['status'],
  tag: string,
  userId: string,
): Promise<void> {
  const ticket = await updateOne(db, target, status, tag)
  const { head } = await db.eventLogHead.update({ where: { id: 1 }, data: { head: { increment: 1 } } })
  const before = { status: 'OPEN', tags: target.tags } as const
  await db.event.create({
    data: {
      offset: head,
      type: 'ticket.updated',
      actor: { kind: 'user', id: userId },
      ticketId: ticket.id,
      accountId: ticket.accountId,
      data: { type: 'ticket.updated', ticket: snapshotOf(ticket), before, changed: ['status', 'tags'] },
    },
  })
}
