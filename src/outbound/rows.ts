import type { DeliveryError, DeliveryState, Standing } from '../domain/delivery.ts'
import { deliveryJob } from '../domain/delivery-job.ts'
import { type Actor, deliveryChanged } from '../domain/event.ts'
import type { ReplyChannel } from '../domain/sender.ts'
import { Prisma } from '../generated/prisma/client.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { snapshotOf } from '../store/ticket-snapshot.ts'
import { openOf } from './queue.ts'

/* The rows of `delivery`, and what the log says of them. Times are the database's. */

/** The part of the program that acts. */
export const OUTBOUND: Actor = { kind: 'system', part: 'outbound' }

/** An answer that is to be sent, or looked for. */
export interface DueDelivery {
  readonly commentId: string
  readonly ticketId: string
  readonly channel: ReplyChannel
  readonly state: 'QUEUED' | 'SENDING'
  readonly target: string
  readonly mentions: readonly string[]
  /** Of an XChat message: the ids by which X may have it, the last attempt's and those of uncertain ones before it. */
  readonly messageIds: readonly string[]
  readonly body: string
  readonly attempts: number
  readonly lookedFor: number
  /** Why the last attempt came to nothing, as far as is known. */
  readonly error: string | null
  /** Whether an attempt came to nobody knows what, so that X may have it. */
  readonly uncertain: boolean
  /** Since when X may have it: the first such attempt, else the last one of all; null: nothing was tried. */
  readonly since: Date | null
  readonly begunAgoMs: number
  readonly ageMs: number
}

/** What is next for an account (null: among e-mails), and if nothing is due, in how many milliseconds something will be. */
export interface NextDelivery {
  readonly delivery: DueDelivery | null
  readonly inMs: number | null
}

/**
 * What is uncertain is looked for first, then single answers go in their rounds, then those of bulk updates; those before
 * these when it is the `bulksTurn` (domain/fair-queue.ts). Of a ticket nothing overtakes what was said there before. What would go by a `closed` way is passed over, and
 * so is what would go by a way on which something is uncertain: where X does not work, one answer finds out, not all.
 */
export async function nextDelivery(
  { prisma }: Pick<Store, 'prisma'>,
  accountId: string | null,
  closed: readonly string[],
  bulksTurn: boolean,
): Promise<NextDelivery> {
  // Each part reads an index in its order and stops at the first: tens of thousands may wait behind it.
  const open = openOf(accountId)
  const uncertain = Prisma.sql`SELECT u.channel FROM delivery u WHERE ${openOf(accountId, 'u')} AND u.state = 'SENDING'`
  const mayGo = Prisma.sql`d.state = 'QUEUED' AND NOT d.channel::text = ANY (${closed})
    AND d.channel NOT IN (${uncertain}) AND NOT EXISTS (
    SELECT FROM delivery e
    WHERE e.ticket_id = d.ticket_id AND e.finished_at IS NULL
      AND (e.created_at, e.comment_id) < (d.created_at, d.comment_id))`
  const firstOf = (kind: Prisma.Sql, rank: number) => Prisma.sql`
    (SELECT d.comment_id, ${rank}::int AS rank FROM delivery d
     WHERE ${open} AND ${kind} AND ${mayGo} AND d.due_at <= clock_timestamp()
     ORDER BY d.turn, d.created_at, d.comment_id LIMIT 1)`
  const [row] = await prisma.$queryRaw<DueDelivery[]>`
    WITH next AS (
      (SELECT d.comment_id, -1 AS rank FROM delivery d
       WHERE ${open} AND d.state = 'SENDING' AND d.due_at <= clock_timestamp()
       ORDER BY d.due_at LIMIT 1)
      UNION ALL ${firstOf(Prisma.sql`NOT d.bulk`, 1)}
      UNION ALL ${firstOf(Prisma.sql`d.bulk`, bulksTurn ? 0 : 2)}
    )
    SELECT d.comment_id AS "commentId", d.ticket_id AS "ticketId", d.channel::text AS channel, d.state::text AS state,
      d.target, d.mentions, array_remove(d.message_id || d.earlier_message_ids, NULL) AS "messageIds", c.body, d.attempts, d.looked_for AS "lookedFor", d.error,
      d.uncertain_since IS NOT NULL AS uncertain, coalesce(d.uncertain_since, d.begun_at) AS since,
      coalesce(extract(epoch FROM clock_timestamp() - d.begun_at) * 1000, 0)::float8 AS "begunAgoMs",
      (extract(epoch FROM clock_timestamp() - d.created_at) * 1000)::float8 AS "ageMs"
    FROM next JOIN delivery d USING (comment_id) JOIN comment c ON c.id = d.comment_id
    ORDER BY next.rank LIMIT 1`
  if (row) return { delivery: row, inMs: 0 }
  // Of nothing there is no least; greatest() would make 0 of that, and the job would come back at once, for ever.
  const [soonest] = await prisma.$queryRaw<{ inMs: number | null }[]>`
    SELECT min(greatest(0, extract(epoch FROM d.due_at - clock_timestamp()) * 1000))::float8 AS "inMs"
    FROM delivery d WHERE ${open} AND (d.state = 'SENDING' OR ${mayGo})`
  return { delivery: null, inMs: soonest?.inMs ?? null }
}

