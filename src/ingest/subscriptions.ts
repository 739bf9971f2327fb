import type { Logger } from 'pino'
import {
  ACTIVITY_TAG,
  type ActivityEventType,
  type ActivitySubscription,
  type ActivityTopic,
  type XClient,
} from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'

/* Which events X is to tell us of. Every one of them costs money. */

export interface SubscriptionServices {
  readonly x: Pick<XClient, 'activity'>
  readonly calls: Pick<XCalls, 'use' | 'make'>
  readonly logger: Logger
}

/** What the subscriptions of an account depend on. */
export interface SubscribedAccount {
  readonly id: string
  readonly xUserId: string
  readonly captureDirectMessages: boolean
  readonly trackLikes: boolean
}

export interface Want {
  readonly topic: ActivityTopic
  /** In whose name; undefined: the app's. */
  readonly accountId: string | undefined
}

/** What became of a want: X had it before, has it now, or would not have it. */
export interface Standing {
  readonly want: Want
  readonly standing: 'BEFORE' | 'MADE' | 'REFUSED'
}

/** Mentions and replies, and what the account's owner does in X's own app: answers, deletions. */
const ALWAYS: readonly ActivityEventType[] = ['post.mention.create', 'post.reply.create', 'post.create', 'post.delete']
const MESSAGES: readonly ActivityEventType[] = ['dm.received', 'dm.sent', 'chat.received', 'chat.sent']

/** Everything that these accounts' settings ask for; and who removes the app (F46). */
export function wantsOf(accounts: readonly SubscribedAccount[]): Want[] {
  const wants: Want[] = [{ topic: { eventType: 'oauth.revoke' }, accountId: undefined }]
  for (const { id, xUserId, captureDirectMessages, trackLikes } of accounts) {
    const events = captureDirectMessages ? [...ALWAYS, ...MESSAGES] : ALWAYS
    for (const eventType of events) wants.push({ topic: { eventType, userId: xUserId }, accountId: id })
    if (!trackLikes) continue
    wants.push({ topic: { eventType: 'like.create', userId: xUserId, direction: 'outbound' }, accountId: id })
  }
  return wants
}

/** The same for two topics that X would call duplicates of each other. */
const keyOf = ({ eventType, userId, direction }: ActivityTopic | ActivitySubscription): string =>
  `${eventType}/${userId ?? ''}/${direction ?? ''}`

/**
 * Ends our subscriptions that nobody needs any more, then makes those that are missing: an app has room for so many. With
 * `webhookId`, all of ours tell that webhook; X tells the stream in any case. One that X refuses (another process was
 * quicker, or the app may not have it) is logged and left: the other events must come all the same, and polling brings
 * these. Resolves with what became of each want; fewer when the signal aborts. Throws XError when X is away or allows no
 * more calls.
 */
export async function subscribeAll(
  { x, calls, logger }: SubscriptionServices,
  wants: readonly Want[],
  webhookId: string | undefined,
  signal: AbortSignal,
): Promise<readonly Standing[]> {
  const standings: Standing[] = []
  const there = await subscriptionsOf({ x, calls })
  const wanted = new Set(wants.map(({ topic }) => keyOf(topic)))
  // Others' are none of our business.
  for (const { id, ...subscription } of there) {
    if (wanted.has(keyOf({ id, ...subscription })) || subscription.tag !== ACTIVITY_TAG) continue
    if (signal.aborted) return standings
    const unsubscribe = () => calls.make(null, 'DELETE /2/activity/subscriptions/:id', () => x.activity.unsubscribe(id))
    await attempt(unsubscribe, { event: 'unsubscribe' }, logger)
  }
  const have = new Map<string, ActivitySubscription>()
  for (const subscription of there) {
    const before = have.get(keyOf(subscription))
    // Of two, ours is the one that can be led elsewhere.
    if (before?.tag !== ACTIVITY_TAG) have.set(keyOf(subscription), subscription)
  }
  for (const want of wants) {
    const { topic, accountId } = want
    if (signal.aborted) return standings
    const about = { accountId, event: topic.eventType }
    const found = have.get(keyOf(topic))
    if (found) standings.push({ want, standing: 'BEFORE' })
    if (found && (webhookId === undefined || found.webhookId === webhookId)) continue
    if (found?.tag === ACTIVITY_TAG && webhookId !== undefined) {
      const redirect = () => x.activity.redirect(found.id, webhookId)
      await attempt(() => calls.make(null, 'PUT /2/activity/subscriptions/:id', redirect), about, logger)
      continue
    }
    const told = webhookId === undefined ? {} : { webhookId }
    const subscribe = (accessToken?: string) =>
      x.activity.subscribe(topic, { ...told, ...(accessToken !== undefined && { accessToken }) })
    const endpoint = 'POST /2/activity/subscriptions'
    const make =
      accountId === undefined
        ? () => calls.make(null, endpoint, () => subscribe())
        : () => calls.use(accountId, endpoint, subscribe)
    const made = await attempt(make, about, logger)
    if (!found) standings.push({ want, standing: made ? 'MADE' : 'REFUSED' })
  }
  return standings
}

async function subscriptionsOf({ x, calls }: Pick<SubscriptionServices, 'x' | 'calls'>) {
  const found: ActivitySubscription[] = []
  let pageToken: string | undefined
  do {
    const next: string | undefined = pageToken
    const page = await calls.make(null, 'GET /2/activity/subscriptions', () => x.activity.subscriptions(next))
    found.push(...page.value.subscriptions)
    pageToken = page.value.nextToken
  } while (pageToken !== undefined)
  return found
}

/** Whether X did it. A refusal is told and left; an outage is the caller's. */
async function attempt(work: () => Promise<unknown>, about: object, logger: Logger): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof XError && (error.kind === 'UNAVAILABLE' || error.kind === 'RATE_LIMITED')) throw error
    logger.warn({ err: error, ...about }, 'X refused a change of its subscriptions; polling stands in for events')
    return false
  }
}
