import type { TicketStatus } from './event.ts'

/* The ticket's life as a table (F65, F66, F68, F70). docs/ticket-life.md shows it, and a test compares the two. */

/** What becomes of a ticket of one status. */
export interface Transitions {
  /** Where people may bring it, besides leaving it where it is. */
  readonly byHand: readonly TicketStatus[]
  /** F65: when somebody is assigned who was not. */
  readonly assigned: TicketStatus
  /** F66: when the requester says more. CLOSED stays: what they say goes on in a follow-up (F26). */
  readonly requesterWrites: TicketStatus
  /** F68: when it has been so for as long as the workspace says. */
  readonly timeIsUp: TicketStatus
  /** F70: when it is merged into another; null: it cannot be. */
  readonly merged: TicketStatus | null
}

/** NEW is where a ticket starts, and nothing returns to it (F65). CLOSED is final, and nobody closes by hand (F68). */
export const TRANSITIONS: Readonly<Record<TicketStatus, Transitions>> = {
  NEW: {
    byHand: ['OPEN', 'PENDING', 'HOLD', 'SOLVED'],
    assigned: 'OPEN',
    requesterWrites: 'NEW',
    timeIsUp: 'NEW',
    merged: 'CLOSED',
  },
  OPEN: {
    byHand: ['PENDING', 'HOLD', 'SOLVED'],
    assigned: 'OPEN',
    requesterWrites: 'OPEN',
    timeIsUp: 'OPEN',
    merged: 'CLOSED',
  },
  PENDING: {
    byHand: ['OPEN', 'HOLD', 'SOLVED'],
    assigned: 'PENDING',
    requesterWrites: 'OPEN',
    timeIsUp: 'PENDING',
    merged: 'CLOSED',
  },
  HOLD: {
    byHand: ['OPEN', 'PENDING', 'SOLVED'],
    assigned: 'HOLD',
    requesterWrites: 'OPEN',
    timeIsUp: 'HOLD',
    merged: 'CLOSED',
  },
  SOLVED: {
    byHand: ['OPEN', 'PENDING', 'HOLD'],
    assigned: 'SOLVED',
    requesterWrites: 'OPEN',
    timeIsUp: 'CLOSED',
    merged: 'CLOSED',
  },
  CLOSED: {
    byHand: [],
    assigned: 'CLOSED',
    requesterWrites: 'CLOSED',
    timeIsUp: 'CLOSED',
    merged: null,
  },
}

/** F68: what a closed ticket still takes. It can be deleted, too. */
export const CLOSED_TAKES = ['subject', 'priority', 'tags'] as const

/** F68: days from SOLVED to CLOSED, unless the workspace says otherwise. */
export const CLOSE_AFTER_DAYS = 4
/** F68: days after which a solved ticket closes, whatever the workspace says. */
export const CLOSE_AFTER_DAYS_AT_MOST = 28
/** F69: days in which a deleted ticket can be restored. */
export const RESTORE_DAYS = 30
