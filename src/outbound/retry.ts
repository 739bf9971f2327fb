import { type DeliveryError, isRetryable } from '../domain/delivery.ts'
import type { UserError, UserErrorCode } from '../domain/errors.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Store } from '../store/store.ts'
import { lockTicket, missing } from '../tickets/lock-ticket.ts'
import type { Done } from '../tickets/outcome.ts'
import { deliveryJob } from './delivery-job.ts'
import { hurry, nextRound } from './queue.ts'
import type { ReplyOutcome } from './replies.ts'

/** Sends an answer again that was not sent, as it is, from the account it was to come from. */
export async function retry(
  store: Pick<Store, 'change'>,
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
      const [row] = await db.$queryRaw<{ state: string; error: DeliveryError | null; accountId: string | null }[]>`
        SELECT state::text, error, account_id AS "accountId" FROM delivery WHERE comment_id = ${commentId}::uuid FOR UPDATE`
      const comment = await db.comment.findUnique({ where: { id: commentId } })
      if (!row || !comment) return nothing()
      if (row.state === 'UNKNOWN' && !evenIfSent)
        return refused(
          ticket.id,
          'MAY_BE_SENT',
          'evenIfSent',
          'X may have it already: look on X first. Sent again, it may be there twice.',
        )
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
      const round = await nextRound(db, row.accountId, comment.authorId ?? person.userId)
      await hurry(db, ticket.id, row.accountId, round)
      await db.delivery.update({
        where: { commentId },
        data: {
          state: 'QUEUED',
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
      scope.emit({
        type: 'comment.updated',
        ticket: snapshot,
        comment: { id, authorId, direction, visibility },
        changed: ['deliveryState'],
      })
      scope.enqueue(deliveryJob(row.accountId))
      return { ticketId: ticket.id, commentId, userErrors: [] }
    },
  )
  return { ...value, position }
}

const inField = (errors: readonly UserError[], field: string): UserError[] =>
  errors.map((error) => ({ ...error, field: [field] }))
