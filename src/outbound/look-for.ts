import { z } from 'zod'
import { isSince } from '../domain/delivery.ts'
import { saysTheSame } from '../domain/post-text.ts'
import type { Store } from '../store/store.ts'
import type { XAnswer, XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import type { DueDelivery } from './rows.ts'

/*
 * Whether X has an answer whose sending was cut off: what the account itself said last is read back. Only what came after
 * the first attempt began that may have come to something, and is not another answer of ours, can be it.
 */

export interface LookServices {
  readonly store: Store
  readonly x: Pick<XClient, 'userPosts' | 'dmConversation'>
  readonly calls: Pick<XCalls, 'use'>
}

const id = z.string().regex(/^[0-9]{1,19}$/)
const when = z.iso.datetime({ offset: true })
const references = z.array(z.object({ type: z.string(), id })).optional()
const Posts = z.object({
  data: z
    .array(
      z.object({
        id,
        text: z.string(),
        created_at: when.optional(),
        // X's document calls them otherwise than its answers.
        referenced_tweets: references,
        referenced_posts: references,
      }),
    )
    .optional(),
})
const Messages = z.object({
  data: z
    .array(
      z.object({
        id,
        event_type: z.string(),
        text: z.string().optional(),
        sender_id: id.optional(),
        created_at: when.optional(),
      }),
    )
    .optional(),
})

/** X's id of the post; null: X does not show it. Throws XError when X cannot be asked. */
export async function lookForPost(
  { store, x, calls }: LookServices,
  accountId: string,
  delivery: DueDelivery,
): Promise<string | null> {
  const own = await xUserIdOf(store, accountId)
  const answer = await calls.use(accountId, 'GET /2/users/:id/tweets', (accessToken) =>
    x.userPosts(own, { accessToken }),
  )
  const { data = [] } = understood(Posts, answer, 'GET /2/users/:id/tweets')
  const candidates = data.filter(
    ({ text, created_at, referenced_tweets, referenced_posts }) =>
      (referenced_tweets ?? referenced_posts)?.some(
        ({ type, id: to }) => type === 'replied_to' && to === delivery.target,
      ) &&
      isNew(created_at, delivery) &&
      saysTheSame(delivery.body, text),
  )
  return unclaimed(store, 'X_POST', candidates)
}

/** X's id of the direct message; null: X does not show it. Throws XError when X cannot be asked. */
export async function lookForMessage(
  { store, x, calls }: LookServices,
  accountId: string,
  delivery: DueDelivery,
): Promise<string | null> {
  const own = await xUserIdOf(store, accountId)
  const endpoint = 'GET /2/dm_conversations/with/:participant_id/dm_events'
  const answer = await calls.use(accountId, endpoint, (accessToken) =>
    x.dmConversation(delivery.target, { accessToken }),
  )
  const { data = [] } = understood(Messages, answer, endpoint)
  const candidates = data.filter(
    ({ event_type, sender_id, text = '', created_at }) =>
      event_type === 'MessageCreate' &&
      sender_id === own &&
      isNew(created_at, delivery) &&
      saysTheSame(delivery.body, text),
  )
  return unclaimed(store, 'X_DM', candidates)
}

const isNew = (createdAt: string | undefined, { since }: DueDelivery): boolean =>
  createdAt === undefined || isSince(since, createdAt)

/** The oldest of them that is no other comment: the same words may have been said before. */
async function unclaimed(
  { prisma }: Store,
  channel: 'X_POST' | 'X_DM',
  candidates: readonly { readonly id: string }[],
): Promise<string | null> {
  const ids = candidates.map((candidate) => candidate.id)
  if (ids.length === 0) return null
  const known = await prisma.comment.findMany({
    where: { channel, externalId: { in: ids } },
    select: { externalId: true },
  })
  const claimed = new Set(known.map(({ externalId }) => externalId))
  return ids.findLast((each) => !claimed.has(each)) ?? null
}

async function xUserIdOf({ prisma }: Store, accountId: string): Promise<string> {
  const account = await prisma.account.findUniqueOrThrow({ where: { id: accountId }, select: { xUserId: true } })
  return account.xUserId
}

function understood<Body>(shape: z.ZodType<Body>, { body }: XAnswer, call: string): Body {
  const parsed = shape.safeParse(body)
  if (!parsed.success) throw new XError('UNAVAILABLE', `${call}: not an answer of X`)
  return parsed.data
}
