import type { Logger } from 'pino'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import type { Activity } from './activity.ts'
import { type Inbox, InboxClosedError } from './inbox.ts'
import { delayAfter, pause } from './retry.ts'
import type { StreamProgress } from './stream-progress.ts'

/*
 * The Activity stream: posts within a second. One connection for all accounts, held by one process
 * (a lease). A slow inbox slows the reading, and TCP slows X; whatever the stream loses, polling finds.
 */

export interface StreamerOptions {
  readonly x: Pick<XClient, 'activity'>
  readonly calls: Pick<XCalls, 'make'>
  readonly inbox: Pick<Inbox, 'room'>
  readonly activity: Activity
  readonly progress: StreamProgress
  readonly logger: Logger
  /** Told whenever a connection has ended that was not to end. */
  readonly onEnded: () => void
  /** A connection that ends sooner is one that failed. */
  readonly steadyMs?: number
}

/** Waiting this long for room is standing still. */
const STALL_MS = 50
const STEADY_MS = 30_000
/** What X answers for want of room, of a login or of itself says nothing of backfill. */
const NOT_ABOUT_BACKFILL: ReadonlySet<unknown> = new Set(['RATE_LIMITED', 'UNAUTHORIZED', 'UNAVAILABLE'])

/** Streams until `signal` aborts, connecting again whenever the connection ends. */
export async function streamActivity(options: StreamerOptions, signal: AbortSignal): Promise<void> {
  const { x, calls, inbox, activity, progress, logger, onEnded, steadyMs = STEADY_MS } = options
  let failures = 0
  let backfill = true
  while (!signal.aborted) {
    let connectedAt: number | undefined
    let backfillMinutes = 0
    try {
      backfillMinutes = backfill ? await progress.missedMinutes() : 0
      const onAlive = (waitedMs: number) => {
        connectedAt ??= performance.now()
        // One that is cut as soon as it stands is not to be asked for twice a second.
        if (performance.now() - connectedAt >= steadyMs) failures = 0
        progress.alive(waitedMs)
      }
      const connect = () => x.activity.stream({ backfillMinutes, signal, onAlive })
      const { value: lines } = await calls.make(null, 'GET /2/activity/stream', connect)
      for await (const line of lines) {
        const asked = performance.now()
        await inbox.room()
        if (performance.now() - asked > STALL_MS) progress.stalledSince(asked)
        const commit = activity.deliver('activity', line)
        progress.delivering(commit)
        commit.catch((error: unknown) => {
          if (!(error instanceof InboxClosedError)) logger.error({ err: error }, 'an event was not committed')
        })
      }
    } catch (error) {
      if (signal.aborted) break
      failures++
      if (connectedAt === undefined && error instanceof XError && !NOT_ABOUT_BACKFILL.has(error.kind)) {
        // Apps without backfill are refused for asking: polling brings them what they missed. Where they are refused
        // without it, too, it was not that.
        backfill = backfillMinutes === 0
      }
      const waitMs = Math.round(delayAfter(error, failures))
      logger.warn({ err: error, waitMs }, 'the activity stream ended; connecting again')
      if (connectedAt !== undefined) await progress.ended()
      onEnded()
      await pause(waitMs, signal)
    }
  }
  await progress.ended()
}
