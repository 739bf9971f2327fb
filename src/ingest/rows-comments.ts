import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { Plan, PlannedVersion } from './planned.ts'

/* The batch's comments: those that are new, and what changes of those that were there. */

type Db = Prisma.TransactionClient

export async function insertComments(
  db: Db,
  { comments }: Plan,
  requesters: ReadonlyMap<string, string>,
): Promise<void> {
  if (comments.length === 0) return
  const rows = comments.map(
    ({ versions: _versions, personId, before: _before, after: _after, opens: _opens, userId: _userId, ...row }) => ({
      ...row,
      authorId: personId === null ? null : requesters.get(personId),
    }),
  )
  await db.$executeRaw`
    INSERT INTO comment (id, ticket_id, author_id, direction, visibility, channel, body, external_id, posted_at,
                         version_id, edited_at, deleted_at, quoted_user_id, favorited, retweeted)
    SELECT c.id, c."ticketId", c."authorId", c.direction::"CommentDirection", c.visibility::"CommentVisibility",
           c.channel::"CommentChannel", c.body, c."externalId", c."postedAt", c."versionId", c."editedAt", c."deletedAt",
           c."quotedUserId", c.favorited, c.retweeted
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS c(id uuid, "ticketId" uuid, "authorId" uuid,
      direction text, visibility text, channel text, body text, "externalId" text, "postedAt" timestamptz,
      "versionId" text, "editedAt" timestamptz, "deletedAt" timestamptz, "quotedUserId" text,
      favorited boolean, retweeted boolean)`
  await insertVersions(
    db,
    comments.map(({ id, versions }) => ({ id, versions })),
  )
}

async function insertVersions(
  db: Db,
  comments: readonly { readonly id: string | undefined; readonly versions: readonly PlannedVersion[] }[],
): Promise<void> {
  const data = comments.flatMap(({ id: commentId, versions }) =>
    commentId === undefined ? [] : versions.map((version) => ({ commentId, ...version })),
  )
  if (data.length > 0) await db.commentVersion.createMany({ data, skipDuplicates: true })
}

/** Edits (what was said before is kept beside it), deletions (it is not, if so set), likes and reposts. */
export async function changeComments(db: Db, { commentChanges, redact }: Plan): Promise<void> {
  if (commentChanges.length === 0) return
  const rows = commentChanges.map(({ known, revision, deletedAt, favorited, retweeted }) => ({
    id: known.comment?.id,
    body: revision?.text,
    versionId: revision?.versionId,
    editedAt: revision?.editedAt,
    deletedAt,
    favorited,
    retweeted,
  }))
  await db.$executeRaw`
    INSERT INTO comment_version (comment_id, version_id, body, posted_at)
    SELECT c.id, coalesce(c.version_id, c.external_id), c.body, coalesce(c.edited_at, c.posted_at)
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id uuid, "versionId" text) JOIN comment c ON c.id = n.id
    WHERE n."versionId" IS NOT NULL AND c.external_id IS NOT NULL
    ON CONFLICT DO NOTHING`
  await insertVersions(
    db,
    commentChanges.map(({ known, versions }) => ({ id: known.comment?.id, versions })),
  )
  await db.$executeRaw`
    UPDATE comment c SET
      body = CASE WHEN n."deletedAt" IS NOT NULL AND ${redact} THEN '' ELSE coalesce(n.body, c.body) END,
      version_id = coalesce(n."versionId", c.version_id), edited_at = coalesce(n."editedAt", c.edited_at),
      deleted_at = coalesce(n."deletedAt", c.deleted_at), favorited = n.favorited, retweeted = n.retweeted
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id uuid, body text, "versionId" text, "editedAt" timestamptz,
      "deletedAt" timestamptz, favorited boolean, retweeted boolean)
    WHERE c.id = n.id`
  const deleted = rows.flatMap(({ id, deletedAt }) => (id !== undefined && deletedAt !== null ? [id] : []))
  if (redact && deleted.length > 0) await db.commentVersion.deleteMany({ where: { commentId: { in: deleted } } })
}
