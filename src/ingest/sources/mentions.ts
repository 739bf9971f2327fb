import { idAt } from '../../domain/x-id.ts'
import { parsePage } from '../parse.ts'
import { readPages } from './read-pages.ts'
import type { Source } from './source.ts'

/** Posts that mention the account, and replies to it, by `since_id`. */
export const mentions: Source = {
  name: 'mentions',
  endpoint: 'GET /2/users/:id/mentions',
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
    const untilId = cursor?.gapUntilId
    await readPages(services, account, signal, {
      source: this.name,
      endpoint: this.endpoint,
      fetch: (accessToken, pageToken) =>
        x.mentions(account.xUserId, {
          accessToken,
          sinceId,
          ...(untilId && { untilId }),
          ...(pageToken && { pageToken }),
        }),
      parse: (body) => parsePage(body, account.xUserId),
      newestBefore: cursor?.gapNewestId ?? null,
      partly: (oldestId, newestId) => [{ ...key, sinceId: null, gap: { untilId: oldestId, newestId } }],
      cursors: (newestId) => [{ ...key, sinceId: newestId, begunAt: untilId ? null : begunAt }],
    })
    if (untilId && !signal.aborted) await this.round(services, account, signal)
  },
}
