import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { type Actor, type EventBatch, type EventBody, type LogEvent, readLogEvent } from '../domain/event.ts'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'
import type { LogHead, LogReader } from '../pubsub/log-reader.ts'
import { json } from './json-parameter.ts'

/*
 * The event log's two statements. Invariant: offsets are gapless and in commit order, because the
 * head row is locked by the last statement of every transaction that appends, and stays locked
 * until that transaction ends. (Measured alternatives and their losses: TRAPS, "Event log".)
 */

/** An event and who caused it, before it has an offset. */
export interface Unlogged {
  readonly actor: Actor
  readonly body: EventBody
}

type Db = Prisma.TransactionClient | PrismaClient

/** A fresh epoch name: 12 hex digits. */
const newEpoch = () => randomBytes(6).toString('hex')

/**
 * Appends events at the end of the log, and renews the epoch first if the database is not the one the
 * epoch was made for. Must be the transaction's last statement: from here on, other writers wait.
 */
export async function append(db: Db, unlogged: readonly Unlogged[]): Promise<EventBatch> {
  // The actor of most is the actor of all, and what the columns repeat is taken from the body: half the text to send.
  const most = unlogged[0]?.actor
  const rows = unlogged.map(({ actor, body }) => (actor === most ? { data: body } : { actor, data: body }))
  const [place] = await db.$queryRaw<{ epoch: string; head: bigint; at: Date }[]>`
    WITH head AS (
      UPDATE event_log_head
      SET head = head + ${rows.length},
          epoch = CASE WHEN identity = perch_log_identity() THEN epoch ELSE ${newEpoch()} END,
          identity = perch_log_identity()
      WHERE id = 1
      -- The column keeps milliseconds and would round, where JavaScript cuts: the bell and the log must say the same.
      RETURNING epoch, head, date_trunc('milliseconds', clock_timestamp()) AS at
    ), appended AS (
      INSERT INTO event ("offset", type, at, actor, ticket_id, account_id, data)
      SELECT head.head - ${rows.length} + e.place, d.data->>'type', head.at,
             coalesce(e.row->'actor', ${json(most)}::jsonb), (d.data->'ticket'->>'id')::uuid,
             coalesce(d.data->'ticket'->>'accountId', d.data->>'accountId')::uuid, d.data
      FROM head, jsonb_array_elements(${json(rows)}::jsonb) WITH ORDINALITY AS e(row, place),
           LATERAL (SELECT e.row->'data' AS data) AS d
    )
    SELECT epoch, head, at FROM head`
  if (!place) throw new Error('The row of event_log_head is missing: this database was not migrated by Perch.')
  const first = Number(place.head) - rows.length + 1
  const at = place.at.toISOString()
  return {
    epoch: place.epoch,
    events: unlogged.map(({ actor, body }, index) => ({ offset: first + index, at, actor, body })),
  }
}

/** The end of the log as this transaction (or this moment) sees it. */
export async function readHead(db: Db): Promise<LogHead> {
  const [row] = await db.$queryRaw<{ epoch: string; head: bigint; floor: bigint }[]>`
    SELECT epoch, head, floor FROM event_log_head WHERE id = 1`
  if (!row) throw new Error('The row of event_log_head is missing: this database was not migrated by Perch.')
  return { epoch: row.epoch, head: Number(row.head), floor: Number(row.floor) }
}

/** Gives the log a new epoch if the database was restored, promoted or copied since. True when it did. */
export async function renewEpoch(db: Db): Promise<boolean> {
  const renewed = await db.$executeRaw`
    UPDATE event_log_head SET epoch = ${newEpoch()}, identity = perch_log_identity()
    WHERE id = 1 AND identity <> perch_log_identity()`
  return renewed > 0
}

/** The log as the feed reads it. */
export function createLogReader(prisma: PrismaClient, logger: Logger): LogReader {
  return {
    async head() {
      const [row] = await prisma.$queryRaw<{ epoch: string; head: bigint; floor: bigint; ours: boolean }[]>`
        SELECT epoch, head, floor, identity = perch_log_identity() AS ours FROM event_log_head WHERE id = 1`
      if (row?.ours) return { epoch: row.epoch, head: Number(row.head), floor: Number(row.floor) }
      if (await renewEpoch(prisma)) logger.warn('this is not the database it was: the event log starts a new epoch')
      return readHead(prisma)
    },
    async read(after, limit) {
      const rows = await prisma.event.findMany({
        where: { offset: { gt: after } },
        orderBy: { offset: 'asc' },
        take: limit,
      })
      return rows.map((row) => readEvent(row, logger))
    },
  }
}

function readEvent(row: Parameters<typeof readLogEvent>[0], logger: Logger): LogEvent {
  const event = readLogEvent(row)
  const unread = event.body.type === 'unknown' || (event.actor.kind === 'system' && event.actor.part === 'unknown')
  if (unread)
    logger.warn({ offset: event.offset, type: row.type }, 'an event in the log cannot be read by this version')
  return event
}
