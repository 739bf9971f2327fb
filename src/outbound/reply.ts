import { v7 as uuidv7 } from 'uuid'
import type { UserError } from '../domain/errors.ts'
import { normalisePost, postProblem } from '../domain/post-text.ts'
import { chooseSender, type ReplyChannel } from '../domain/sender.ts'
import { commentProblem } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { type LockedTicket, lockTicket, missing } from '../tickets/lock-ticket.ts'
import type { Done } from '../tickets/outcome.ts'
import { changeTicket } from '../tickets/update-ticket.ts'
import { deliveryJob } from './delivery-job.ts'
import type { ReplyOutcome, ReplyRequest } from './replies.ts'
import { type ReplyFacts, readReplyFacts } from './reply-facts.ts'
import { REFUSAL_WORDS } from './wording.ts'

/** Characters in a direct message (docs.x.com, "Direct Messages"); XChat publishes none, and is taken alike. */
export const MESSAGE_LENGTH = 10_000

type Replied = Done & { readonly commentId: string | null }

/** Commits the answer, what it makes of the ticket, and the job that sends it. */
export async function reply(
  store: Pick<Store, 'change'>,
  selfServe: boolean,
  person: Audience,
  request: ReplyRequest,
): Promise<ReplyOutcome> {
  const { ticketId } = request
  const { value, position } = await store.change(
    { kind: 'user', id: person.userId },
    async (scope): Promise<Replied> => {
      const locked = await lockTicket(scope, person, ticketId)
      if (!locked) return { ...(await missing(scope, person, ticketId)), commentId: null }
      return replyWithin(scope, selfServe, person, locked, request)
    },
  )
  return { ...value, position }
}

/** The same on a ticket that is locked already, inside a transaction that may do more. */
export async function replyWithin(
  scope: ChangeScope,
  selfServe: boolean,
  person: Audience,
  locked: LockedTicket,
  request: ReplyRequest,
): Promise<Replied> {
  const { ticket, now } = locked
  const ticketId = ticket.id
  const refused = (code: UserError['code'], field: string, message: string): Replied => ({
    ticketId,
    commentId: null,
    userErrors: [{ code, field: [field], message }],
  })
  if (ticket.status === 'CLOSED')
    return refused(
      'CLOSED_TICKET',
      'ticketId',
      'A closed ticket takes no answers; what the customer says next opens a follow-up.',
    )
  const facts = await readReplyFacts(scope.db, ticket, selfServe, request.commentId)
  const { channel } = facts.answered
  if (facts.target === null && channel === 'EMAIL') return refused('NO_EMAIL', 'ticketId', REFUSAL_WORDS.NO_EMAIL)
  if (facts.target === null) {
    const field = request.commentId === undefined ? 'ticketId' : 'commentId'
    return refused('NOTHING_TO_ANSWER', field, 'There is nothing of the customer here that X lets us answer.')
  }
  const problem = textProblem(request.body, channel, facts.participants)
  if (problem) return refused('INVALID_INPUT', 'body', problem)

  const sender = senderOf(facts, request.accountId)
  if (sender.refusal) return refused(sender.refusal, 'accountId', REFUSAL_WORDS[sender.refusal])
  if (sender.accountId === undefined) return refused('NOT_FOUND', 'accountId', 'There is no account with this id.')

  // What the answer says of the ticket comes first: an error in it sends nothing.
  if (request.status !== undefined) {
    const changed = await changeTicket(scope, person, locked, { status: request.status })
    if (changed.userErrors.length > 0) return { ...changed, commentId: null }
  }
  const after = request.status === undefined ? locked : ((await lockTicket(scope, person, ticketId)) ?? locked)
  const { subject: _, ...snapshot } = after.ticket
  const comment = { id: uuidv7(), authorId: person.userId, direction: 'OUTBOUND', visibility: 'PUBLIC' } as const
  await scope.db.comment.create({
    data: {
      ...comment,
      ticketId,
      channel,
      body: channel === 'X_POST' ? normalisePost(request.body) : request.body.trim(),
      postedAt: now,
      createdAt: now,
      delivery: {
        create: {
          ticketId,
          channel,
          accountId: channel === 'EMAIL' ? null : sender.accountId,
          target: facts.target,
          mentions: [...facts.participants],
          createdAt: now,
          dueAt: now,
        },
      },
    },
  })
  await scope.db.ticket.update({ where: { id: ticketId }, data: { commentCount: { increment: 1 }, updatedAt: now } })
  scope.emit({ type: 'comment.created', ticket: snapshot, comment })
  scope.enqueue(deliveryJob(channel === 'EMAIL' ? null : sender.accountId))
  return { ticketId, commentId: comment.id, userErrors: [] }
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

interface Sender {
  readonly accountId?: string
  readonly refusal?: keyof typeof REFUSAL_WORDS
}

/** F28: whom the agent names, else whom the rules propose. */
function senderOf({ accounts, answered, rules }: ReplyFacts, named: string | undefined): Sender {
  const { options, preselected, refusal } = chooseSender('single', accounts, answered, rules)
  if (named === undefined)
    return preselected ? { accountId: preselected.accountId } : { refusal: refusal ?? 'REPLIES_NOT_ALLOWED' }
  const option = options.find(({ accountId }) => accountId === named)
  if (!option) return {}
  return option.refusal ? { refusal: option.refusal } : { accountId: named }
}
