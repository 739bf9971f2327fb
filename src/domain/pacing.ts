/*
 * When a source of polling calls X next. Three things hold it back: the interval that is wanted, what is left of X's
 * windows until they end, spread evenly, and the account's budget of money. The strictest of them counts.
 */

/** What is left of one of X's windows. */
export interface WindowLeft {
  /** Calls that X takes in a whole one, where known. */
  readonly limit?: number
  /** Calls that X will still take in it. */
  readonly remaining: number
  /** Milliseconds until it ends; 0 or less: it has ended. */
  readonly endsInMs: number
}

/** Milliseconds until a call may begin by X's windows; 0: now. */
export const untilRoom = (windows: readonly WindowLeft[]): number =>
  Math.max(0, ...windows.map(({ remaining, endsInMs }) => (remaining > 0 ? 0 : endsInMs)))

/** From 80 % of a monthly budget polling slows; at 100 % it stops until the month ends. */
export const BUDGET_STATES = ['WITHIN', 'SLOWED', 'EXHAUSTED'] as const
export type BudgetState = (typeof BUDGET_STATES)[number]

/** What is left of an account's monthly budget. */
export interface BudgetLeft {
  readonly state: BudgetState
  /** What is spent of the limit: 0.8 is four fifths; more than 1 when it was overrun. */
  readonly usedShare: number
  /** Milliseconds until the month (UTC) ends. */
  readonly monthEndsInMs: number
}

export interface Pacing {
  /** Milliseconds that are wanted between the beginnings of two rounds. */
  readonly intervalMs: number
  /** Milliseconds since the last round began; Infinity when there was none. */
  readonly sinceLastMs: number
  /** Calls that a round makes, at least 1. */
  readonly callsARound?: number
  /** X has told of news: the round need not wait for its share of a window, while there is room ahead of it. */
  readonly urgent?: boolean
  /** X's windows, as far as they are known. */
  readonly windows: readonly WindowLeft[]
  /** Null: the account has no budget. */
  readonly budget: BudgetLeft | null
}

/** Where slowing begins, as a share of the budget. */
export const SLOW_FROM = 0.8
/** The slowest that a budget makes polling before it stops it. */
const MOST_SLOWING = 60

/**
 * Milliseconds until the next round is due; 0: now. May be a day (X's windows) or a month (the budget): wait a while and
 * ask again, for other processes call too and administrators change budgets.
 */
export function nextDelay({ intervalMs, sinceLastMs, callsARound = 1, urgent, windows, budget }: Pacing): number {
  if (budget?.state === 'EXHAUSTED') return Math.max(0, budget.monthEndsInMs)
  const wanted = Math.max(0, intervalMs * slowing(budget) - sinceLastMs)
  const holding = urgent ? windows.filter((window) => !hasRoomAhead(window, callsARound)) : windows
  return Math.max(wanted, ...holding.map((window) => heldBack(window, sinceLastMs, callsARound)))
}

/** X's windows last 15 minutes or a day. */
const SHORT_MS = 15 * 60_000
const DAY_MS = 24 * 60 * 60_000

/**
 * Whether more than half is left of what an even use would have left by now. So a burst of news is read at once, and
 * steady news never half as often as if everything were spread from the beginning.
 */
function hasRoomAhead({ limit, remaining, endsInMs }: WindowLeft, calls: number): boolean {
  if (limit === undefined || remaining < calls) return false
  const lastsMs = endsInMs > SHORT_MS ? DAY_MS : SHORT_MS
  return remaining > (limit * Math.min(1, endsInMs / lastsMs)) / 2
}

/**
 * How many times slower a budget makes polling: twice at 80 %, four times at 90 %, forty times at 99 %, so that the rate
 * follows what is left of the last fifth.
 */
export function slowing(budget: BudgetLeft | null): number {
  if (budget === null || budget.state === 'WITHIN') return 1
  const left = Math.max(0, 1 - budget.usedShare) / (1 - SLOW_FROM)
  return Math.min(MOST_SLOWING, Math.max(2, 2 / left))
}

/** Spreads the rounds that a window has room for over the time it has left; none left: until it ends. */
function heldBack({ remaining, endsInMs }: WindowLeft, sinceLastMs: number, calls: number): number {
  if (endsInMs <= 0) return 0
  const rounds = Math.floor(remaining / Math.max(1, calls))
  if (rounds < 1) return endsInMs
  // Both the time since the last round and what is left move on while one waits: this is where they meet.
  return sinceLastMs === Infinity ? 0 : Math.max(0, (endsInMs - rounds * sinceLastMs) / (rounds + 1))
}
