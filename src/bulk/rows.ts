import { v7 as uuidv7 } from 'uuid'
import type { BulkDecision, BulkFields, BulkPatch, BulkTicket } from '../domain/bulk-update.ts'
import type { SqlFragment } from '../domain/sql.ts'
import { sql } from '../domain/sql.ts'
import type { TicketState } from '../domain/ticket.ts'
import { type Audience, visibleTicketsSql } from '../domain/visibility.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { BulkReply } from '../outbound/bulk-replies.ts'
import { json } from '../store/json-parameter.ts'

/*
 * A batch's rows, one statement a kind whatever the batch's size, and as JSON in one value: a row at a time through
 * Prisma costs more than what the database does with it.
 */

type Db = Prisma.TransactionClient

/** An item that is to be done. */
export interface Item {
  readonly place: number
  readonly ticketId: string
  readonly patch: BulkPatch | null
  readonly ifVersion: number | null
}

/** A ticket with what a bulk update asks of it. */
export interface FoundTicket extends BulkTicket {
  /** ISO 8601. */
  readonly solvedAt: string | null
}

async function readJson<T>(db: Db, query: SqlFragment): Promise<T[]> {
  const wrapped = sql`SELECT coalesce(json_agg(r), '[]')::text AS rows FROM (${query}) AS r`
  const [found] = await db.$queryRawUnsafe<{ rows: string }[]>(wrapped.text, ...wrapped.values)
  return JSON.parse(found?.rows ?? '[]') as T[]
}

/**
 * The next items behind a place, in order. Places follow one another: without statistics of a table just filled, only
 * both bounds make the plan a good one.
 */
export function readItems(db: Db, jobId: string, after: number, limit: number): Promise<Item[]> {
  return readJson<Item>(
    db,
    sql`SELECT place, ticket_id AS "ticketId", patch, if_version AS "ifVersion" FROM bulk_update_item
        WHERE job_id = ${jobId}::uuid AND place > ${after}::int AND place <= ${after + limit}::int ORDER BY place`,
  )
}

interface TicketRow extends TicketState {
  readonly version: number
  readonly deleted: boolean
  readonly solvedAt: string | null
}

/**
 * Of these tickets, those that the person sees. With `lock`, nobody else changes them until the transaction ends; they
 * are locked in the order of their ids, so that two batches never wait for each other in a circle.
 */
export async function readTickets(
  db: Db,
  person: Audience,
  ids: readonly string[],
  { ifPosition, lock }: { readonly ifPosition: number | null; readonly lock: boolean },
): Promise<Map<string, FoundTicket>> {
  const rows = await readJson<TicketRow>(
    db,
    sql`SELECT t.id, t.number, t.subject, t.status, t.priority, t.channel, t.account_id AS "accountId",
               t.requester_id AS "requesterId", t.assignee_id AS "assigneeId", t.group_id AS "groupId", t.tags,
               t.version, t.deleted_at IS NOT NULL AS deleted, t.solved_at AS "solvedAt"
        FROM ticket t WHERE t.id = ANY(${ids}::uuid[]) AND ${visibleTicketsSql(person)}
        ORDER BY t.id ${lock ? sql`FOR NO KEY UPDATE OF t` : sql``}`,
  )
  // Behind the locks: who changed a ticket while we waited for it has said so in the log by now.
  const moved = ifPosition === null ? new Set<string>() : await readMoved(db, ids, ifPosition)
  return new Map(
    rows.map(({ version, deleted, solvedAt, ...ticket }) => [
      ticket.id,
      { ticket, version, deleted, solvedAt, changedSince: moved.has(ticket.id) },
    ]),
  )
}

async function readMoved(db: Db, ids: readonly string[], after: number): Promise<Set<string>> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT t.id::text AS id FROM unnest(${ids}::uuid[]) AS t(id)
    WHERE EXISTS (SELECT 1 FROM event e WHERE e.ticket_id = t.id AND e."offset" > ${after}::bigint)`
  return new Set(rows.map(({ id }) => id))
}

/** A ticket that is changed, with what of it is to be written. */
export interface Written {
  readonly found: FoundTicket
  readonly after: TicketState
  /** ISO 8601. */
  readonly solvedAt: string | null
  readonly note: string | null
  readonly reply: BulkReply | null
}

/** Writes the tickets as they are after. They are locked, so each is written exactly as it was decided. */
export async function writeTickets(db: Db, written: readonly Written[], now: Date): Promise<void> {
  if (written.length === 0) return
  const rows = written.map(({ after, solvedAt, note, reply }) => {
    const { id, status, priority, assigneeId, groupId, tags } = after satisfies BulkFields
    return {
      id,
      status,
      priority,
      assignee: assigneeId,
      group: groupId,
      tags,
      solved: solvedAt,
      comments: (note === null ? 0 : 1) + (reply === null ? 0 : 1),
    }
  })
  const count = await db.$executeRaw`
    UPDATE ticket t
    SET status = c.status, priority = c.priority, assignee_id = c.assignee, group_id = c."group", tags = c.tags,
        solved_at = c.solved, comment_count = t.comment_count + c.comments, updated_at = ${now}
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS c(id uuid, status "TicketStatus", priority "TicketPriority",
      assignee uuid, "group" uuid, tags text[], solved timestamptz, comments int)
    WHERE t.id = c.id`
  if (count !== rows.length) throw new Error(`${count} of ${rows.length} locked tickets could be written.`)
}

/** Adds the private notes. Gives the comments' ids by ticket. */
export async function writeNotes(
  db: Db,
  authorId: string,
  written: readonly Written[],
  now: Date,
): Promise<ReadonlyMap<string, string>> {
  const notes = written.flatMap(({ after, note }) =>
    note === null ? [] : [{ id: uuidv7(), ticket: after.id, body: note }],
  )
  if (notes.length === 0) return new Map()
  await db.$executeRaw`
    INSERT INTO comment (id, ticket_id, author_id, direction, visibility, channel, body, posted_at, created_at)
    SELECT n.id, n.ticket, ${authorId}::uuid, 'OUTBOUND', 'PRIVATE', 'API', n.body, ${now}, ${now}
    FROM jsonb_to_recordset(${json(notes)}::jsonb) AS n(id uuid, ticket uuid, body text)`
  return new Map(notes.map(({ id, ticket }) => [ticket, id]))
}

/** What became of an item. `before` and `version` are what an undo needs. */
export interface Result {
  readonly place: number
  readonly outcome: BulkDecision['outcome']
  readonly errors: readonly object[] | null
  readonly before: object | null
  readonly version: number | null
}

/** Of places that follow one another. */
export async function writeResults(db: Db, jobId: string, results: readonly Result[]): Promise<void> {
  const count = await db.$executeRaw`
    UPDATE bulk_update_item i
    SET outcome = r.outcome, errors = r.errors, before = r.before, version = r.version
    FROM jsonb_to_recordset(${json(results)}::jsonb)
      AS r(place int, outcome text, errors jsonb, before jsonb, version int)
    WHERE i.job_id = ${jobId}::uuid AND i.place = r.place AND i.outcome IS NULL
      AND i.place BETWEEN ${results[0]?.place ?? 0} AND ${results.at(-1)?.place ?? 0}`
  if (count !== results.length) throw new Error('An item of a bulk update was done already.')
}
