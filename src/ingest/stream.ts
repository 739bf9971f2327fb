import type { Logger } from 'pino'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { type Inbox, InboxClosedError } from './inbox.ts'
import { parseActivity } from './parse-activity.ts'
import { delayAfter, pause } from './retry.ts'

/*
 * The Activity stream: posts within a second. One connection for all accounts, held by one process
 * (a lease). A slow inbox slows the reading, and TCP slows X; whatever the stream loses, polling finds.
 */

export interface StreamerOptions {
  readonly x: XClient
  readonly inbox: Inbox
  readonly logger: Logger
  /** Sees to it that X tells us what we want to hear. Throws XError when X is away. */
  readonly subscribe: () => Promise<void>
  /** Told of every user who removed the app (`oauth.revoke`). */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
  readonly onState?: (connected: boolean) => void
  /** Told of every sign of life. */
  readonly onAlive?: () => void
}

/** Streams until `signal` aborts, connecting again whenever the connection ends. */
export async function streamActivity(options: StreamerOptions, signal: AbortSignal): Promise<void> {
  const { x, inbox, logger, onState, onAlive } = options
  let failures = 0
  let lastAlive: number | undefined
  while (!signal.aborted) {
    try {
      await options.subscribe()
      const lines = x.activity.stream({
        backfillMinutes: missedMinutes(lastAlive),
        signal,
        onAlive: () => {
          onState?.(true)
          failures = 0
          lastAlive = performance.now()
          onAlive?.()
        },
      })
      for await (const line of lines) {
        await inbox.room()
        const parsed = parseActivity(line)
        for (const { xUserId, at } of parsed.revocations) {
          options
            .onRevoked(xUserId, at)
            .catch((error: unknown) => logger.error({ err: error, xUserId }, 'a removed app could not be dealt with'))
        }
        if (parsed.items.length === 0 && parsed.rejects.length === 0) continue
        inbox.deliver({ source: 'activity', items: parsed.items, rejects: parsed.rejects }).catch((error: unknown) => {
          if (!(error instanceof InboxClosedError))
            logger.error({ err: error }, 'posts of the stream were not committed')
        })
      }
    } catch (error) {
      if (signal.aborted) break
      failures++
      const waitMs = Math.round(delayAfter(error, failures))
      const refused = error instanceof XError && error.kind === 'INVALID_REQUEST' && lastAlive !== undefined
      // Apps without backfill are refused for asking: polling brings them what they missed.
      if (refused) lastAlive = undefined
      logger.warn({ err: error, waitMs }, 'the activity stream ended; connecting again')
      onState?.(false)
      await pause(waitMs, signal)
    }
  }
  onState?.(false)
}

/** How many minutes X should repeat: what was missed, rounded up, at most its five; none on the first connection. */
function missedMinutes(lastAlive: number | undefined): number {
  if (lastAlive === undefined) return 0
  return Math.min(5, Math.ceil((performance.now() - lastAlive) / 60_000))
}
