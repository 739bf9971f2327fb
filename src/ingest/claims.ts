import { saysTheSame } from '../domain/post-text.ts'
import type { ChangeScope } from '../store/store.ts'
import { snapshotOf } from '../store/ticket-snapshot.ts'
import type { PlannedComment } from './planned.ts'

/*
 * X tells of our own answers, too, often before the process that sends one has written down that X has it, and also when
 * that process was killed. Then it is that answer, and not something said in X's own app.
 */

interface Pending {
  readonly commentId: string
  readonly ticketId: string
  readonly channel: string
  readonly body: string
  /** Of an XChat message: the id that it will have. */
  readonly externalId: string | null
}

/** The ids of planned comments that are answers of ours: these are SENT now, and the comments are not to be made. */
export async function claimAnswers(
  { db, emit }: ChangeScope,
  comments: readonly PlannedComment[],
): Promise<ReadonlySet<string>> {
  const own = comments.filter(({ direction, visibility }) => direction === 'OUTBOUND' && visibility === 'PUBLIC')
  if (own.length === 0) return new Set()
  const ticketIds = [...new Set(own.map(({ ticketId }) => ticketId))]
  const pending = await db.$queryRaw<Pending[]>`
    SELECT d.comment_id AS "commentId", d.ticket_id AS "ticketId", d.channel::text AS channel, c.body,
      a.x_user_id || '/' || d.message_id AS "externalId"
    FROM delivery d JOIN comment c ON c.id = d.comment_id JOIN account a ON a.id = d.account_id
    WHERE d.ticket_id = ANY (${ticketIds}::uuid[]) AND d.state IN ('SENDING', 'UNKNOWN') AND (d.finished_at IS NULL OR d.state = 'UNKNOWN')
    ORDER BY d.created_at, d.comment_id
    FOR UPDATE OF d`
  const open = new Set(pending)
  const claimed = new Set<string>()
  for (const comment of own) {
    const answer = [...open].find((each) => isThis(each, comment))
    if (!answer || comment.externalId === null) continue
    open.delete(answer)
    claimed.add(comment.id)
    await db.delivery.update({
      where: { commentId: answer.commentId },
      data: { state: 'SENT', error: null, detail: null, finishedAt: new Date() },
    })
    const { ticket, ...ref } = await db.comment.update({
      where: { id: answer.commentId },
      data: { externalId: comment.externalId },
      select: { id: true, authorId: true, direction: true, visibility: true, ticket: true },
    })
    emit({ type: 'comment.updated', ticket: snapshotOf(ticket), comment: ref, changed: ['deliveryState'] })
  }
  return claimed
}

function isThis({ ticketId, channel, body, externalId }: Pending, comment: PlannedComment): boolean {
  if (ticketId !== comment.ticketId || channel !== comment.channel) return false
  return channel === 'X_CHAT' ? externalId === comment.externalId : saysTheSame(body, comment.body)
}
