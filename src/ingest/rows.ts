import { v7 as uuid } from 'uuid'
import { compareIds } from '../domain/x-id.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { CursorMove } from './cursor.ts'
import type { SeenProfile } from './parse.ts'
import type { Plan, PlannedComment, PlannedWait } from './plan.ts'

/*
 * The batch's rows, one statement a table whatever the batch's size: a nested create a post costs a
 * hundred times as much (TRAPS, "Database"). Rows go in sorted where two processes could meet.
 */

type Db = Prisma.TransactionClient

/** The name of an author whom X has only shown by id. */
const NAMELESS = 'Unknown'

/** Keeps the authors' profiles current and gives each a user to be a requester. Returns user ids by X user id. */
export async function upsertRequesters(db: Db, authors: readonly SeenProfile[]): Promise<Map<string, string>> {
  if (authors.length === 0) return new Map()
  const rows = authors.map((author) => ({ ...author, user: uuid() })).sort((a, b) => (a.id < b.id ? -1 : 1))
  const json = JSON.stringify(rows)
  // X's endpoints show more or less of a person: what one leaves out, another has said before.
  await db.$executeRaw`
    INSERT INTO x_profile AS p (id, username, name, avatar_url, followers_count, posts_count, verified, verified_type,
                                protected, updated_at)
    SELECT a.id, coalesce(a.username, k.username, a.id), coalesce(a.name, k.name, ${NAMELESS}),
           coalesce(a."avatarUrl", k.avatar_url), coalesce(a."followersCount", k.followers_count),
           coalesce(a."postsCount", k.posts_count), coalesce(a.verified, k.verified, false),
           CASE WHEN a.verified IS NULL THEN coalesce(a."verifiedType", k.verified_type) ELSE a."verifiedType" END,
           coalesce(a.protected, k.protected, false), now()
    FROM jsonb_to_recordset(${json}::jsonb) AS a(id text, username text, name text, "avatarUrl" text,
      "followersCount" int, "postsCount" int, verified boolean, "verifiedType" text, protected boolean)
    LEFT JOIN x_profile k ON k.id = a.id
    ORDER BY a.id
    ON CONFLICT (id) DO UPDATE SET
      username = excluded.username, name = excluded.name, avatar_url = excluded.avatar_url,
      followers_count = excluded.followers_count, posts_count = excluded.posts_count,
      verified = excluded.verified, verified_type = excluded.verified_type, protected = excluded.protected,
      updated_at = now()
    -- An unchanged one is not written again.
    WHERE (p.username, p.name, p.avatar_url, p.followers_count, p.posts_count, p.verified, p.verified_type, p.protected)
        IS DISTINCT FROM (excluded.username, excluded.name, excluded.avatar_url, excluded.followers_count,
                          excluded.posts_count, excluded.verified, excluded.verified_type, excluded.protected)`
  await db.$executeRaw`
    INSERT INTO "user" (id, role, name, x_profile_id, updated_at)
    SELECT a."user", 'END_USER', coalesce(a.name, ${NAMELESS}), a.id, now()
    FROM jsonb_to_recordset(${json}::jsonb) AS a(id text, name text, "user" uuid)
    ORDER BY a.id
    ON CONFLICT (x_profile_id) DO NOTHING`
  const users = await db.$queryRaw<{ id: string; name: string; x_profile_id: string }[]>`
    SELECT id, name, x_profile_id FROM "user" WHERE x_profile_id = ANY(${rows.map(({ id }) => id)})`
  const nameless = users.filter(({ name }) => name === NAMELESS)
  if (nameless.length > 0) await nameAfterProfiles(db, nameless)
  return new Map(users.map((user) => [user.x_profile_id, user.id]))
}

