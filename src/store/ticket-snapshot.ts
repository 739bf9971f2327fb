import type { TicketSnapshot } from '../domain/event.ts'
import type { Ticket } from '../generated/prisma/client.ts'

/** An event's picture of a row of `ticket`. */
export function snapshotOf(row: Ticket): TicketSnapshot {
  const { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags } = row
  const snapshot = { id, number, status, priority, channel, accountId, requesterId, assigneeId, groupId, tags }
  return row.deletedAt === null ? snapshot : { ...snapshot, deleted: true }
}
