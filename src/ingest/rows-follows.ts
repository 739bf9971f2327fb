import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { Plan } from './planned.ts'

/* What our accounts do on X, besides what they say. */

/** Which likes were seen (F14). */
export async function keepLikes(db: Prisma.TransactionClient, { likes }: Plan): Promise<void> {
  if (likes.length === 0) return
  const rows = likes.map(({ likerId, post }) => ({ likerId, postId: post.id }))
  await db.$executeRaw`
    INSERT INTO liked_post (account_id, post_id)
    SELECT DISTINCT a.id, n."postId"
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n("likerId" text, "postId" text)
    JOIN account a ON a.x_user_id = n."likerId"
    ON CONFLICT DO NOTHING`
}

/** Whom our accounts follow (F77). Of whom they do not, only what was otherwise before is kept. */
export async function keepFollows(db: Prisma.TransactionClient, { follows }: Plan): Promise<void> {
  if (follows.length === 0) return
  // The last word counts, and one statement must not touch a row twice.
  const last = new Map(follows.map((follow) => [`${follow.followerId}/${follow.personId}`, follow]))
  await db.$executeRaw`
    INSERT INTO x_follow AS f (account_id, x_user_id, following)
    SELECT a.id, n."personId", n.following
    FROM jsonb_to_recordset(${json([...last.values()])}::jsonb)
      AS n("followerId" text, "personId" text, following boolean)
    JOIN account a ON a.x_user_id = n."followerId"
    WHERE n.following OR EXISTS (SELECT FROM x_follow k WHERE k.account_id = a.id AND k.x_user_id = n."personId")
    ORDER BY a.id, n."personId"
    ON CONFLICT (account_id, x_user_id) DO UPDATE SET following = excluded.following, updated_at = now()
    WHERE f.following <> excluded.following`
}