/** F69: of a deleted ticket nothing is sent. */
const DELETED: Standing = { state: 'FAILED', error: 'TICKET_DELETED', detail: undefined }

/** Whether the ticket is deleted; nobody deletes it until the transaction ends. First of all locks, as everywhere. */
async function lockDeleted(db: Prisma.TransactionClient, commentId: string): Promise<boolean> {
  const [row] = await db.$queryRaw<{ deleted: boolean }[]>`
    SELECT t.deleted_at IS NOT NULL AS deleted FROM ticket t
    WHERE t.id = (SELECT d.ticket_id FROM delivery d WHERE d.comment_id = ${commentId}::uuid) FOR SHARE OF t`
  return row?.deleted === true
}

/** Notes that an attempt begins, under the id that was chosen for it. False when it is no longer to be sent. */
export async function beginAttempt(
  store: Store,
  { commentId, attempts }: DueDelivery,
  messageId: string | null,
): Promise<boolean> {
  const { value } = await store.change(OUTBOUND, async (scope) => {
    if (await lockDeleted(scope.db, commentId)) {
      const [waits] = await scope.db.$queryRaw<object[]>`
        SELECT FROM delivery WHERE comment_id = ${commentId}::uuid AND state = 'QUEUED' FOR UPDATE`
      if (!waits) return false
      await write(scope.db, commentId, DELETED)
      await tell(scope, commentId, 'QUEUED', 'FAILED')
      await wakeNext(scope, commentId)
      return false
    }
    const begun = await scope.db.$executeRaw`
      UPDATE delivery SET state = 'SENDING', attempts = attempts + 1, looked_for = 0, begun_at = clock_timestamp(),
        due_at = clock_timestamp(), error = NULL, detail = NULL, message_id = ${messageId},
        earlier_message_ids = CASE WHEN uncertain_since IS NULL OR message_id IS NULL THEN earlier_message_ids
          ELSE earlier_message_ids || message_id END
      WHERE comment_id = ${commentId}::uuid AND state = 'QUEUED' AND attempts = ${attempts}`
    if (begun === 0) return false
    await tell(scope, commentId, 'QUEUED', 'SENDING')
    return true
  })
  return value
}

/**
 * Notes that X's window has no room for what is next. Of an account's answers by one way only the first says so: the
 * others wait for their turn.
 */
export async function waitForRoom(store: Store, delivery: DueDelivery, waitMs: number): Promise<void> {
  const { commentId, error } = delivery
  await store.change(OUTBOUND, async (scope) => {
    await lockDeleted(scope.db, commentId)
    const noted = await scope.db.$executeRaw`
      UPDATE delivery d SET error = ${'RATE_LIMITED' satisfies DeliveryError},
        due_at = clock_timestamp() + ${waitMs}::float8 * interval '1 millisecond'
      WHERE d.comment_id = ${commentId}::uuid AND d.state = 'QUEUED' AND NOT EXISTS (
        SELECT FROM delivery o
        WHERE o.account_id = d.account_id AND o.finished_at IS NULL AND o.comment_id <> d.comment_id
          AND o.channel = d.channel AND o.error = 'RATE_LIMITED' AND o.due_at > clock_timestamp())`
    if (noted > 0 && error !== 'RATE_LIMITED') await tell(scope, commentId, 'QUEUED', 'QUEUED')
  })
}

