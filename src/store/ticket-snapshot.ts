import type { TicketSnapshot } from '../domain/event.ts'
import type { Ticket } from '../generated/prisma/client.ts'

/** An event's picture of a row of `ticket`. */
export function snapshotOf(row: Ticket): TicketSnapshot {
  const { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags } = row
  return { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags }
}
