import type { XEndpoint } from '../../domain/price.ts'
import { compareIds } from '../../domain/x-id.ts'
import type { XAnswer } from '../../x/client.ts'
import { XError } from '../../x/errors.ts'
import type { CursorMove } from '../cursor.ts'
import { isSpent } from '../pace.ts'
import type { ParsedPage } from '../parse.ts'
import { pause, untilReset } from '../retry.ts'
import { shownAt } from '../seen-at.ts'
import type { PolledAccount, SourceServices } from './source.ts'

/** Pages held before they are committed: 1,000 posts. */
const MAX_PAGES = 10

export interface Reading {
  readonly source: string
  readonly endpoint: XEndpoint
  readonly fetch: (accessToken: string, pageToken: string | undefined) => Promise<XAnswer>
  /** Undefined: not a page at all. */
  readonly parse: (body: unknown) => ParsedPage | undefined
  /** Whether what follows the page is known; not given: X ends where it is. */
  readonly reachesKnown?: (page: ParsedPage) => boolean | Promise<boolean>
  /** The cursors once X has no further page, between the oldest and the newest post of the reading (null: there was none). */
  readonly cursors: (newestId: string | null, oldestId: string | null) => readonly CursorMove[]
  /** The cursors while what is older than `untilId` is still to be read; not given: a reading that breaks off begins anew. */
  readonly partly?: (untilId: string, newestId: string) => readonly CursorMove[]
  /** Whether what was delivered is how the next reading knows where to end: of one that breaks off nothing is delivered. */
  readonly wholly?: boolean
  /** The newest of a reading that is gone on with. */
  readonly newestBefore?: string | null
}

/**
 * Reads all pages, newest first as X gives them, and delivers them together, the cursors with the last. When X allows no
 * more calls in its window, what was read is delivered before the window's end is waited for. A budget that is spent ends
 * the reading: a page is all that it is overrun by. False: it did not come to its end.
 */
export async function readPages(
  { calls, inbox }: SourceServices,
  account: PolledAccount,
  signal: AbortSignal,
  { source, endpoint, fetch, parse, reachesKnown, cursors, partly, wholly, newestBefore = null }: Reading,
): Promise<boolean> {
  let pages: ParsedPage[] = []
  let newestId = newestBefore
  let oldestId: string | null = null
  let pageToken: string | null = null
  const deliver = (moves: readonly CursorMove[] = []) =>
    inbox.deliver({
      source,
      items: pages.flatMap(({ items }) => items),
      rejects: pages.flatMap(({ rejects }) => rejects),
      cursors: moves,
    })
  const deliverPart = () => deliver(partly && oldestId && newestId ? partly(oldestId, newestId) : [])
  do {
    if (await isSpent({ calls, accountId: account.id, endpoint })) {
      if (pages.length > 0 && !wholly) await deliverPart()
      return false
    }
    const token: string | undefined = pageToken ?? undefined
    const answer: XAnswer = await calls.use(account.id, endpoint, (accessToken) => fetch(accessToken, token))
    const page = parse(answer.body)
    if (!page) throw new XError('UNAVAILABLE', `${source}: the answer is not a page`)
    pages.push(shownAt(page, answer.rateLimit?.asOf))
    if (page.newestId && (newestId === null || compareIds(page.newestId, newestId) > 0)) newestId = page.newestId
    oldestId = oldestOf(page) ?? oldestId
    pageToken = page.nextToken !== null && (await reachesKnown?.(page)) ? null : page.nextToken
    const restMs = answer.rateLimit?.remaining === 0 ? untilReset(answer.rateLimit.resetsAt) : 0
    if (pageToken === null) await deliver(cursors(newestId, oldestId))
    else if (pages.length >= MAX_PAGES || restMs > 0) {
      await deliverPart()
      pages = []
    }
    if (restMs > 0 && pageToken !== null) await pause(restMs, signal)
  } while (pageToken !== null && !signal.aborted)
  return pageToken === null
}

/** By the ids of its posts. */
function oldestOf({ items }: ParsedPage): string | undefined {
  return items.flatMap((item) => (item.kind === 'post' ? [item.post.versionId] : [])).sort(compareIds)[0]
}
