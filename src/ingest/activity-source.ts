import type { Logger } from 'pino'
import type { Leases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { XClient } from '../x/client.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import type { Activity } from './activity.ts'
import { inTurn } from './in-turn.ts'
import type { Inbox } from './inbox.ts'
import { delayAfter, pause } from './retry.ts'
import { streamActivity } from './stream.ts'
import { createStreamProgress } from './stream-progress.ts'
import { type SubscribedAccount, subscribeAll, wantsOf } from './subscriptions.ts'
import { keepTold } from './told.ts'
import { ensureWebhook } from './webhook-registration.ts'

/*
 * One process at a time (a lease) tells X what we want to hear and where, and holds the stream. Webhooks
 * need no holder to be heard: every api process takes what X delivers.
 */

/** How X tells: by the stream, by webhook, by both, or not at all. */
export type ActivityMode = 'stream' | 'webhook' | 'both' | 'off'

export interface ActivitySourceOptions {
  readonly store: Store
  readonly x: XClient
  readonly calls: Pick<XCalls, 'use' | 'make'>
  readonly leases: Leases
  readonly inbox: Inbox
  readonly activity: Activity
  readonly logger: Logger
  readonly mode: ActivityMode
  /** Where our webhook door is, as X sees it. */
  readonly webhookUrl: () => string
  /** Whose events are wanted. */
  readonly accounts: () => Promise<readonly SubscribedAccount[]>
}

export interface ActivitySource {
  /** The accounts or their settings may have changed. Waits for nobody. */
  changed(accounts: readonly SubscribedAccount[]): void
  /** Resolves when everything has ended after the signal. */
  readonly ended: Promise<void>
}

/** X's own challenges come about as often; and what it refused is asked for again. */
const REFRESH_MS = 60 * 60_000

export function startActivitySource(options: ActivitySourceOptions, signal: AbortSignal): ActivitySource {
  const { store, x, calls, leases, inbox, activity, logger, mode, webhookUrl, accounts } = options
  const streams = mode === 'stream' || mode === 'both'
  const hooked = mode === 'webhook' || mode === 'both'
  let told: string | undefined
  /** Ends the holder's wait for the next round. */
  let wake: (() => void) | undefined

  const subscribe = inTurn(async () => {
    if (signal.aborted) return
    const now = await accounts()
    told = signatureOf(now)
    const wants = mode === 'off' ? [] : wantsOf(now)
    let webhookId: string | undefined
    let failure: unknown
    try {
      webhookId = await ensureWebhook({ store, x, calls, logger }, hooked ? webhookUrl() : undefined)
    } catch (error) {
      // The stream goes on without the webhook.
      if (!streams) throw error
      failure = error
    }
    try {
      await keepTold(store, await subscribeAll({ x, calls, logger }, wants, webhookId, signal))
    } catch (error) {
      // Half of it may be done: until it is known, nothing is counted on.
      await keepTold(store, [])
      throw error
    }
    if (failure) throw failure
  })

  /** Once at the start, hourly, and whenever somebody wakes it; again soon when it fails. */
  async function keepSubscribed(held: AbortSignal, first: () => void): Promise<void> {
    for (let failures = 0; !held.aborted; ) {
      const woken = new AbortController()
      wake = () => woken.abort()
      let waitMs = REFRESH_MS
      try {
        await subscribe()
        failures = 0
      } catch (error) {
        if (held.aborted) return
        failures++
        waitMs = Math.round(delayAfter(error, failures))
        logger.warn({ err: error, waitMs }, 'X could not be told what we want to hear; trying again')
      }
      first()
      // Whoever X has sent away, or does not answer, waits in any case.
      await pause(waitMs, failures > 0 ? held : AbortSignal.any([held, woken.signal]))
    }
  }

  async function work(held: AbortSignal): Promise<void> {
    if (mode === 'off') {
      // What was subscribed to before costs money.
      await subscribe().catch((error: unknown) => logger.debug({ err: error }, 'subscriptions were not ended'))
      return
    }
    let first = () => {}
    const tried = new Promise<void>((resolve) => {
      first = resolve
    })
    const keeping = keepSubscribed(held, first).finally(first)
    if (streams) {
      await tried
      const progress = createStreamProgress({ store, logger })
      await streamActivity({ x, calls, inbox, activity, progress, logger, onEnded: () => wake?.() }, held)
    }
    await keeping
    wake = undefined
  }

  return {
    changed(now) {
      if (signatureOf(now) !== told) wake?.()
    },
    ended: leases.hold('activity-stream', signal, work),
  }
}

const signatureOf = (accounts: readonly SubscribedAccount[]): string =>
  JSON.stringify(accounts.map(({ id, captureDirectMessages, trackLikes }) => [id, captureDirectMessages, trackLikes]))
