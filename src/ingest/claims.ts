import { isSince } from '../domain/delivery.ts'
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
  /** The ticket that X would tell of it on. */
  readonly ticketId: string
  readonly channel: string
  readonly body: string
  /** Of an XChat message: the id that it will have. */
  readonly externalId: string | null
  /** When the last attempt began. */
  readonly begunAt: Date | null
}

/** The ids of planned comments that are answers of ours: these are SENT now, and the comments are not to be made. */
export async function claimAnswers(
  { db, emit }: ChangeScope,
  comments: readonly PlannedComment[],
): Promise<ReadonlySet<string>> {
  const own = comments.filter(({ direction, visibility }) => direction === 'OUTBOUND' && visibility === 'PUBLIC')
  if (own.length === 0) return new Set()
  const ticketIds = [...new Set(own.map(({ ticketId }) => ticketId))]
  // F70: an answer that was given before its ticket was merged is the source's, and X tells of it as the target's.
  const pending = await db.$queryRaw<Pending[]>`
    WITH RECURSIVE family AS (
      SELECT id, id AS target FROM unnest(${ticketIds}::uuid[]) AS id
      UNION SELECT t.id, f.target FROM ticket t JOIN family f ON t.merged_into_id = f.id
    )
    SELECT d.comment_id AS "commentId", f.target AS "ticketId", d.channel::text AS channel, c.body,
      a.x_user_id || '/' || d.message_id AS "externalId", d.begun_at AS "begunAt"
    FROM family f JOIN delivery d ON d.ticket_id = f.id
    JOIN comment c ON c.id = d.comment_id JOIN account a ON a.id = d.account_id
    WHERE d.state IN ('SENDING', 'UNKNOWN') AND (d.finished_at IS NULL OR d.state = 'UNKNOWN')
    ORDER BY d.state = 'UNKNOWN', d.created_at, d.comment_id
    FOR UPDATE OF d`
  const taken = new Set<string>()
  const claimed = new Set<string>()
  for (const comment of own) {
    const answer = pending.find((each) => !taken.has(each.commentId) && isThis(each, comment))
    if (!answer || comment.externalId === null) continue
    taken.add(answer.commentId)
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

function isThis({ ticketId, channel, body, externalId, begunAt }: Pending, comment: PlannedComment): boolean {
  if (ticketId !== comment.ticketId || channel !== comment.channel) return false
  if (channel === 'X_CHAT') return externalId === comment.externalId
  return saysTheSame(body, comment.body) && isSince(begunAt, comment.postedAt)
}
