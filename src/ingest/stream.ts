import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import { ACTIVITY_TAG, type ActivityEventType, type XClient } from '../x/client.ts'
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
  /** Told of every user who removed the app (`oauth.revoke`). */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
  readonly onState?: (connected: boolean) => void
  /** Told of every sign of life. */
  readonly onAlive?: () => void
}

const EVENTS: readonly ActivityEventType[] = ['post.mention.create', 'post.reply.create']

/**
 * Makes the subscriptions that are missing, and ends ours that nobody needs any more. One that X refuses (another process was quicker, or the app may not have it)
 * is logged and left: the other accounts' events must come all the same, and polling brings that account's.
 */
export async function subscribeAll(options: StreamerOptions, accounts: readonly PolledAccount[]): Promise<void> {
  const { x, tokens, logger } = options
  const there = await x.activity.subscriptions()
  const have = new Set(there.map(({ eventType, userId }) => `${eventType}/${userId}`))
  if (!there.some(({ eventType }) => eventType === 'oauth.revoke')) {
    await attempt(() => x.activity.subscribeToRevocations(), { event: 'oauth.revoke' }, logger)
  }
  for (const { id, xUserId } of accounts) {
    for (const event of EVENTS.filter((event) => !have.has(`${event}/${xUserId}`))) {
      const subscribe = async () => x.activity.subscribe(event, xUserId, await tokens.get(id))
      await attempt(subscribe, { accountId: id, event }, logger)
    }
  }
  // Every event costs money: ours end with the accounts that they were for. Others' are none of our business.
  const wanted = new Set(accounts.map(({ xUserId }) => xUserId))
  for (const { id, userId, tag } of there) {
    if (userId === undefined || wanted.has(userId) || tag !== ACTIVITY_TAG) continue
    await attempt(() => x.activity.unsubscribe(id), { event: 'unsubscribe' }, logger)
  }
}

/** A refusal is told and left; an outage is the caller's. */
async function attempt(work: () => Promise<void>, about: object, logger: Logger): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof XError && (error.kind === 'UNAVAILABLE' || error.kind === 'RATE_LIMITED')) throw error
    logger.warn({ err: error, ...about }, 'X refused a change of its subscriptions; polling stands in for events')
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
        for (const { xUserId, at } of parsed.revocations) {
          options
            .onRevoked(xUserId, at)
            .catch((error: unknown) => logger.error({ err: error, xUserId }, 'a removed app could not be dealt with'))
        }
        if (parsed.posts.length === 0 && parsed.rejects.length === 0) continue
        inbox.deliver({ source: 'activity', posts: parsed.posts, rejects: parsed.rejects }).catch((error: unknown) => {
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