/** Whoever sends what waits behind this on its ticket, from another account, has not seen that it is their turn. */
async function wakeNext({ db, enqueue }: ChangeScope, commentId: string): Promise<void> {
  const [next] = await db.$queryRaw<{ accountId: string | null; own: boolean }[]>`
    SELECT e.account_id::text AS "accountId", e.account_id IS NOT DISTINCT FROM d.account_id AS own
    FROM delivery d JOIN delivery e ON e.ticket_id = d.ticket_id AND e.finished_at IS NULL
    WHERE d.comment_id = ${commentId}::uuid ORDER BY e.created_at, e.comment_id LIMIT 1`
  if (next && !next.own) enqueue(deliveryJob(next.accountId))
}

const isFinal = (state: DeliveryState): boolean => state === 'SENT' || state === 'FAILED' || state === 'UNKNOWN'

/** How it came to stand so. */
interface Settled {
  /** It was looked for so often. */
  readonly looks?: number
  /** How it stood before. */
  readonly from?: 'QUEUED' | 'SENDING'
}

/** Writes down how a delivery stands, unless it was settled meanwhile. */
export async function settle(
  store: Store,
  commentId: string,
  attempted: Standing,
  { looks, from = 'SENDING' }: Settled = {},
): Promise<void> {
  await store.change(OUTBOUND, async (scope) => {
    // The ticket's row first: what is told of it is how it is at that place of the log, for whoever may see it then.
    const deleted = await lockDeleted(scope.db, commentId)
    // What was deleted while X was asked, and is not there, does not wait for another attempt.
    const standing = deleted && attempted.state === 'QUEUED' ? DELETED : attempted
    const [before] = await scope.db.$queryRaw<{ state: DeliveryState; error: string | null }[]>`
      SELECT state::text AS state, error FROM delivery WHERE comment_id = ${commentId}::uuid FOR UPDATE`
    // X may have told of it by another way: then it is SENT, and stays so. Who was too slow may know more than who gave up.
    const known = attempted.state === 'SENT' && before?.state === 'UNKNOWN'
    if (before?.state !== from && !known) return
    await write(scope.db, commentId, standing, looks)
    if (standing.state !== before.state) await tell(scope, commentId, before.state, standing.state)
    if (isFinal(standing.state)) await wakeNext(scope, commentId)
  })
}

async function write(
  db: Prisma.TransactionClient,
  commentId: string,
  standing: Standing,
  looks?: number,
): Promise<void> {
  const dueInMs = 'dueInMs' in standing ? standing.dueInMs : 0
  const error = 'error' in standing ? standing.error : standing.state === 'UNKNOWN' ? 'UNKNOWN' : null
  const detail = 'detail' in standing ? (standing.detail ?? null) : null
  // What is looked for, or has to be, is what X may have; what it is known to have refused is not.
  const uncertain = looks !== undefined || standing.state === 'SENDING'
  await db.$executeRaw`
    UPDATE delivery SET state = ${standing.state}::"DeliveryState", looked_for = ${looks ?? 0}, error = ${error},
      detail = ${detail}, due_at = clock_timestamp() + ${dueInMs}::float8 * interval '1 millisecond',
      finished_at = CASE WHEN ${isFinal(standing.state)} THEN clock_timestamp() END,
      uncertain_since = CASE WHEN ${uncertain} THEN coalesce(uncertain_since, begun_at) ELSE uncertain_since END
    WHERE comment_id = ${commentId}::uuid`
  if (standing.state !== 'SENT') return
  // Ingestion may have met it as somebody's own post and could not tell that it is this one: then it keeps the id.
  await db.$executeRaw`
    UPDATE comment c SET external_id = ${standing.externalId}
    WHERE c.id = ${commentId}::uuid AND c.external_id IS NULL AND NOT EXISTS (
      SELECT FROM comment o WHERE o.channel = c.channel AND o.external_id = ${standing.externalId}
    )`
}

/** Says in the log that an answer stands otherwise. */
async function tell(
  { db, emit }: ChangeScope,
  commentId: string,
  before: DeliveryState,
  after: DeliveryState,
): Promise<void> {
  const comment = await db.comment.findUniqueOrThrow({
    where: { id: commentId },
    select: { id: true, authorId: true, direction: true, visibility: true, ticket: true },
  })
  const { ticket, ...ref } = comment
  emit(deliveryChanged(snapshotOf(ticket), ref, before, after))
}
