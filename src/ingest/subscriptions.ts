import type { Logger } from 'pino'
import { ACTIVITY_TAG, type ActivityEventType, type ActivitySubscription, type XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'

/* Which events X is to tell us of. Every one of them costs money. */

export interface SubscriptionServices {
  readonly x: Pick<XClient, 'activity'>
  readonly calls: Pick<XCalls, 'use' | 'make'>
  readonly logger: Logger
}

export interface SubscribedAccount {
  readonly id: string
  readonly xUserId: string
}

const EVENTS: readonly ActivityEventType[] = ['post.mention.create', 'post.reply.create']

/**
 * Ends our subscriptions that nobody needs any more, then makes those that are missing: an app has room for so many. One
 * that X refuses (another process was quicker, or the app may not have it) is logged and left: the other accounts' events
 * must come all the same, and polling brings that account's. Throws XError when X is away or allows no more calls.
 */
export async function subscribeAll(
  services: SubscriptionServices,
  accounts: readonly SubscribedAccount[],
  signal: AbortSignal,
): Promise<void> {
  const { x, calls, logger } = services
  const there = await subscriptionsOf(services)
  const wanted = new Set(accounts.map(({ xUserId }) => xUserId))
  // Others' are none of our business.
  for (const { id, userId, tag } of there) {
    if (userId === undefined || wanted.has(userId) || tag !== ACTIVITY_TAG) continue
    if (signal.aborted) return
    const unsubscribe = () => calls.make(null, 'DELETE /2/activity/subscriptions/:id', () => x.activity.unsubscribe(id))
    await attempt(unsubscribe, { event: 'unsubscribe' }, logger)
  }
  if (!there.some(({ eventType }) => eventType === 'oauth.revoke') && !signal.aborted) {
    const subscribe = () =>
      calls.make(null, 'POST /2/activity/subscriptions', () => x.activity.subscribeToRevocations())
    await attempt(subscribe, { event: 'oauth.revoke' }, logger)
  }
  const have = new Set(there.map(({ eventType, userId }) => `${eventType}/${userId}`))
  for (const { id, xUserId } of accounts) {
    for (const event of EVENTS.filter((event) => !have.has(`${event}/${xUserId}`))) {
      if (signal.aborted) return
      const subscribe = () =>
        calls.use(id, 'POST /2/activity/subscriptions', (token) => x.activity.subscribe(event, xUserId, token))
      await attempt(subscribe, { accountId: id, event }, logger)
    }
  }
}

async function subscriptionsOf({ x, calls }: SubscriptionServices): Promise<ActivitySubscription[]> {
  const found: ActivitySubscription[] = []
  for (let pageToken: string | undefined, more = true; more; ) {
    const token = pageToken
    const page = await calls.make(null, 'GET /2/activity/subscriptions', () => x.activity.subscriptions(token))
    found.push(...page.subscriptions)
    pageToken = page.nextToken ?? undefined
    more = pageToken !== undefined
  }
  return found
}

/** A refusal is told and left; an outage is the caller's. */
async function attempt(work: () => Promise<unknown>, about: object, logger: Logger): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof XError && (error.kind === 'UNAVAILABLE' || error.kind === 'RATE_LIMITED')) throw error
    logger.warn({ err: error, ...about }, 'X refused a change of its subscriptions; polling stands in for events')
  }
}
