import type { Like } from '../domain/captured.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Item } from './item.ts'

/** One account's like of one post. */
export const likeKey = ({ likerId, post }: Pick<Like, 'likerId' | 'post'>): string => `${likerId}/${post.id}`

/** Which likes of a batch were seen before, by `likeKey`. */
export async function readLiked(db: Prisma.TransactionClient, items: readonly Item[]): Promise<ReadonlySet<string>> {
  const ids = items.flatMap((item) => (item.kind === 'like' ? [item.post.id] : []))
  if (ids.length === 0) return new Set()
  const rows = await db.$queryRaw<{ key: string }[]>`
    SELECT a.x_user_id || '/' || l.post_id AS key
    FROM liked_post l JOIN account a ON a.id = l.account_id WHERE l.post_id = ANY(${ids})`
  return new Set(rows.map(({ key }) => key))
}
