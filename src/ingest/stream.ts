import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import type { ActivityEventType, XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { type Inbox, InboxClosedError } from './inbox.ts'
import { parseActivity } from './parse.ts'
import type { PolledAccount } from './poller.ts'
import { delayAfter, pause } from './retry.ts'

/*
 * The Activity stream: posts within a second. One connection for all accounts, held by one process
 * (a lease). A slow inbox slows the reading, and TCP slows X; whatever the stream loses, polling finds.
 */

export interface StreamerOptions {
  readonly x: XClient
  readonly inbox: Inbox
  readonly logger: Logger
  readonly tokens: AccessTokens
  /** The accounts whose events we want. */
  readonly accounts: () => Promise<readonly PolledAccount[]>
  readonly onState?: (connected: boolean) => void
  /** Told of every sign of life. */
  readonly onAlive?: () => void
}

const EVENTS: readonly ActivityEventType[] = ['post.mention.create', 'post.reply.create']

/**
 * Makes the subscriptions that are missing. One that X refuses (another process was quicker, or the app may not have it)
 * is logged and left: the other accounts' events must come all the same, and polling brings that account's.
 */
export async function subscribeAll(options: StreamerOptions, accounts: readonly PolledAccount[]): Promise<void> {
  const { x, tokens, logger } = options
  const have = new Set((await x.activity.subscriptions()).map(({ eventType, userId }) => `${eventType}/${userId}`))
  for (const { id, xUserId } of accounts) {
    for (const event of EVENTS.filter((event) => !have.has(`${event}/${xUserId}`))) {
      try {
        await x.activity.subscribe(event, xUserId, await tokens.get(id))
      } catch (error) {
        if (error instanceof XError && (error.kind === 'UNAVAILABLE' || error.kind === 'RATE_LIMITED')) throw error
        logger.warn({ err: error, accountId: id, event }, 'X refused a subscription; polling stands in for it')
      }
    }
  }
}

/** Streams until `signal` aborts, connecting again whenever the connection ends. */
export async function streamActivity(options: StreamerOptions, signal: AbortSignal): Promise<void> {
  const { x, inbox, logger, onState, onAlive } = options
  let failures = 0
  let lastAlive: number | undefined
  while (!signal.aborted) {
    try {
      await subscribeAll(options, await options.accounts())
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
