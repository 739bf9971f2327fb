import type { TicketSnapshot } from '../domain/event.ts'
import type { TicketState } from '../domain/ticket.ts'

/** The event's picture of a ticket: all but its text. */
export function snapshotOf({ subject: _, ...snapshot }: TicketState): TicketSnapshot {
  return snapshot
}
