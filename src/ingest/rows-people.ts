import { v7 as uuid } from 'uuid'
import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { SeenProfile } from './item.ts'

/* The people of a batch: profiles as X shows them, and a user for each. One statement a table; rows go in sorted, where two processes could meet. */

type Db = Prisma.TransactionClient

/** The name of an author whom X has only shown by id. */
const NAMELESS = 'Unknown'

/** Keeps the authors' profiles current and gives each a user to be a requester. Returns user ids by X user id. */
export async function upsertRequesters(db: Db, authors: readonly SeenProfile[]): Promise<Map<string, string>> {
  if (authors.length === 0) return new Map()
  const rows = authors.map((author) => ({ ...author, user: uuid() })).sort((a, b) => (a.id < b.id ? -1 : 1))
  // X's endpoints show more or less of a person: what one leaves out, another has said before. What comes late, from a
  // webhook's queue or a stream's backfill, only fills in what is not known.
  await db.$executeRaw`
    INSERT INTO x_profile AS p (id, username, name, avatar_url, followers_count, posts_count, verified, verified_type,
                                protected, seen_at, updated_at)
    SELECT a.id,
           CASE WHEN late THEN coalesce(nullif(k.username, a.id), a.username, a.id)
                ELSE coalesce(a.username, k.username, a.id) END,
           CASE WHEN late THEN coalesce(nullif(k.name, ${NAMELESS}), a.name, ${NAMELESS})
                ELSE coalesce(a.name, k.name, ${NAMELESS}) END,
           CASE WHEN late THEN coalesce(k.avatar_url, a."avatarUrl") ELSE coalesce(a."avatarUrl", k.avatar_url) END,
           CASE WHEN late THEN coalesce(k.followers_count, a."followersCount")
                ELSE coalesce(a."followersCount", k.followers_count) END,
           CASE WHEN late THEN coalesce(k.posts_count, a."postsCount") ELSE coalesce(a."postsCount", k.posts_count) END,
           CASE WHEN late THEN k.verified ELSE coalesce(a.verified, k.verified, false) END,
           CASE WHEN late THEN k.verified_type
                WHEN a.verified IS NULL THEN coalesce(a."verifiedType", k.verified_type) ELSE a."verifiedType" END,
           CASE WHEN late THEN k.protected ELSE coalesce(a.protected, k.protected, false) END,
           greatest(k.seen_at, a."seenAt"), now()
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS a(id text, username text, name text, "avatarUrl" text,
      "followersCount" int, "postsCount" int, verified boolean, "verifiedType" text, protected boolean,
      "seenAt" timestamptz)
    LEFT JOIN x_profile k ON k.id = a.id
    CROSS JOIN LATERAL (SELECT coalesce(k.seen_at > a."seenAt", false) AS late) AS l
    ORDER BY a.id
    ON CONFLICT (id) DO UPDATE SET
      username = excluded.username, name = excluded.name, avatar_url = excluded.avatar_url,
      followers_count = excluded.followers_count, posts_count = excluded.posts_count,
      verified = excluded.verified, verified_type = excluded.verified_type, protected = excluded.protected,
      seen_at = excluded.seen_at, updated_at = now()
    -- An unchanged one is not written again, but to note now and then that it was still so.
    WHERE (p.username, p.name, p.avatar_url, p.followers_count, p.posts_count, p.verified, p.verified_type, p.protected)
        IS DISTINCT FROM (excluded.username, excluded.name, excluded.avatar_url, excluded.followers_count,
                          excluded.posts_count, excluded.verified, excluded.verified_type, excluded.protected)
       OR excluded.seen_at > coalesce(p.seen_at, '-infinity') + interval '1 hour'`
  await db.$executeRaw`
    INSERT INTO "user" (id, role, name, x_profile_id, updated_at)
    SELECT a."user", 'END_USER', coalesce(a.name, ${NAMELESS}), a.id, now()
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS a(id text, name text, "user" uuid)
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
