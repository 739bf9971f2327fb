import type { UserError } from '../domain/errors.ts'
import type { TicketStatus } from '../domain/event.ts'
import { normalisePost, postProblem } from '../domain/post-text.ts'
import { chooseSender, type ReplyChannel, type SenderReason, type SenderRefusal } from '../domain/sender.ts'
import { commentProblem } from '../domain/ticket.ts'
import type { ReplyFacts } from './reply-facts.ts'
import { REFUSAL_WORDS } from './wording.ts'

/* Whether a ticket can be answered, by whom, and with what: the same for one answer and for thousands. */

/** Characters in a direct message (docs.x.com, "Direct Messages"); XChat publishes none, and is taken alike. */
export const MESSAGE_LENGTH = 10_000

/** How an answer will travel. */
export interface ReplyPlan {
  readonly channel: ReplyChannel
  /** Who sends it; null: nobody's account, as with e-mail. */
  readonly accountId: string | null
  /** Why it is that one; null: it was named, or none is needed. */
  readonly reason: SenderReason | null
  /** What or whom it answers: a post's id, a user's id at X, or an address. */
  readonly target: string
  /** Handles that X names in front of a post, in lower case. */
  readonly participants: readonly string[]
}

/** Why there can be no answer, and what of the request says so. */
export interface ReplyRefusal {
  readonly code: UserError['code']
  readonly about: 'ticket' | 'comment' | 'account'
  readonly message: string
}

export type PlannedReply =
  | { readonly plan: ReplyPlan; readonly refusal?: undefined }
  | { readonly plan?: undefined; readonly refusal: ReplyRefusal }

/** `named`: the account that the agent chose (F28). An e-mail needs none, and minds none (F38). */
export function planReply(
  ticket: { readonly status: TicketStatus },
  facts: ReplyFacts,
  mode: 'single' | 'bulk',
  named?: string,
): PlannedReply {
  const { answered, target, participants } = facts
  const { channel } = answered
  if (ticket.status === 'CLOSED')
    return refuse(
      'CLOSED_TICKET',
      'ticket',
      'A closed ticket takes no answers; what the customer says next opens a follow-up.',
    )
  if (target === null && channel === 'EMAIL') return refuse('NO_EMAIL', 'ticket', REFUSAL_WORDS.NO_EMAIL)
  if (target === null)
    return refuse('NOTHING_TO_ANSWER', 'comment', 'There is nothing of the customer here that X lets us answer.')
  if (channel === 'EMAIL') return { plan: { channel, accountId: null, reason: null, target, participants } }
  const sender = senderOf(facts, mode, named)
  if (sender.refusal) return refuse(sender.refusal, 'account', REFUSAL_WORDS[sender.refusal])
  if (sender.accountId === undefined) return refuse('NOT_FOUND', 'account', 'There is no account with this id.')
  return { plan: { channel, accountId: sender.accountId, reason: sender.reason, target, participants } }
}

const refuse = (code: UserError['code'], about: ReplyRefusal['about'], message: string): PlannedReply => ({
  refusal: { code, about, message },
})

interface Sender {
  readonly accountId?: string
  readonly reason: SenderReason | null
  readonly refusal?: SenderRefusal
}

/** Whom the agent names, else whom the rules propose (F28-F36). */
function senderOf({ accounts, answered, rules }: ReplyFacts, mode: 'single' | 'bulk', named?: string): Sender {
  const { options, preselected, refusal } = chooseSender(mode, accounts, answered, rules)
  if (named === undefined) return preselected ?? { reason: null, refusal: refusal ?? 'REPLIES_NOT_ALLOWED' }
  const option = options.find(({ accountId }) => accountId === named)
  if (!option) return { reason: null }
  return option.refusal ? { reason: null, refusal: option.refusal } : { accountId: named, reason: null }
}

/** What is wrong with a text that is to travel this way; undefined when nothing is. */
export function textProblem(body: string, channel: ReplyChannel, participants: readonly string[]): string | undefined {
  const problem = commentProblem(body)
  if (problem || channel === 'EMAIL') return problem
  if (channel === 'X_POST') return postProblem(body, participants)
  const excess = [...body.trim()].length - MESSAGE_LENGTH
  return excess > 0
    ? `A message has at most ${MESSAGE_LENGTH.toLocaleString('en')} characters; this has ${excess} too many.`
    : undefined
}

/** The text as it is kept and sent. */
export const sentText = (body: string, channel: ReplyChannel): string =>
  channel === 'X_POST' ? normalisePost(body) : body.trim()
