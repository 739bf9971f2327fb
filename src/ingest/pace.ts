import { nextDelay } from '../domain/pacing.ts'
import type { XEndpoint } from '../domain/price.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { pause } from './retry.ts'

/** A source of one account that asks X again and again. */
export interface PacedSource {
  readonly calls: Pick<XCalls, 'left'>
  readonly accountId: string
  /** What its rounds call most. */
  readonly endpoint: XEndpoint
  readonly callsARound?: number
  /** Milliseconds wanted from one round to the next, looked at anew after every wait. */
  readonly intervalMs: () => number | Promise<number>
  /** Whether there is news to read, looked at as often. */
  readonly urgent?: () => boolean
}

/** What is left changes while one waits: other processes call, and administrators change budgets. */
const LOOK_AGAIN_MS = 60_000

/**
 * Waits until a source's next round is due: by its interval, what X's windows have left, and the account's budget. `last`
 * is when the last round was, by performance.now(); undefined: there was none. Resolves early when the signal aborts.
 */
export async function untilDue(
  { calls, accountId, endpoint, callsARound = 1, intervalMs, urgent }: PacedSource,
  last: number | undefined,
  signal: AbortSignal,
  wait = pause,
): Promise<void> {
  while (!signal.aborted) {
    const left = await calls.left(accountId, endpoint)
    const sinceLastMs = last === undefined ? Infinity : performance.now() - last
    const pacing = { intervalMs: await intervalMs(), sinceLastMs, callsARound, urgent: urgent?.() ?? false }
    const delay = nextDelay({ ...pacing, ...left })
    if (delay <= 0) return
    await wait(Math.min(delay, LOOK_AGAIN_MS), signal)
  }
}

/**
 * Whether an account's budget is spent: no further page is asked for. A round that began within it may be long, and stops
 * where it is.
 */
export async function isSpent({ calls, accountId, endpoint }: Omit<PacedSource, 'intervalMs'>): Promise<boolean> {
  return (await calls.left(accountId, endpoint)).budget?.state === 'EXHAUSTED'
}
