import { type DeliveryError, type DeliveryState, isRetryable, mayBeSentWords } from '../domain/delivery.ts'
import { deliveryJob } from '../domain/delivery-job.ts'
import type { UserError, UserErrorCode } from '../domain/errors.ts'
import { deliveryChanged } from '../domain/event.ts'
import { type ReplyChannel, refusalOf } from '../domain/sender.ts'
import type { TicketState } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { lockTicket, missing } from '../tickets/lock-ticket.ts'
import type { Done } from '../tickets/outcome.ts'
import { planReply } from './plan-reply.ts'
import { hurry, nextRound } from './queue.ts'
import type { ReplyOutcome } from './replies.ts'
import { readReplyFacts } from './reply-facts.ts'
import { REFUSAL_WORDS } from './wording.ts'

/** Sends an answer again that was not sent, as it is, from the account it was to come from. */
export async function retry(
  { store, selfServe }: { readonly store: Pick<Store, 'change'>; readonly selfServe: boolean },
  person: Audience,
  commentId: string,
  evenIfSent: boolean,
): Promise<ReplyOutcome> {
  const refused = (ticketId: string | null, code: UserErrorCode, field: string, message: string) => ({
    ticketId,
    commentId: null,
    userErrors: [{ code, field: [field], message }],
  })
  const nothing = () => refused(null, 'NOT_FOUND', 'commentId', 'There is no answer with this id.')
  const { value, position } = await store.change(
    { kind: 'user', id: person.userId },
    async (scope): Promise<Done & { commentId: string | null }> => {
      const { db } = scope
      const found = await db.delivery.findUnique({ where: { commentId }, select: { ticketId: true } })
      if (!found) return nothing()
      const locked = await lockTicket(scope, person, found.ticketId)
      if (!locked) {
        const { ticketId, userErrors } = await missing(scope, person, found.ticketId)
        return ticketId === null
          ? nothing()
          : { ticketId, commentId: null, userErrors: inField(userErrors, 'commentId') }
      }
      const { ticket, now } = locked
      const [row] = await db.$queryRaw<Retried[]>`
        SELECT state::text, error, account_id AS "accountId", channel::text AS channel, target
        FROM delivery WHERE comment_id = ${commentId}::uuid FOR UPDATE`
      const comment = await db.comment.findUnique({ where: { id: commentId } })
      if (!row || !comment) return nothing()
      if (row.state === 'UNKNOWN' && !evenIfSent)
        return refused(ticket.id, 'MAY_BE_SENT', 'evenIfSent', mayBeSentWords(comment.channel))
      const failed = row.state === 'FAILED' && row.error !== null
      if (!failed && row.state !== 'UNKNOWN')
        return refused(ticket.id, 'CONFLICT', 'commentId', 'Only an answer that was not sent can be sent again.')
      if (failed && row.error && !isRetryable(row.error))
        return refused(
          ticket.id,
          'CONFLICT',
          'commentId',
          'X would refuse the same again. Answer anew, with another text.',
        )
      const { refusal, target } = await asThingsStand(db, ticket, row, selfServe)
      if (refusal) return refused(ticket.id, refusal.code, 'commentId', refusal.message)
      const round = await nextRound(db, row.accountId, comment.authorId ?? person.userId)
      await hurry(db, ticket.id, row.accountId, round)
      await db.delivery.update({
        where: { commentId },
        data: {
          state: 'QUEUED',
          target,
          error: null,
          detail: null,
          dueAt: now,
          // Somebody waits for it now, whoever gave it.
          bulk: false,
          turn: round,
          createdAt: now,
          attempts: 0,
          lookedFor: 0,
          finishedAt: null,
        },
      })
      const { subject: _, ...snapshot } = ticket
      const { id, authorId, direction, visibility } = comment
      scope.emit(deliveryChanged(snapshot, { id, authorId, direction, visibility }, row.state, 'QUEUED'))
      scope.enqueue(deliveryJob(row.accountId))
      return { ticketId: ticket.id, commentId, userErrors: [] }
    },
  )
  return { ...value, position }
}

interface Retried {
  readonly state: DeliveryState
  readonly error: DeliveryError | null
  readonly channel: ReplyChannel
  /** Null: an e-mail. */
  readonly accountId: string | null
  readonly target: string
}

/**
 * Much may have changed since it was given: its ticket, the account, the plan, the customer's address. It goes where the
 * customer is now; why it may not, is said at once.
 */
async function asThingsStand(
  db: ChangeScope['db'],
  ticket: TicketState,
  { channel, accountId, target }: Retried,
  selfServe: boolean,
): Promise<{ readonly target: string; readonly refusal?: { readonly code: UserErrorCode; readonly message: string } }> {
  const facts = await readReplyFacts(db, ticket, selfServe)
  const { refusal } = planReply(ticket, facts, 'single')
  if (refusal?.code === 'CLOSED_TICKET') return { target, refusal }
  if (channel === 'EMAIL') {
    const { email } = await db.user.findUniqueOrThrow({ where: { id: ticket.requesterId }, select: { email: true } })
    return email === null
      ? { target, refusal: { code: 'NO_EMAIL', message: REFUSAL_WORDS.NO_EMAIL } }
      : { target: email }
  }
  const account = facts.accounts.find(({ id }) => id === accountId)
  // Of what it answers it is known already whether it summons the account.
  const answered = { ...facts.answered, channel, mentions: null }
  const code = account ? refusalOf(account, answered, facts.rules) : 'DEACTIVATED'
  return { target, ...(code && { refusal: { code, message: REFUSAL_WORDS[code] } }) }
}

const inField = (errors: readonly UserError[], field: string): UserError[] =>
  errors.map((error) => ({ ...error, field: [field] }))
