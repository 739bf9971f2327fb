import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { Plan, PlannedWait } from './planned.ts'

/* The batch's incoming posts: those that wait, and what becomes of those that did. */

type Db = Prisma.TransactionClient

/** Why a post is no longer among those that wait. */
const DELETED = 'DELETED'

export async function insertWaits(db: Db, { waits, redact }: Plan): Promise<void> {
  if (waits.length === 0) return
  await db.incomingPost.createMany({
    data: waits.map((wait) => ({
      id: wait.post.id,
      accountId: wait.accountId,
      authorId: wait.post.authorId,
      conversationId: wait.post.conversationId,
      inReplyToPostId: wait.post.inReplyToPostId,
      text: wait.deleted && redact ? '' : wait.post.text,
      versionId: wait.post.versionId === wait.post.id ? null : wait.post.versionId,
      editedAt: wait.post.editedAt,
      quotedUserId: wait.post.quotedUserId,
      ticketId: wait.ticketId,
      postedAt: wait.post.postedAt,
      ...stateOf(wait),
    })),
  })
}

/** What is on a ticket is there, deleted or not. */
export function stateOf({ ticketId, deleted, reason }: Pick<PlannedWait, 'ticketId' | 'deleted' | 'reason'>) {
  if (ticketId !== null) return { state: 'CONVERTED', reason } as const
  return deleted ? ({ state: 'IGNORED', reason: DELETED } as const) : ({ state: 'WAITING', reason } as const)
}

export async function changeIncoming(db: Db, { incomingChanges, redact }: Plan): Promise<void> {
  if (incomingChanges.length === 0) return
  const rows = incomingChanges.map(({ postId, revision, deleted, ticketId }) => ({
    id: postId,
    text: revision?.text,
    versionId: revision?.versionId,
    editedAt: revision?.editedAt,
    deleted,
    ticketId,
  }))
  await db.$executeRaw`
    UPDATE incoming_post p SET
      text = CASE WHEN n.deleted AND ${redact} THEN '' ELSE coalesce(n.text, p.text) END,
      version_id = coalesce(n."versionId", p.version_id), edited_at = coalesce(n."editedAt", p.edited_at),
      ticket_id = coalesce(n."ticketId", p.ticket_id),
      state = CASE WHEN coalesce(n."ticketId", p.ticket_id) IS NOT NULL THEN 'CONVERTED'
                   WHEN n.deleted THEN 'IGNORED' ELSE p.state END::"IncomingPostState",
      reason = CASE WHEN n.deleted THEN ${DELETED} ELSE p.reason END
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id text, text text, "versionId" text,
      "editedAt" timestamptz, deleted boolean, "ticketId" uuid)
    WHERE p.id = n.id`
}

/** An incoming post whose comment was edited or deleted. */
export interface FollowedPost {
  readonly postId: string
  readonly accountId: string
  readonly deleted: boolean
}

/** A post that was converted stands in two places: what its author changes or deletes, changes in both. */
export async function followComments(db: Db, { commentChanges, redact }: Plan): Promise<readonly FollowedPost[]> {
  const rows = commentChanges.flatMap(({ known, revision, deletedAt }) =>
    revision || (deletedAt !== null && redact)
      ? [
          {
            id: known.id,
            text: deletedAt !== null && redact ? '' : revision?.text,
            versionId: revision?.versionId,
            editedAt: revision?.editedAt,
            deleted: deletedAt !== null,
          },
        ]
      : [],
  )
  if (rows.length === 0) return []
  return db.$queryRaw<FollowedPost[]>`
    UPDATE incoming_post p SET text = n.text, version_id = coalesce(n."versionId", p.version_id),
      edited_at = coalesce(n."editedAt", p.edited_at)
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id text, text text, "versionId" text,
      "editedAt" timestamptz, deleted boolean)
    WHERE p.id = n.id
    RETURNING p.id AS "postId", p.account_id AS "accountId", n.deleted`
}

/** Deletions of what we do not have: it may be told of later, and is nothing then. */
export async function keepRemoved(db: Db, { removed }: Plan): Promise<void> {
  if (removed.length === 0) return
  await db.deletedPost.createMany({
    data: removed.map(({ postId, at }) => ({ id: postId, deletedAt: at })),
    skipDuplicates: true,
  })
}