/** Gives users who were created for a bare id the name that X has shown since. */
async function nameAfterProfiles(db: Db, users: readonly { readonly id: string }[]): Promise<void> {
  await db.$executeRaw`
    UPDATE "user" u SET name = p.name, updated_at = now()
    FROM x_profile p
    WHERE u.id = ANY(${users.map(({ id }) => id)}::uuid[]) AND p.id = u.x_profile_id AND p.name <> u.name`
}

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
    requesterId: requesters.get(ticket.authorId),
    commentCount: counts.get(ticket.id),
  }))
  const numbered = await db.$queryRaw<{ id: string; number: number }[]>`
    INSERT INTO ticket (id, subject, channel, account_id, requester_id, thread_key, source_post_id, follow_up_of_id,
                        comment_count)
    SELECT (t.row->>'id')::uuid, t.row->>'subject', 'X_CORP', (t.row->>'accountId')::uuid,
           (t.row->>'requesterId')::uuid, t.row->>'conversationId', t.row->>'postId', (t.row->>'followUpOf')::uuid,
           (t.row->>'commentCount')::int
    FROM jsonb_array_elements(${JSON.stringify(rows)}::jsonb) WITH ORDINALITY AS t(row, place)
    ORDER BY t.place
    RETURNING id, number`
  return new Map(numbered.map(({ id, number }) => [id, number]))
}

export async function insertComments(
  db: Db,
  comments: readonly PlannedComment[],
  requesters: ReadonlyMap<string, string>,
): Promise<void> {
  if (comments.length === 0) return
  const rows = comments.map(({ id, ticketId, authorId, direction, post }) => ({
    id,
    ticketId,
    authorId: authorId === null ? null : requesters.get(authorId),
    direction,
    body: post.text,
    externalId: post.id,
    postedAt: post.postedAt,
  }))
  await db.$executeRaw`
    INSERT INTO comment (id, ticket_id, author_id, direction, visibility, channel, body, external_id, posted_at)
    SELECT c.id, c."ticketId", c."authorId", c.direction::"CommentDirection", 'PUBLIC', 'X_POST', c.body,
           c."externalId", c."postedAt"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS c(id uuid, "ticketId" uuid, "authorId" uuid,
      direction text, body text, "externalId" text, "postedAt" timestamptz)`
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
    FROM jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) AS c(id uuid, added int, status text)
    WHERE t.id = c.id`
}

export async function insertWaits(db: Db, waits: readonly PlannedWait[]): Promise<void> {
  if (waits.length === 0) return
  await db.incomingPost.createMany({
    data: waits.map(({ accountId, reason, post }) => ({
      id: post.id,
      accountId,
      authorId: post.authorId,
      conversationId: post.conversationId,
      inReplyToPostId: post.inReplyToPostId,
      text: post.text,
      state: 'WAITING' as const,
      reason,
      postedAt: post.postedAt,
    })),
  })
}

/** Moves cursors forward, never back: pages may be applied out of turn. */
export async function saveCursors(db: Db, cursors: readonly CursorMove[]): Promise<void> {
  // The same cursor may come twice in one batch, and one statement must not touch a row twice.
  const furthest = new Map<string, CursorMove>()
  for (const move of cursors) {
    const key = `${move.accountId}/${move.source}`
    const other = furthest.get(key)?.sinceId
    if (!other || (move.sinceId && compareIds(move.sinceId, other) > 0)) furthest.set(key, move)
  }
  if (furthest.size === 0) return
  await db.$executeRaw`
    INSERT INTO source_cursor AS c (account_id, source, since_id, synced_at)
    SELECT m."accountId", m.source, m."sinceId", now()
    FROM jsonb_to_recordset(${JSON.stringify([...furthest.values()])}::jsonb)
      AS m("accountId" uuid, source text, "sinceId" text)
    ORDER BY m."accountId", m.source
    ON CONFLICT (account_id, source) DO UPDATE SET
      since_id = CASE WHEN excluded.since_id IS NULL THEN c.since_id
                      WHEN c.since_id IS NULL OR excluded.since_id::numeric > c.since_id::numeric THEN excluded.since_id
                      ELSE c.since_id END,
      synced_at = now()`
}
