import {
  type BulkDecision,
  type BulkFields,
  type BulkPatch,
  type BulkTraces,
  decideBulkItem,
  decideUndo,
} from '../domain/bulk-update.ts'
import type { PatchFacts } from '../domain/ticket.ts'
import type { BulkReplyDecision } from '../outbound/bulk-replies.ts'
import type { FoundTicket, Written } from './rows.ts'

/** The old values that an item keeps, which an undo restores. */
export interface Kept extends Partial<BulkFields> {
  /** ISO 8601. */
  readonly solvedAt?: string | null
  /** The comment of the answer that was given: an undo withdraws it while it waits. */
  readonly replyId?: string
  /** A private note was added, which stays. */
  readonly noted?: true
  /** Of an undo: an answer was withdrawn. */
  readonly withdrew?: true
}

/** What is to be done to one ticket. */
export type Deed =
  | { readonly kind: 'patch'; readonly patch: BulkPatch; readonly ifVersion: number | null }
  | { readonly kind: 'undo'; readonly kept: Kept; readonly version: number }

export interface Decided {
  readonly decision: BulkDecision
  /** What is written; null: nothing. */
  readonly written: Written | null
  /** What is kept for an undo; null: there is nothing to undo. */
  readonly kept: Kept | null
}

/** The rule for one ticket, and what follows from it for its row. */
export function decide(
  found: FoundTicket | undefined,
  deed: Deed,
  facts: PatchFacts,
  now: Date,
  reply?: BulkReplyDecision,
): Decided {
  const decision =
    deed.kind === 'patch'
      ? decideBulkItem(found && { ...found, replyErrors: reply?.errors ?? [] }, deed.patch, deed.ifVersion, facts)
      : decideUndo(found, restored(deed.kept), deed.version, facts, tracesOf(deed.kept))
  if (decision.outcome !== 'CHANGED' || !found) return { decision, written: null, kept: null }
  const { changes, note } = decision
  const solvedAt = changes.status === undefined ? found.solvedAt : solvedNow(deed, changes.status, now)
  const kept = {
    ...pickOld(found, decision.changed),
    ...(changes.status !== undefined && { solvedAt: found.solvedAt }),
    ...(note !== null && { noted: true as const }),
    ...(deed.kind === 'undo' && decision.reply && { withdrew: true as const }),
  }
  const after = { ...found.ticket, ...changes }
  const answer = decision.reply && deed.kind === 'patch' ? (reply?.reply ?? null) : null
  return { decision, written: { found, after, solvedAt, note, reply: answer }, kept }
}

function solvedNow(deed: Deed, status: BulkFields['status'], now: Date): string | null {
  if (status !== 'SOLVED') return null
  return deed.kind === 'undo' && deed.kept.solvedAt ? deed.kept.solvedAt : now.toISOString()
}

function restored({ solvedAt: _, replyId: __, noted: ___, withdrew: ____, ...fields }: Kept): Partial<BulkFields> {
  return fields
}

function tracesOf({ replyId, noted, withdrew }: Kept): BulkTraces {
  return { noted: noted === true, answered: replyId !== undefined, withdrew: withdrew === true }
}

function pickOld({ ticket }: FoundTicket, changed: readonly (keyof BulkFields)[]): Partial<BulkFields> {
  return Object.fromEntries(changed.map((field) => [field, ticket[field]]))
}
