/* F48: an account without traffic for 20 days is given up; administrators are warned before. */

const DAY_MS = 24 * 3_600_000

/** Days without traffic after which an account is deauthorized. */
export const INACTIVE_DAYS = 20
/** Days after which administrators are warned. */
export const WARNING_DAYS = [10, 15, 19] as const

export interface Inactivity {
  /** Whole days since the last traffic. */
  readonly days: number
  /** Whole days that are left, counted up; 0 when there are none. */
  readonly daysLeft: number
  readonly deauthorizesAt: Date
}

/** How long an account has been silent at `now`, and how long it may be yet. */
export function inactivityOf(lastTrafficAt: Date, now: Date): Inactivity {
  const silentMs = Math.max(0, now.getTime() - lastTrafficAt.getTime())
  const deauthorizesAt = new Date(lastTrafficAt.getTime() + INACTIVE_DAYS * DAY_MS)
  return {
    days: Math.floor(silentMs / DAY_MS),
    daysLeft: Math.max(0, Math.ceil((deauthorizesAt.getTime() - now.getTime()) / DAY_MS)),
    deauthorizesAt,
  }
}

/**
 * What is due after so many days, of which administrators were last told at `warnedDays`: an end, a warning (the latest
 * alone, if several were slept through), or nothing.
 */
export function dueAfter(days: number, warnedDays: number): 'DEAUTHORIZE' | (typeof WARNING_DAYS)[number] | null {
  if (days >= INACTIVE_DAYS) return 'DEAUTHORIZE'
  const step = WARNING_DAYS.findLast((warning) => days >= warning)
  return step !== undefined && step > warnedDays ? step : null
}
