import { type DeliveryState, isSince } from '../domain/delivery.ts'
import { deliveryJob } from '../domain/delivery-job.ts'
import { deliveryChanged } from '../domain/event.ts'
import { saysTheSame } from '../domain/post-text.ts'
import type { ChangeScope } from '../store/store.ts'
import { snapshotOf } from '../store/ticket-snapshot.ts'
import type { Plan, PlannedComment } from './planned.ts'

/*
 * X tells of our own answers, too, often before the process that sends one has written down that X has it, and also when
 * that process was killed, or when X said that it takes nothing and took it all the same. Then it is that answer, and not
 * something said in X's own app: also when it waits to be sent again, which it then is not, or was given up.
 */

interface Pending {
  readonly commentId: string
  /** The ticket that it was given on. */
  readonly ofTicket: string
  /** The ticket that X would tell of it on. */
  readonly ticketId: string
  readonly channel: string
  readonly state: DeliveryState
  readonly body: string
  /** Of an XChat message: the ids by which X may have it. */
  readonly externalIds: readonly string[]
  /** Since when X may have it. */
  readonly since: Date | null
}

/** What X told of, in what says whether it is an answer of ours. */
type Told = Pick<
  PlannedComment,
  'id' | 'ticketId' | 'direction' | 'visibility' | 'channel' | 'body' | 'externalId' | 'postedAt'
>

/** The batch without what are answers of ours: these are SENT now, and neither comments to be made nor posts that wait. */
export async function claimAnswers(scope: ChangeScope, plan: Plan): Promise<Plan> {
  // On a full ticket there is no room for what is said in X's app; an answer of ours stands there already.
  const waits = plan.waits.flatMap(({ answerOn, post }): Told[] =>
    answerOn === null
      ? []
      : [
          {
            ...{ id: post.id, ticketId: answerOn, externalId: post.id, body: post.text, postedAt: post.postedAt },
            ...{ direction: 'OUTBOUND', visibility: 'PUBLIC', channel: 'X_POST' },
          },
        ],
  )
  const claimed = await claim(scope, [...plan.comments, ...waits])
  if (claimed.size === 0) return plan
  return {
    ...plan,
    comments: plan.comments.filter(({ id }) => !claimed.has(id)),
    waits: plan.waits.filter(({ post }) => !claimed.has(post.id)),
  }
}

/** The ids of those that are answers of ours. */
async function claim({ db, emit, enqueue }: ChangeScope, comments: readonly Told[]): Promise<ReadonlySet<string>> {
  const own = comments.filter(({ direction, visibility }) => direction === 'OUTBOUND' && visibility === 'PUBLIC')
  if (own.length === 0) return new Set()
  const ticketIds = [...new Set(own.map(({ ticketId }) => ticketId))]
  // F70: an answer that was given before its ticket was merged is the source's, and X tells of it as the target's.
  const pending = await db.$queryRaw<Pending[]>`
    WITH RECURSIVE family AS (
      SELECT id, id AS target FROM unnest(${ticketIds}::uuid[]) AS id
      UNION SELECT t.id, f.target FROM ticket t JOIN family f ON t.merged_into_id = f.id
    )
    SELECT d.comment_id AS "commentId", f.id AS "ofTicket", f.target AS "ticketId", d.channel::text AS channel, d.state::text AS state,
      c.body,
      ARRAY(SELECT a.x_user_id || '/' || m FROM unnest(d.message_id || d.earlier_message_ids) AS m WHERE m IS NOT NULL)
        AS "externalIds",
      coalesce(d.uncertain_since, d.begun_at) AS since
    FROM family f JOIN delivery d ON d.ticket_id = f.id
    JOIN comment c ON c.id = d.comment_id JOIN account a ON a.id = d.account_id
    WHERE (d.finished_at IS NULL OR (d.state <> 'SENT' AND d.uncertain_since IS NOT NULL))
      AND (d.state = 'SENDING' OR d.uncertain_since IS NOT NULL)
    ORDER BY d.finished_at IS NOT NULL, d.created_at, d.comment_id
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
    emit(deliveryChanged(snapshotOf(ticket), ref, answer.state, 'SENT'))
  }
  if (taken.size > 0) {
    // What waits behind them, whoever sends it, has its turn.
    const behind = await db.delivery.findMany({
      where: { ticketId: { in: pending.map(({ ofTicket }) => ofTicket) }, finishedAt: null },
      distinct: ['accountId'],
      select: { accountId: true },
    })
    for (const { accountId } of behind) enqueue(deliveryJob(accountId))
  }
  return claimed
}

function isThis({ ticketId, channel, body, externalIds, since }: Pending, comment: Told): boolean {
  if (ticketId !== comment.ticketId || channel !== comment.channel) return false
  if (channel === 'X_CHAT') return comment.externalId !== null && externalIds.includes(comment.externalId)
  return saysTheSame(body, comment.body) && isSince(since, comment.postedAt)
}
