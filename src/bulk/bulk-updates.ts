import type { BulkOutcome, BulkPatch } from '../domain/bulk-update.ts'
import type { UserError } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'
import type { MicroDollars } from '../domain/price.ts'
import type { ReplyChannel, SenderReason } from '../domain/sender.ts'
import type { TicketState } from '../domain/ticket.ts'
import type { TicketFilter } from '../domain/ticket-filter.ts'
import type { Audience } from '../domain/visibility.ts'
import type { BulkReply } from '../outbound/bulk-replies.ts'

/* Bulk updates (F71-F73), for whoever lets people begin them. What is promised here is kept by batch.ts. */

/** Tickets named in one call: so many fit a message of 256 KiB, each with its patch. A filter names any number. */
export const MOST_NAMED = 1_000
/** Bulk updates that wait or run, of the whole workspace (F72). */
export const MOST_OPEN = 30

/** Which tickets, as the caller says it. */
export type BulkTargets =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'filter'; readonly filter: TicketFilter }
  | { readonly kind: 'patches'; readonly patches: readonly TicketPatchGiven[] }

/** A patch for one ticket. */
export interface TicketPatchGiven {
  readonly ticketId: string
  readonly patch: BulkPatch
  /** The version that the caller knows; the ticket is left alone if it has another. */
  readonly version: number | null
}

export interface BulkUpdateRequest {
  readonly targets: BulkTargets
  /** For all tickets; null exactly with `patches`. */
  readonly patch: BulkPatch | null
  /** What the caller knows is of this position: what changed since is left alone. */
  readonly ifPosition: Position | null
}

/** What became of a call. With userErrors, nothing was done. */
export interface BulkUpdateStarted {
  readonly jobId: string | null
  readonly userErrors: readonly UserError[]
  readonly position: Position
}

/** One ticket of a preview. */
export interface PreviewedTicket {
  readonly ticketId: string
  readonly outcome: BulkOutcome
  readonly errors: readonly UserError[]
  /** Null when there is no such ticket, as far as the caller sees. */
  readonly before: TicketState | null
  readonly after: TicketState | null
  /** The answer that would be given; null: none. */
  readonly reply: BulkReply | null
}

/** How many answers an account would give, and why it. */
export interface SenderCount {
  readonly channel: ReplyChannel
  /** Null: nobody's account, as with e-mail. */
  readonly accountId: string | null
  readonly reason: SenderReason | null
  readonly count: number
}

export interface BulkPreview {
  readonly total: number
  readonly counts: Readonly<Record<BulkOutcome, number>>
  readonly sample: readonly PreviewedTicket[]
  readonly senders: readonly SenderCount[]
  /** What X would charge for the answers. */
  readonly price: MicroDollars
  readonly userErrors: readonly UserError[]
  /** The moment that it is true of. */
  readonly position: Position
}

export interface BulkUpdates {
  /**
   * Freezes the set of tickets and commits it with the job. The same `idempotencyKey` of the same person gives the same
   * job again. Throws PositionExpiredError for an `ifPosition` that the log no longer reaches back to.
   */
  start(person: Audience, request: BulkUpdateRequest, idempotencyKey: string | null): Promise<BulkUpdateStarted>
  /** What `start` would do now; `sample` tickets of it are shown. */
  preview(person: Audience, request: BulkUpdateRequest, sample: number): Promise<BulkPreview>
  /** Stops it behind the batch that is under way. One that is over stays as it is. */
  cancel(person: Audience, jobId: string): Promise<BulkUpdateStarted>
  /**
   * A bulk update that restores what this one changed, where nobody has changed the ticket since. One at a time; the
   * next is about what the others left.
   */
  undo(person: Audience, jobId: string): Promise<BulkUpdateStarted>
}
