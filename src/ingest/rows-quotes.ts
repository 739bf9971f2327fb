import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
import type { Item } from './item.ts'
import { postOf } from './threads.ts'

type Db = Prisma.TransactionClient

/**
 * Whose posts the batch's posts quote, of those that we had without knowing it: the Activity API does not always show the
 * quoted post, and whoever tells of the post next may. No event: nobody is shown it, it decides who may answer.
 */
export async function keepQuotes(db: Db, items: readonly Item[]): Promise<void> {
  const quotes = items.flatMap((item) => {
    const post = postOf(item)
    return post && post.quotedUserId !== null ? [{ id: post.id, userId: post.quotedUserId }] : []
  })
  if (quotes.length === 0) return
  await db.$executeRaw`
    UPDATE comment c SET quoted_user_id = q."userId"
    FROM jsonb_to_recordset(${json(quotes)}::jsonb) AS q(id text, "userId" text)
    WHERE c.channel = 'X_POST' AND c.external_id = q.id AND c.quoted_user_id IS NULL`
  await db.$executeRaw`
    UPDATE incoming_post p SET quoted_user_id = q."userId"
    FROM jsonb_to_recordset(${json(quotes)}::jsonb) AS q(id text, "userId" text)
    WHERE p.id = q.id AND p.quoted_user_id IS NULL`
}
