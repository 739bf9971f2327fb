import { parsePage } from '../parse.ts'
import { conversationCursors, conversationQueries, QUERIES_A_ROUND } from './conversation-queries.ts'
import { readPages } from './read-pages.ts'
import type { Source } from './source.ts'

/** Replies deeper in the threads of open tickets, which no stream brings (TRAPS, "X"). */
export const conversations: Source = {
  name: 'conversations',
  endpoint: 'GET /2/tweets/search/recent',
  slower: 1,
  callsARound: QUERIES_A_ROUND,
  streamed: false,
  wants: () => true,
  async round(services, account, signal) {
    for (const search of await conversationQueries(services.store, account)) {
      if (signal.aborted) return
      const { query, sinceId } = search
      const begunAt = performance.now()
      await readPages(services, account, signal, {
        source: this.name,
        endpoint: this.endpoint,
        fetch: (accessToken, pageToken) =>
          services.x.searchRecent(query, { accessToken, ...(sinceId && { sinceId }), ...(pageToken && { pageToken }) }),
        parse: (body) => parsePage(body, account.xUserId),
        cursors: (newestId) => conversationCursors(account.id, search, newestId, begunAt),
      })
    }
  },
}
