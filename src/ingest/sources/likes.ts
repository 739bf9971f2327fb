import type { Store } from '../../store/store.ts'
import type { ParsedPage } from '../parse.ts'
import { parseLikedPage } from '../parse.ts'
import { readPages } from './read-pages.ts'
import type { PolledAccount, Source } from './source.ts'

/*
 * What the account likes (F14). X says neither when a post was liked nor what is new, so what was seen is written down
 * (`liked_post`, by whatever source): the newest like first, down to a page of which nothing is new.
 */

export const likes: Source = {
  name: 'likes',
  endpoint: 'GET /2/users/:id/liked_tweets',
  slower: 2,
  callsARound: 1,
  streamed: true,
  wants: ({ trackLikes }) => trackLikes,
  async round(services, account, signal) {
    const { store, x } = services
    const key = { accountId: account.id, source: this.name }
    const begunAt = performance.now()
    const history = await isFirstLook(store, account)
    await readPages(services, account, signal, {
      source: this.name,
      endpoint: this.endpoint,
      fetch: (accessToken, pageToken) =>
        x.likedPosts(account.xUserId, { accessToken, ...(pageToken && { pageToken }) }),
      parse: (body) => parseLikedPage(body, account.xUserId, history),
      wholly: true,
      reachesKnown: (page) => isKnown(store, account, page),
      cursors: () => [{ ...key, sinceId: null, begunAt }],
    })
  },
}

/** What is liked when likes are first looked at, or after the account was switched on again, is history (F6). */
async function isFirstLook({ prisma }: Store, { id: accountId, capturesFrom }: PolledAccount): Promise<boolean> {
  const cursor = await prisma.sourceCursor.findUnique({ where: { accountId_source: { accountId, source: 'likes' } } })
  return cursor?.syncedAt == null || cursor.syncedAt < capturesFrom
}

async function isKnown({ prisma }: Store, { id: accountId }: PolledAccount, page: ParsedPage): Promise<boolean> {
  const ids = page.items.flatMap((item) => (item.kind === 'like' ? [item.post.id] : []))
  const known = await prisma.likedPost.count({ where: { accountId, postId: { in: ids } } })
  return known === ids.length
}
