/*
 * Who is next where an account sends one answer after the other. Single answers go in rounds: each of an author's takes
 * the round after their last that waits, so that two hundred of one agent let everybody else's in between. Answers of bulk
 * updates go when no single one waits, and every fifth time all the same.
 */

/** Of so many answers that are sent while both kinds wait, one is a bulk update's. */
export const BULK_EVERY = 5

/** Whether a bulk update's answer is next, if one waits, after so many answers. */
export const isBulksTurn = (sent: number): boolean => sent % BULK_EVERY === BULK_EVERY - 1

/** The round of a new single answer. `current`: the first that somebody waits for, `ownLast`: the author's last one. */
export const roundOf = (current: number, ownLast: number | null): number =>
  ownLast === null ? current : Math.max(current, ownLast + 1)

/** What waits of an account, by one way. */
export interface Waiting {
  readonly bulk: boolean
  /** Of the same kind, before it. */
  readonly before: number
  /** Of the other kind, all of them. */
  readonly others: number
}

/** How many answers go before one that waits. */
export function aheadOf({ bulk, before, others }: Waiting): number {
  const singlesForOne = BULK_EVERY - 1
  return before + Math.min(others, bulk ? (before + 1) * singlesForOne : Math.floor(before / singlesForOne))
}
