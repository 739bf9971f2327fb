import type { Logger } from 'pino'
import type { ActivityEventType, XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { type Inbox, InboxClosedError } from './inbox.ts'
import { parseActivity } from './parse.ts'
import { delayAfter, pause } from './retry.ts'

/*
 * The Activity stream: posts within a second. One connection for all accounts, held by one process
 * (a lease). A slow inbox slows the reading, and TCP slows X; whatever the stream loses, polling finds.
 */

export interface StreamerOptions {
  readonly x: XClient
  readonly inbox: Inbox
  readonly logger: Logger
  /** X user ids whose events we want. */
  readonly userIds: () => Promise<readonly string[]>
  readonly onState?: (connected: boolean) => void
  /** Told of every sign of life. */
  readonly onAlive?: () => void
}

const EVENTS: readonly ActivityEventType[] = ['post.mention.create', 'post.reply.create']

/** Makes the subscriptions that are missing. */
export async function subscribeAll({ x }: StreamerOptions, userIds: readonly string[]): Promise<void> {
  const have = new Set((await x.activity.subscriptions()).map(({ eventType, userId }) => `${eventType}/${userId}`))
  for (const userId of userIds) {
    for (const event of EVENTS) if (!have.has(`${event}/${userId}`)) await x.activity.subscribe(event, userId)
  }
}

/** Streams until `signal` aborts, connecting again whenever the connection ends. */
export async function streamActivity(options: StreamerOptions, signal: AbortSignal): Promise<void> {
  const { x, inbox, logger, onState, onAlive } = options
  let failures = 0
  let lastAlive: number | undefined
  while (!signal.aborted) {
    try {
      await subscribeAll(options, await options.userIds())
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
        if (parsed.posts.length === 0 && parsed.rejects.length === 0) continue
        inbox.deliver({ source: 'activity', ...parsed }).catch((error: unknown) => {
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
