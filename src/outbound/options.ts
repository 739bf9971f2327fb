import { expectedDelayMs, SENDING_LIMITS } from '../domain/delivery.ts'
import { hasLink, measurePost, POST_LENGTH } from '../domain/post-text.ts'
import { costOf, priceOfPost, type SpendKind, type XEndpoint } from '../domain/price.ts'
import { chooseSender, type ReplyChannel } from '../domain/sender.ts'
import { COMMENT_LENGTH } from '../domain/ticket.ts'
import { type Audience, visibleTickets } from '../domain/visibility.ts'
import type { Store } from '../store/store.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { SEND_ENDPOINTS } from './endpoints.ts'
import type { ReplyOptions } from './replies.ts'
import { MESSAGE_LENGTH } from './reply.ts'
import { type ReplyFacts, readReplyFacts } from './reply-facts.ts'

export interface OptionServices {
  readonly store: Pick<Store, 'prisma'>
  readonly calls: Pick<XCalls, 'left'>
  readonly selfServe: boolean
}

/** What an agent is told before they type; null when there is no such ticket for them. */
export async function replyOptions(
  { store: { prisma }, calls, selfServe }: OptionServices,
  person: Audience,
  ticketId: string,
  body: string,
  commentId: string | undefined,
): Promise<ReplyOptions | null> {
  const ticket = await prisma.ticket.findUnique({ where: { id: ticketId, ...visibleTickets(person) } })
  if (!ticket) return null
  const facts = await readReplyFacts(prisma, ticket, selfServe, commentId)
  const { channel } = facts.answered
  const choice = chooseSender('single', facts.accounts, facts.answered, facts.rules)
  const sender = choice.preselected?.accountId ?? ticket.accountId
  const length = channel === 'X_POST' ? measurePost(body, facts.participants) : null
  const limit = channel === 'X_POST' ? POST_LENGTH : channel === 'EMAIL' ? COMMENT_LENGTH : MESSAGE_LENGTH
  return {
    ...choice,
    ticketId,
    channel,
    commentId: facts.target === null ? null : facts.commentId,
    length,
    limit,
    left: length ? length.left : limit - [...body.trim()].length,
    expectedAt: new Date(Date.now() + (await delayOf(prisma, calls, channel, sender))),
    price: costOf(kindOf(facts, sender, body), 1),
  }
}

async function delayOf(
  prisma: Store['prisma'],
  calls: Pick<XCalls, 'left'>,
  channel: ReplyChannel,
  sender: string,
): Promise<number> {
  const accountId = channel === 'EMAIL' ? null : sender
  const endpoint: XEndpoint | null = SEND_ENDPOINTS[channel]
  const [ahead, left] = await Promise.all([
    prisma.delivery.count({ where: { accountId, channel, bulk: false, finishedAt: null } }),
    endpoint === null ? null : calls.left(sender, endpoint),
  ])
  return expectedDelayMs(ahead, SENDING_LIMITS[channel], left?.windows ?? [])
}

/** How X charges for the answer. */
export function kindOf({ answered, accounts }: ReplyFacts, accountId: string, body: string): SpendKind {
  if (answered.channel === 'X_DM') return 'DM_CREATE'
  if (answered.channel === 'X_CHAT') return 'CHAT_CREATE'
  if (answered.channel === 'EMAIL') return 'UNPRICED'
  const account = accounts.find(({ id }) => id === accountId)
  const summoned = account !== undefined && answered.mentions?.includes(account.screenName) === true
  return priceOfPost({ hasUrl: hasLink(body), summoned })
}
