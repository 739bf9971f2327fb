import type { DeliveryError } from '../domain/delivery.ts'
import { deliveryChanged } from '../domain/event.ts'
import type { TicketState } from '../domain/ticket.ts'
import type { ChangeScope } from '../store/store.ts'
import { snapshotOf } from './snapshot.ts'

const WHY: DeliveryError = 'TICKET_DELETED'

/**
 * Takes back the answers of a ticket that wait to be sent, for it is deleted (F69): whoever deletes a ticket does not
 * expect it to speak afterwards. What X is being asked to take goes on, and is looked for. The ticket is locked, and
 * attempts begin under the same lock (outbound/rows.ts), so an answer is either sent or taken back.
 */
export async function withdrawAnswers({ db, emit }: ChangeScope, ticket: TicketState, now: Date): Promise<void> {
  const waiting = await db.$queryRaw<{ id: string }[]>`
    UPDATE delivery SET state = 'FAILED', error = ${WHY}, detail = NULL, finished_at = ${now}
    WHERE ticket_id = ${ticket.id}::uuid AND finished_at IS NULL AND state = 'QUEUED'
    RETURNING comment_id::text AS id`
  if (waiting.length === 0) return
  const comments = await db.comment.findMany({
    where: { id: { in: waiting.map(({ id }) => id) } },
    orderBy: { id: 'asc' },
    select: { id: true, authorId: true, direction: true, visibility: true },
  })
  for (const comment of comments) emit(deliveryChanged(snapshotOf(ticket), comment, 'QUEUED', 'FAILED'))
}
