import type { Logger } from 'pino'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
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
  readonly inbox: Pick<Inbox, 'room'>
  readonly activity: Activity
  readonly progress: StreamProgress
  readonly logger: Logger
  /** Told whenever a connection has ended that was not to end. */
  readonly onEnded: () => void
}

/** Waiting this long for room is standing still. */
const STALL_MS = 50

/** Streams until `signal` aborts, connecting again whenever the connection ends. */
export async function streamActivity(options: StreamerOptions, signal: AbortSignal): Promise<void> {
  const { x, inbox, activity, progress, logger, onEnded } = options
  let failures = 0
  let backfill = true
  while (!signal.aborted) {
    let connected = false
    try {
      const backfillMinutes = backfill ? await progress.missedMinutes() : 0
      const onAlive = (waitedMs: number) => {
        connected = true
        failures = 0
        progress.alive(waitedMs)
      }
      for await (const line of x.activity.stream({ backfillMinutes, signal, onAlive })) {
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
      // Apps without backfill are refused for asking: polling brings them what they missed.
      if (!connected && error instanceof XError && error.kind === 'INVALID_REQUEST') backfill = false
      const waitMs = Math.round(delayAfter(error, failures))
      logger.warn({ err: error, waitMs }, 'the activity stream ended; connecting again')
      if (connected) await progress.ended()
      onEnded()
      await pause(waitMs, signal)
    }
  }
  await progress.ended()
}
