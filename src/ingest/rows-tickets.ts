import { subjectOf } from '../domain/subject.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { Plan } from './planned.ts'
import { DELETED_SUBJECT } from './planned-comments.ts'

/*
 * The batch's tickets, one statement a kind of change whatever the batch's size: a nested create a post costs a hundred
 * times as much (TRAPS, "Database").
 */

type Db = Prisma.TransactionClient

/** Opens the tickets, in order. Returns their numbers by id. */
export async function insertTickets(
  db: Db,
  { tickets, comments }: Plan,
  requesters: ReadonlyMap<string, string>,
): Promise<Map<string, number>> {
  if (tickets.length === 0) return new Map()
  const counts = new Map<string, number>()
  for (const { ticketId } of comments) counts.set(ticketId, (counts.get(ticketId) ?? 0) + 1)
  const rows = tickets.map((ticket) => ({
    ...ticket,
    requesterId: requesters.get(ticket.personId),
    commentCount: counts.get(ticket.id),
  }))
  const numbered = await db.$queryRaw<{ id: string; number: number }[]>`
    INSERT INTO ticket (id, subject, channel, account_id, requester_id, thread_key, source_post_id, follow_up_of_id,
                        comment_count)
    SELECT (t.row->>'id')::uuid, t.row->>'subject', (t.row->>'channel')::"TicketChannel", (t.row->>'accountId')::uuid,
           (t.row->>'requesterId')::uuid, t.row->>'threadKey', t.row->>'postId', (t.row->>'followUpOf')::uuid,
           (t.row->>'commentCount')::int
    FROM jsonb_array_elements(${json(rows)}::jsonb) WITH ORDINALITY AS t(row, place)
    ORDER BY t.place
    RETURNING id, number`
  return new Map(numbered.map(({ id, number }) => [id, number]))
}

/** F24: they take nothing more, so that another may be open beside them. Before the others are opened. */
export async function stopImports(db: Db, { stopped }: Plan): Promise<void> {
  if (stopped.size === 0) return
  await db.$executeRaw`
    UPDATE ticket SET import_stopped_at = now(), updated_at = now() WHERE id = ANY(${[...stopped]}::uuid[])`
}

/** Counts the comments on the tickets that were there before, and moves their statuses. */
export async function updateTickets(db: Db, { tickets, comments }: Plan): Promise<void> {
  const opened = new Set(tickets.map(({ id }) => id))
  const rows = new Map<string, { id: string; added: number; status: string }>()
  for (const { ticketId, after } of comments) {
    if (opened.has(ticketId)) continue
    const row = rows.get(ticketId) ?? { id: ticketId, added: 0, status: after }
    rows.set(ticketId, { id: ticketId, added: row.added + 1, status: after })
  }
  if (rows.size === 0) return
  await db.$executeRaw`
    UPDATE ticket t
    SET comment_count = t.comment_count + c.added,
        status = c.status::"TicketStatus",
        solved_at = CASE WHEN c.status = 'SOLVED' THEN t.solved_at END,
        updated_at = now()
    FROM jsonb_to_recordset(${json([...rows.values()])}::jsonb) AS c(id uuid, added int, status text)
    WHERE t.id = c.id`
}

/**
 * The subject was the first line of a post that is gone, unless somebody gave it another. Before the comments change.
 * Returns the tickets that it was taken from.
 */
export async function redactSubjects(db: Db, { commentChanges, redact }: Plan): Promise<ReadonlySet<string>> {
  const deleted = commentChanges.filter(({ deletedAt }) => deletedAt !== null).map(({ known }) => known.id)
  if (!redact || deleted.length === 0) return new Set()
  const rows = await db.$queryRaw<{ id: string; subject: string; said: string[] }[]>`
    SELECT t.id, t.subject, array_prepend(c.body, ARRAY(SELECT v.body FROM comment_version v WHERE v.comment_id = c.id)) AS said
    FROM ticket t JOIN comment c ON c.channel = 'X_POST' AND c.external_id = t.source_post_id
    WHERE t.source_post_id = ANY(${deleted})`
  const ids = rows.filter(({ subject, said }) => said.some((text) => subjectOf(text) === subject)).map(({ id }) => id)
  if (ids.length === 0) return new Set()
  await db.$executeRaw`
    UPDATE ticket SET subject = ${DELETED_SUBJECT}, updated_at = now() WHERE id = ANY(${ids}::uuid[])`
  return new Set(ids)
}
