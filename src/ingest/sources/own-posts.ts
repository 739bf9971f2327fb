import { compareIds, idAt } from '../../domain/x-id.ts'
import { parsePage } from '../parse.ts'
import { readPages } from './read-pages.ts'
import type { Source } from './source.ts'

/**
 * What it repeats or answers may be told of later than that it did, by another source in its turn: what it posted so long
 * before the last reading is read once more. X charges for a post once a day.
 */
const AGAIN_MS = 5 * 60_000

/**
 * What the account itself posts in X's app: answers (F22), reposts (F77) and edits of both. A ticket that was quiet for
 * long is searched for again once such an answer stands on it.
 */
export const ownPosts: Source = {
  name: 'own-posts',
  endpoint: 'GET /2/users/:id/tweets',
  slower: 2,
  callsARound: 1,
  streamed: true,
  wants: () => true,
  async round(services, account, signal) {
    const { store, x } = services
    const key = { accountId: account.id, source: this.name }
    const begunAt = performance.now()
    const cursor = await store.prisma.sourceCursor.findUnique({ where: { accountId_source: key } })
    // F6: what it answered while it was switched off is history.
    const start = idAt(account.capturesFrom.getTime())
    const again = cursor?.syncedAt ? idAt(cursor.syncedAt.getTime() - AGAIN_MS) : start
    const read = cursor?.sinceId && compareIds(cursor.sinceId, again) < 0 ? cursor.sinceId : again
    const sinceId = compareIds(read, start) > 0 ? read : start
    await readPages(services, account, signal, {
      source: this.name,
      endpoint: this.endpoint,
      fetch: (accessToken, pageToken) =>
        x.userPosts(account.xUserId, { accessToken, sinceId, ...(pageToken && { pageToken }) }),
      parse: (body) => parsePage(body, account.xUserId),
      cursors: (newestId) => [{ ...key, sinceId: newestId, begunAt }],
    })
  },
}
