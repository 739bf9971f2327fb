import { expectedDelayMs, SENDING_LIMITS } from '../domain/delivery.ts'
import { hasLink, measurePost, POST_LENGTH } from '../domain/post-text.ts'
import { costOf, priceOfPost, type SpendKind, type XEndpoint } from '../domain/price.ts'
import { chooseSender, isSummoned, type ReplyChannel } from '../domain/sender.ts'
import { COMMENT_LENGTH } from '../domain/ticket.ts'
import { type Audience, visibleTickets } from '../domain/visibility.ts'
import type { Store } from '../store/store.ts'
import type { TicketLinks } from '../tickets/ticket-links.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { SEND_ENDPOINTS } from './endpoints.ts'
import { MESSAGE_LENGTH } from './plan-reply.ts'
import type { OptionsRequest, ReplyOptions } from './replies.ts'
import { type ReplyFacts, readReplyFacts } from './reply-facts.ts'

export interface OptionServices {
  readonly store: Pick<Store, 'prisma'>
  readonly calls: Pick<XCalls, 'left'>
  readonly selfServe: boolean
  readonly links: Pick<TicketLinks, 'preview'>
}

/** What an agent is told before they type; null when there is no such ticket for them. */
export async function replyOptions(
  { store: { prisma }, calls, selfServe, links }: OptionServices,
  person: Audience,
  { ticketId, body, commentId, ticketLink }: OptionsRequest,
): Promise<ReplyOptions | null> {
  const ticket = await prisma.ticket.findUnique({ where: { id: ticketId, ...visibleTickets(person) } })
  if (!ticket) return null
  const facts = await readReplyFacts(prisma, ticket, selfServe, commentId)
  const { channel } = facts.answered
  const choice = chooseSender('single', facts.accounts, facts.answered, facts.rules)
  const sender = choice.preselected?.accountId ?? ticket.accountId
  const [linked] = await links.preview(prisma, [{ ticket, text: body, wanted: ticketLink }])
  // What is refused is said when it is sent; until then the text is as it was typed.
  const text = !linked || linked.refused ? body : linked.body
  const length = channel === 'X_POST' ? measurePost(text, facts.participants) : null
  const limit = channel === 'X_POST' ? POST_LENGTH : channel === 'EMAIL' ? COMMENT_LENGTH : MESSAGE_LENGTH
  return {
    ...choice,
    ticketId,
    channel,
    commentId: facts.target === null ? null : facts.commentId,
    text,
    length,
    limit,
    left: length ? length.left : limit - [...text.trim()].length,
    expectedAt: new Date(Date.now() + (await delayOf(prisma, calls, channel, sender))),
    price: costOf(kindOf(facts, sender, text), 1),
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
export function kindOf({ answered, accounts }: ReplyFacts, accountId: string | null, body: string): SpendKind {
  if (answered.channel === 'X_DM') return 'DM_CREATE'
  if (answered.channel === 'X_CHAT') return 'CHAT_CREATE'
  if (answered.channel === 'EMAIL') return 'UNPRICED'
  const account = accounts.find(({ id }) => id === accountId)
  const summoned = account !== undefined && isSummoned(account, answered)
  return priceOfPost({ hasUrl: hasLink(body), summoned })
}
