import { type BulkOutcome, STAYING } from '../domain/bulk-update.ts'
import { type SqlFragment, sql } from '../domain/sql.ts'
import { type TicketFilter, ticketFilterSql } from '../domain/ticket-filter.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { BulkTargets, TicketPatchGiven } from './bulk-updates.ts'

/*
 * The set of a bulk update, frozen: its items, in the order of the tickets' ids. What a filter finds is found by one
 * statement, which is one moment, and never leaves the database.
 */

type Db = Prisma.TransactionClient

/** Writes the items; gives their number, which may be one more than `most`, and then is too many. */
export function freeze(db: Db, jobId: string, person: Audience, targets: BulkTargets, most: number): Promise<number> {
  switch (targets.kind) {
    case 'ids':
      return freezeIds(db, jobId, targets.ids)
    case 'filter':
      return freezeFilter(db, jobId, person, targets.filter, most)
    case 'patches':
      return freezePatches(db, jobId, targets.patches)
  }
}

function freezeIds(db: Db, jobId: string, ids: readonly string[]): Promise<number> {
  return db.$executeRaw`
    INSERT INTO bulk_update_item (job_id, place, ticket_id)
    SELECT ${jobId}::uuid, row_number() OVER (ORDER BY t.id), t.id
    FROM (SELECT DISTINCT id FROM unnest(${ids}::uuid[]) AS g(id)) AS t`
}

function freezeFilter(db: Db, jobId: string, person: Audience, filter: TicketFilter, most: number): Promise<number> {
  const query = sql`
    INSERT INTO bulk_update_item (job_id, place, ticket_id)
    SELECT ${jobId}::uuid, row_number() OVER (ORDER BY f.id), f.id
    FROM (SELECT t.id FROM ticket t WHERE ${ticketFilterSql(filter, person)} LIMIT ${most + 1}::int) AS f`
  return db.$executeRawUnsafe(query.text, ...query.values)
}

function freezePatches(db: Db, jobId: string, patches: readonly TicketPatchGiven[]): Promise<number> {
  const rows = patches.map(({ ticketId, patch, version }) => ({ ticket: ticketId, patch, version }))
  return db.$executeRaw`
    INSERT INTO bulk_update_item (job_id, place, ticket_id, patch, if_version)
    SELECT ${jobId}::uuid, row_number() OVER (ORDER BY p.ticket), p.ticket, p.patch, p.version
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS p(ticket uuid, patch jsonb, version int)`
}

/**
 * What is over for an item of an undo named d. The others did not let go ahead who asked then, and may let who asks now,
 * but for what no undo takes back.
 */
const SETTLED: readonly BulkOutcome[] = ['CHANGED', 'UNCHANGED', 'CONFLICT']
const isSettled = sql`(d.outcome = ANY(${SETTLED}::text[])
  OR jsonb_path_query_array(d.errors, '$[*].code') ?| ${STAYING}::text[])`

/**
 * Of the items of a finished job that changed something, those that no undo of it has settled. Grouped, not joined: of
 * tables just filled there are no statistics, and a join of 100,000 rows by the wrong plan takes hours.
 */
const undoable = (jobId: string): SqlFragment => sql`
  SELECT i.ticket_id, min(i.place) AS place, (array_agg(i.before) FILTER (WHERE i.own))[1] AS before,
    min(i.version) FILTER (WHERE i.own) AS version
  FROM (
    SELECT ticket_id, place, before, version, true AS own FROM bulk_update_item
    WHERE job_id = ${jobId}::uuid AND outcome = 'CHANGED' AND before <> '{}'::jsonb
    UNION ALL
    SELECT d.ticket_id, NULL, NULL, NULL, false
    FROM bulk_update_job u JOIN bulk_update_item d ON d.job_id = u.id
    WHERE u.undo_of_id = ${jobId}::uuid AND ${isSettled}
  ) AS i
  GROUP BY i.ticket_id HAVING bool_and(i.own)`

/** How many tickets an undo of this job would still try. */
export async function countUndoable(db: Db, jobId: string): Promise<number> {
  const query = sql`SELECT count(*)::int AS count FROM (${undoable(jobId)}) AS left_over`
  const [row] = await db.$queryRawUnsafe<{ count: number }[]>(query.text, ...query.values)
  return row?.count ?? 0
}

/** What the items of a finished job changed and is not taken back yet, as the items of another that undoes it. */
export function freezeUndo(db: Db, jobId: string, undoOfId: string): Promise<number> {
  const query = sql`
    INSERT INTO bulk_update_item (job_id, place, ticket_id, patch, if_version)
    SELECT ${jobId}::uuid, row_number() OVER (ORDER BY l.place), l.ticket_id, l.before, l.version
    FROM (${undoable(undoOfId)}) AS l`
  return db.$executeRawUnsafe(query.text, ...query.values)
}
