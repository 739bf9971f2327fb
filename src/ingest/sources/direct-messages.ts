import { compareIds, idAt } from '../../domain/x-id.ts'
import { parseDirectMessagePage } from '../parse-message.ts'
import { readPages } from './read-pages.ts'
import type { Source } from './source.ts'

/** Classic direct messages. X takes no `since_id` here: the newest first, down to one that was read before. */
export const directMessages: Source = {
  name: 'direct-messages',
  endpoint: 'GET /2/dm_events',
  // 15 calls in 15 minutes are all that X allows.
  slower: 4,
  callsARound: 1,
  streamed: true,
  wants: ({ captureDirectMessages }) => captureDirectMessages,
  async round(services, account, signal) {
    const { store, x } = services
    const key = { accountId: account.id, source: this.name }
    const begunAt = performance.now()
    const cursor = await store.prisma.sourceCursor.findUnique({ where: { accountId_source: key } })
    const start = idAt(account.capturesFrom.getTime())
    const read = cursor?.sinceId && compareIds(cursor.sinceId, start) > 0 ? cursor.sinceId : start
    let reached = false
    const isNew = (id: string) => compareIds(id, read) > 0
    await readPages(services, account, signal, {
      source: this.name,
      endpoint: this.endpoint,
      fetch: (accessToken, pageToken) => x.directMessages({ accessToken, ...(pageToken && { pageToken }) }),
      parse: (body) => {
        const page = parseDirectMessagePage(body, account.xUserId)
        const items = page?.items.filter((item) => item.kind !== 'message' || isNew(item.message.id)) ?? []
        reached = items.length < (page?.items.length ?? 0)
        return page && { ...page, items }
      },
      reachesKnown: () => reached,
      cursors: (newestId) => [{ ...key, sinceId: newestId, begunAt }],
    })
  },
}
