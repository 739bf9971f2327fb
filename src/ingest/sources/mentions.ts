import type { XEndpoint } from '../../domain/price.ts'
import { idAt } from '../../domain/x-id.ts'
import { parsePage } from '../parse.ts'
import { readPages } from './read-pages.ts'
import { searchable } from './searchable.ts'
import type { Source } from './source.ts'

const ENDPOINT: XEndpoint = 'GET /2/users/:id/mentions'
/** X keeps an account's 800 newest mentions in reach, some of them deleted since: pages of 100. */
const FULL_REACH_PAGES = 7

/**
 * Posts that mention the account, and replies to it, by `since_id`. What a burst or an outage has pushed out of reach is
 * searched for before the cursor moves: X's recent search goes seven days back, however many posts those hold.
 */
export const mentions: Source = {
  name: 'mentions',
  endpoint: ENDPOINT,
  slower: 1,
  callsARound: 1,
  streamed: true,
  wants: () => true,
  async round(services, account, signal) {
    const { store, x } = services
    const key = { accountId: account.id, source: this.name }
    const begunAt = performance.now()
    const cursor = await store.prisma.sourceCursor.findUnique({ where: { accountId_source: key } })
    const sinceId = cursor?.sinceId ?? idAt(account.capturesFrom.getTime())
    // A long reading that broke off is gone on with: X's calls are few.
    const untilId = cursor?.gapUntilId ?? undefined
    const name = untilId && searchable(untilId) && (await screenNameOf(services, account.id))
    let pages = 0
    let isThereMore = untilId !== undefined
    const partly = (oldestId: string, newestId: string) => [
      { ...key, sinceId: null, gap: { untilId: oldestId, newestId } },
    ]
    const whole = await readPages(services, account, signal, {
      source: this.name,
      endpoint: name ? 'GET /2/tweets/search/recent' : ENDPOINT,
      fetch(accessToken, pageToken) {
        pages++
        const since = name ? searchable(sinceId) : sinceId
        const page = {
          accessToken,
          ...(since && { sinceId: since }),
          ...(untilId && { untilId }),
          ...(pageToken && { pageToken }),
        }
        return name ? x.searchRecent(`@${name}`, page) : x.mentions(account.xUserId, page)
      },
      parse: (body) => parsePage(body, account.xUserId),
      newestBefore: cursor?.gapNewestId ?? null,
      partly,
      cursors(newestId, oldestId) {
        if (!name && pages >= FULL_REACH_PAGES && newestId && oldestId && searchable(oldestId)) {
          isThereMore = true
          return partly(oldestId, newestId)
        }
        return [{ ...key, sinceId: newestId, begunAt: untilId ? null : begunAt }]
      },
    })
    if (whole && isThereMore && !signal.aborted) await this.round(services, account, signal)
  },
}

async function screenNameOf({ store }: Parameters<Source['round']>[0], id: string): Promise<string> {
  const { screenName } = await store.prisma.account.findUniqueOrThrow({ where: { id }, select: { screenName: true } })
  return screenName
}
