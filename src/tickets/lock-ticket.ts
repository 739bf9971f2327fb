import type { TicketState } from '../domain/ticket.ts'
import { type Audience, visibleTickets } from '../domain/visibility.ts'
import type { ChangeScope } from '../store/store.ts'

/** A ticket that nobody else changes until the transaction ends. */
export interface LockedTicket {
  readonly ticket: TicketState
  readonly solvedAt: Date | null
  readonly version: number
  /** The database's clock. */
  readonly now: Date
}

/**
 * Locks a ticket's row and reads it; undefined when there is none that the person sees. Who comes second waits,
 * and then reads what the first one left.
 */
export async function lockTicket(
  { db }: ChangeScope,
  person: Audience,
  ticketId: string,
): Promise<LockedTicket | undefined> {
  const [clock] = await db.$queryRaw<{ now: Date }[]>`
    SELECT clock_timestamp() AS now FROM ticket WHERE id = ${ticketId}::uuid FOR UPDATE`
  if (!clock) return undefined
  const row = await db.ticket.findUnique({ where: { id: ticketId, ...visibleTickets(person) } })
  if (!row) return undefined
  const { id, number, subject, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags } = row
  return {
    ticket: { id, number, subject, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags },
    solvedAt: row.solvedAt,
    version: row.version,
    now: clock.now,
  }
}
