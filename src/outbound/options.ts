import type { UserError } from '../domain/errors.ts'
import type { TicketStatus } from '../domain/event.ts'
import { hasLink, measurePost, POST_LENGTH } from '../domain/post-text.ts'
import { costOf, priceOfPost, type SpendKind } from '../domain/price.ts'
import { chooseSender, isSummoned, type SenderOption } from '../domain/sender.ts'
import { COMMENT_LENGTH } from '../domain/ticket.ts'
import { type Audience, visibleTickets } from '../domain/visibility.ts'
import type { Store } from '../store/store.ts'
import { deletedTicket } from '../tickets/lock-ticket.ts'
import type { TicketLinks } from '../tickets/ticket-links.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { delayOfNew } from './expected.ts'
import { MESSAGE_LENGTH, planReply } from './plan-reply.ts'
import type { OptionsRequest, ReplyOptions } from './replies.ts'
import { fieldOf } from './reply.ts'
import { type ReplyFacts, readReplyFacts } from './reply-facts.ts'

export interface OptionServices {
  readonly store: Pick<Store, 'prisma'>
  readonly calls: Pick<XCalls, 'left'>
  readonly selfServe: boolean
  readonly links: Pick<TicketLinks, 'preview'>
}

/** What an agent is told before they type; null when there is no such ticket for them. */
export async function replyOptions(
  services: OptionServices,
  person: Audience,
  request: OptionsRequest,
): Promise<ReplyOptions | null> {
  const { store, selfServe, links } = services
  const { ticketId, body, commentId, ticketLink } = request
  const { prisma } = store
  const ticket = await prisma.ticket.findUnique({ where: { id: ticketId, ...visibleTickets(person) } })
  if (!ticket) return null
  const facts = await readReplyFacts(prisma, ticket, selfServe, commentId)
  const { channel } = facts.answered
  const { options, preselected, refusal } = chooseSender('single', facts.accounts, facts.answered, facts.rules)
  const problem = ticket.deletedAt === null ? problemOf(ticket, facts, request) : deletedProblem(ticketId)
  const [linked] = await links.preview(prisma, [{ ticket, text: body, wanted: ticketLink }])
  // What is refused is said when it is sent; until then the text is as it was typed.
  const text = !linked || linked.refused ? body : linked.body
  const length = channel === 'X_POST' ? measurePost(text, facts.participants) : null
  const limit = channel === 'X_POST' ? POST_LENGTH : channel === 'EMAIL' ? COMMENT_LENGTH : MESSAGE_LENGTH
  const by = async (sender: string) => {
    // Of a mail it is the same, whoever is named.
    const accountId = channel === 'EMAIL' ? null : sender
    const delayMs = await delayOfNew(services, { ticketId, channel, accountId, authorId: person.userId })
    return { expectedAt: new Date(Date.now() + delayMs), price: costOf(kindOf(facts, sender, text), 1) }
  }
  const may = (option: SenderOption) => option.refusal === null && problem === null
  const [proposed, ...told] = await Promise.all([
    by(preselected?.accountId ?? ticket.accountId),
    ...options.map(async (option) => ({
      ...option,
      ...(may(option) ? await by(option.accountId) : { expectedAt: null, price: null }),
    })),
  ])
  return {
    options: told,
    preselected: problem === null ? preselected : null,
    refusal,
    problem,
    ticketId,
    channel,
    commentId: facts.target === null ? null : facts.commentId,
    text,
    length,
    limit,
    left: length ? length.left : limit - [...text.trim()].length,
    ...proposed,
  }
}

/** What `reply` would say of the ticket, or of the comment that is to be answered. */
function problemOf(
  ticket: { readonly status: TicketStatus },
  facts: ReplyFacts,
  request: OptionsRequest,
): UserError | null {
  const { refusal } = planReply(ticket, facts, 'single')
  // What stands in an account's way is said of that account.
  if (!refusal || refusal.about === 'account') return null
  return { code: refusal.code, field: [fieldOf(refusal, request)], message: refusal.message }
}

const deletedProblem = (ticketId: string): UserError | null => deletedTicket(ticketId).userErrors[0] ?? null

/** How X charges for the answer. */
export function kindOf({ answered, accounts }: ReplyFacts, accountId: string | null, body: string): SpendKind {
  if (answered.channel === 'X_DM') return 'DM_CREATE'
  if (answered.channel === 'X_CHAT') return 'CHAT_CREATE'
  if (answered.channel === 'EMAIL') return 'UNPRICED'
  const account = accounts.find(({ id }) => id === accountId)
  const summoned = account !== undefined && isSummoned(account, answered)
  return priceOfPost({ hasUrl: hasLink(body), summoned })
}
