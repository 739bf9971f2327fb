import type { UserError } from '../domain/errors.ts'
import type { Store } from '../store/store.ts'
import { lockConversations } from './facts.ts'
import type { Dismissed } from './incoming-posts.ts'

/** Takes posts that wait out of sight; nobody is to answer them. A like, or a conversion, brings one back. */
export async function dismissPosts(store: Store, userId: string, postIds: readonly string[]): Promise<Dismissed> {
  const ids = [...new Set(postIds)]
  const { value, position } = await store.change({ kind: 'user', id: userId }, async ({ db, emit }) => {
    const found = await db.incomingPost.findMany({
      where: { id: { in: ids } },
      select: { id: true, conversationId: true },
    })
    const there = new Set(found.map(({ id }) => id))
    const missing = postIds.flatMap((id, at): UserError[] =>
      there.has(id) ? [] : [{ code: 'NOT_FOUND', field: [String(at)], message: 'There is no such incoming post.' }],
    )
    if (missing.length > 0) return missing
    await lockConversations(db, [...new Set(found.map(({ conversationId }) => conversationId))])
    const dismissed = await db.$queryRaw<{ postId: string; accountId: string }[]>`
      UPDATE incoming_post SET state = 'IGNORED', reason = 'DISMISSED'
      WHERE id = ANY(${ids}) AND state = 'WAITING'
      RETURNING id AS "postId", account_id AS "accountId"`
    for (const { postId, accountId } of dismissed) {
      const changed = ['state', 'reason']
      emit({ type: 'incomingPost.updated', postId, accountId, state: 'IGNORED', what: 'DISMISSED', changed })
    }
    return []
  })
  return { userErrors: value, position }
}
