import { setTimeout as sleep } from 'node:timers/promises'
import { XError } from '../x/errors.ts'

/**
 * How long to wait after the `failures`-th failure in a row: X's own word, else 0.5 s doubling to 7 s, spread by a
 * quarter. Whatever was broken, it goes on within 10 s of the cure.
 */
export function delayAfter(error: unknown, failures: number, random: () => number = Math.random): number {
  if (error instanceof XError && error.retryAt) return untilReset(error.retryAt)
  const base = Math.min(500 * 2 ** Math.min(failures - 1, 10), 7_000)
  return base * (0.75 + random() / 2)
}

/** Milliseconds to the end of one of X's windows: 15 minutes at most. A clock that is off makes us neither wait longer nor hammer. */
export function untilReset(resetsAt: Date): number {
  return Math.min(Math.max(resetsAt.getTime() - Date.now(), 1_000), 15 * 60_000)
}

/** Waits, but not beyond the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
