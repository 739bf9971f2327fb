import type { TicketState } from '../domain/ticket.ts'
import { type Audience, visibleTickets } from '../domain/visibility.ts'
import type { Ticket } from '../generated/prisma/client.ts'
import type { ChangeScope } from '../store/store.ts'
import { type Done, NO_TICKET } from './outcome.ts'

/** A ticket that nobody else changes until the transaction ends. */
export interface LockedTicket {
  readonly ticket: TicketState
  readonly solvedAt: Date | null
  readonly version: number
  /** F69: nothing is done with a deleted ticket but restoring it. */
  readonly deletedAt: Date | null
  /** The database's clock. */
  readonly now: Date
}

/**
 * Locks a ticket's row and reads it; undefined when there is none that the person sees, or it is deleted (`missing` says
 * which). Who comes second waits, and then reads what the first one left.
 */
export async function lockTicket(
  scope: ChangeScope,
  person: Audience,
  ticketId: string,
): Promise<LockedTicket | undefined> {
  const locked = (await lockTickets(scope, person, [ticketId])).get(ticketId)
  return locked?.deletedAt === null ? locked : undefined
}

/** Like `lockTicket`, for many at once and for deleted ones, too; in the order of their ids, so that nobody waits in a circle. */
export async function lockTickets(
  { db }: ChangeScope,
  person: Audience,
  ticketIds: readonly string[],
): Promise<ReadonlyMap<string, LockedTicket>> {
  const clocks = await db.$queryRaw<{ now: Date }[]>`
    SELECT clock_timestamp() AS now FROM ticket WHERE id = ANY(${ticketIds}::uuid[]) ORDER BY id FOR UPDATE`
  const [clock] = clocks
  if (!clock) return new Map()
  const rows = await db.ticket.findMany({ where: { id: { in: [...ticketIds] }, ...visibleTickets(person) } })
  return new Map(rows.map((row) => [row.id, toLocked(row, clock.now)]))
}

function toLocked(row: Ticket, now: Date): LockedTicket {
  const { id, number, subject, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags } = row
  return {
    ticket: { id, number, subject, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags },
    solvedAt: row.solvedAt,
    version: row.version,
    deletedAt: row.deletedAt,
    now,
  }
}

/** Why `lockTicket` found none, for whoever wanted to change it. */
export async function missing({ db }: ChangeScope, person: Audience, ticketId: string): Promise<Done> {
  const deleted = await db.ticket.findFirst({
    where: { id: ticketId, deletedAt: { not: null }, ...visibleTickets(person) },
    select: { id: true },
  })
  return deleted ? deletedTicket(ticketId) : NO_TICKET
}

/** The ticket is deleted. */
export const deletedTicket = (ticketId: string): Done => ({
  ticketId,
  userErrors: [{ code: 'DELETED_TICKET', field: ['ticketId'], message: 'This ticket is deleted; restore it first.' }],
})
