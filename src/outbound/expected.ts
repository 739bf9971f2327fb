import { expectedDelayMs, SENDING_LIMITS } from '../domain/delivery.ts'
import { aheadOf, BULK_EVERY } from '../domain/fair-queue.ts'
import type { ReplyChannel } from '../domain/sender.ts'
import type { Store } from '../store/store.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { SEND_ENDPOINTS } from './endpoints.ts'
import { nextRound, openOf } from './queue.ts'

/* When answers are expected to be sent: by what goes before them, what is waited for, and what X's windows have left. */

export interface Expecting {
  readonly store: Pick<Store, 'prisma'>
  readonly calls: Pick<XCalls, 'left'>
}

/** An answer that somebody might give. */
interface Imagined {
  readonly ticketId: string
  readonly channel: ReplyChannel
  /** Null: an e-mail. */
  readonly accountId: string | null
  readonly authorId: string
}

/** Milliseconds until an answer that is given now is sent. */
export async function delayOfNew(expecting: Expecting, imagined: Imagined): Promise<number> {
  const { ticketId, channel, accountId, authorId } = imagined
  const { prisma } = expecting.store
  const round = await nextRound(prisma, accountId, authorId)
  // What waits on the ticket goes first, also what bulk updates gave; of the others no more are counted than get between.
  const [row] = await prisma.$queryRaw<{ before: number; others: number; heldMs: number }[]>`
    WITH before AS (
      SELECT count(*)::int AS count FROM delivery d
      WHERE ${openOf(accountId)} AND d.channel = ${channel}::"CommentChannel"
        AND ((NOT d.bulk AND d.turn <= ${round}) OR d.ticket_id = ${ticketId}::uuid)
    ), others AS (
      SELECT FROM delivery d
      WHERE ${openOf(accountId)} AND d.channel = ${channel}::"CommentChannel" AND d.bulk
        AND d.ticket_id <> ${ticketId}::uuid
      LIMIT (SELECT count / ${BULK_EVERY - 1}::int FROM before)
    )
    SELECT before.count AS before, (SELECT count(*)::int FROM others) AS others, coalesce((
      SELECT max(extract(epoch FROM d.due_at - clock_timestamp()) * 1000) FROM delivery d
      WHERE d.finished_at IS NULL AND (d.ticket_id = ${ticketId}::uuid
        OR (${openOf(accountId)} AND d.state = 'SENDING' AND d.channel = ${channel}::"CommentChannel"))
    ), 0)::float8 AS "heldMs"
    FROM before`
  const { before = 0, others = 0, heldMs = 0 } = row ?? {}
  return Math.max(heldMs, await pace(expecting, channel, accountId, aheadOf({ bulk: false, before, others })))
}

/** Milliseconds until each of these answers is sent; of those that do not wait there is nothing. */
export async function delaysOf(
  expecting: Expecting,
  commentIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await expecting.store.prisma.$queryRaw<
    {
      commentId: string
      channel: ReplyChannel
      accountId: string | null
      bulk: boolean
      before: number
      others: number
      heldMs: number
    }[]
  >`
    WITH asked AS MATERIALIZED (
      SELECT d.* FROM delivery d WHERE d.comment_id = ANY(${commentIds}::uuid[]) AND d.state = 'QUEUED'
    ), queue AS (
      SELECT d.comment_id,
        row_number() OVER (PARTITION BY d.account_id, d.channel, d.bulk ORDER BY d.turn, d.created_at, d.comment_id) - 1
          AS before,
        count(*) FILTER (WHERE d.bulk) OVER (PARTITION BY d.account_id, d.channel) AS bulk,
        count(*) FILTER (WHERE NOT d.bulk) OVER (PARTITION BY d.account_id, d.channel) AS single
      FROM delivery d
      WHERE d.finished_at IS NULL AND EXISTS (
        SELECT FROM asked a WHERE a.channel = d.channel AND a.account_id IS NOT DISTINCT FROM d.account_id)
    )
    SELECT a.comment_id::text AS "commentId", a.channel::text AS channel, a.account_id::text AS "accountId", a.bulk,
      q.before::int AS before, (CASE WHEN a.bulk THEN q.single ELSE q.bulk END)::int AS others,
      greatest(0, (
        SELECT max(extract(epoch FROM e.due_at - clock_timestamp()) * 1000) FROM delivery e
        WHERE e.finished_at IS NULL AND (
          (e.ticket_id = a.ticket_id AND (e.created_at, e.comment_id) <= (a.created_at, a.comment_id))
          OR (e.state = 'SENDING' AND e.channel = a.channel AND e.account_id IS NOT DISTINCT FROM a.account_id))
      ))::float8 AS "heldMs"
    FROM asked a JOIN queue q USING (comment_id)`
  const delays = rows.map(async ({ commentId, channel, accountId, heldMs, ...waiting }) => {
    const delay = Math.max(heldMs, await pace(expecting, channel, accountId, aheadOf(waiting)))
    return [commentId, delay] as const
  })
  return new Map(await Promise.all(delays))
}

async function pace(
  { calls }: Expecting,
  channel: ReplyChannel,
  accountId: string | null,
  ahead: number,
): Promise<number> {
  const endpoint = SEND_ENDPOINTS[channel]
  const left = endpoint === null || accountId === null ? null : await calls.left(accountId, endpoint)
  return expectedDelayMs(ahead, SENDING_LIMITS[channel], left?.windows ?? [])
}
