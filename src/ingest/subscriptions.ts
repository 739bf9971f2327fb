import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import { ACTIVITY_TAG, type ActivityEventType, type XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'

/* Which events X is to tell us of. Every one of them costs money. */

export interface SubscriptionServices {
  readonly x: Pick<XClient, 'activity'>
  readonly tokens: Pick<AccessTokens, 'get'>
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
  const { x, tokens, logger } = services
  const there = await x.activity.subscriptions()
  const wanted = new Set(accounts.map(({ xUserId }) => xUserId))
  // Others' are none of our business.
  for (const { id, userId, tag } of there) {
    if (userId === undefined || wanted.has(userId) || tag !== ACTIVITY_TAG) continue
    if (signal.aborted) return
    await attempt(() => x.activity.unsubscribe(id), { event: 'unsubscribe' }, logger)
  }
  if (!there.some(({ eventType }) => eventType === 'oauth.revoke') && !signal.aborted) {
    await attempt(() => x.activity.subscribeToRevocations(), { event: 'oauth.revoke' }, logger)
  }
  const have = new Set(there.map(({ eventType, userId }) => `${eventType}/${userId}`))
  for (const { id, xUserId } of accounts) {
    for (const event of EVENTS.filter((event) => !have.has(`${event}/${xUserId}`))) {
      if (signal.aborted) return
      const subscribe = async () => x.activity.subscribe(event, xUserId, await tokens.get(id))
      await attempt(subscribe, { accountId: id, event }, logger)
    }
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
