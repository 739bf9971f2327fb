import type { Logger } from 'pino'
import type { XEndpoint } from '../domain/price.ts'
import { compareIds, idAt } from '../domain/x-id.ts'
import type { Store } from '../store/store.ts'
import type { XAnswer, XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { conversationCursors, conversationQueries } from './conversations.ts'
import type { CursorMove } from './cursor.ts'
import type { Inbox } from './inbox.ts'
import { type ParsedPage, parsePage } from './parse.ts'
import { delayAfter, pause, untilReset } from './retry.ts'

/*
 * The net under the stream: mentions by `since_id`, and thread replies by conversation, which no
 * stream brings (TRAPS, "X"). A cursor moves only together with the posts it has passed.
 */

export interface PolledAccount {
  readonly id: string
  readonly xUserId: string
  /** What was posted before is history, not tickets (F6). */
  readonly capturesFrom: Date
}

export interface PollerOptions {
  readonly store: Store
  readonly x: XClient
  readonly calls: Pick<XCalls, 'use'>
  readonly inbox: Inbox
  readonly logger: Logger
  /** Between the end of one round and the start of the next. */
  readonly everyMs: number
  /** Told when a round of mentions has read all there was. */
  readonly onSynced?: (accountId: string) => void
}

/** Pages held before they are committed without moving the cursor: 5,000 posts. */
const MAX_PAGES = 50

/** Polls one account until `signal` aborts. The two sources have rate limits of their own, so neither waits for the other. */
export async function pollAccount(options: PollerOptions, account: PolledAccount, signal: AbortSignal): Promise<void> {
  await Promise.all([
    repeat(options, account, signal, () => pollMentions(options, account, signal)),
    repeat(options, account, signal, () => pollConversations(options, account, signal)),
  ])
}

async function repeat(
  { logger, everyMs }: PollerOptions,
  account: PolledAccount,
  signal: AbortSignal,
  round: () => Promise<void>,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await round()
      failures = 0
      await pause(everyMs, signal)
    } catch (error) {
      if (signal.aborted) return
      failures++
      const waitMs = Math.round(delayAfter(error, failures))
      logger.warn({ err: error, accountId: account.id, waitMs }, 'polling failed; trying again')
      await pause(waitMs, signal)
    }
  }
}

async function pollMentions(options: PollerOptions, account: PolledAccount, signal: AbortSignal): Promise<void> {
  const { store, x, onSynced } = options
  const key = { accountId: account.id, source: 'mentions' }
  const cursor = await store.prisma.sourceCursor.findUnique({ where: { accountId_source: key } })
  const sinceId = cursor?.sinceId ?? idAt(account.capturesFrom.getTime())
  await readAll(options, account, signal, {
    source: 'mentions',
    endpoint: 'GET /2/users/:id/mentions',
    fetch: (accessToken, pageToken) =>
      x.mentions(account.xUserId, { accessToken, sinceId, ...(pageToken && { pageToken }) }),
    cursors: (newestId) => [{ ...key, sinceId: newestId }],
    onRead: () => onSynced?.(account.id),
  })
}

async function pollConversations(options: PollerOptions, account: PolledAccount, signal: AbortSignal): Promise<void> {
  for (const search of await conversationQueries(options.store, account)) {
    if (signal.aborted) return
    const { query, sinceId } = search
    await readAll(options, account, signal, {
      source: 'conversations',
      endpoint: 'GET /2/tweets/search/recent',
      fetch: (accessToken, pageToken) =>
        options.x.searchRecent(query, { accessToken, ...(sinceId && { sinceId }), ...(pageToken && { pageToken }) }),
      cursors: (newestId) => conversationCursors(account.id, search, newestId),
    })
  }
}

interface Reading {
  readonly source: string
  readonly endpoint: XEndpoint
  readonly fetch: (accessToken: string, pageToken: string | undefined) => Promise<XAnswer>
  /** The cursors once everything up to `newestId` was read (null: there was nothing). */
  readonly cursors: (newestId: string | null) => readonly CursorMove[]
  /** Told when all there was is committed. */
  readonly onRead?: () => void
}

/**
 * Reads all pages, newest first as X gives them, and delivers them together, the cursors with the last. When X allows no
 * more calls in its window, what was read is delivered before the window's end is waited for.
 */
async function readAll(
  options: PollerOptions,
  account: PolledAccount,
  signal: AbortSignal,
  { source, endpoint, fetch, cursors, onRead }: Reading,
): Promise<void> {
  const { inbox } = options
  let pages: ParsedPage[] = []
  let newestId: string | null = null
  let pageToken: string | null = null
  do {
    const answer: XAnswer = await options.calls.use(account.id, endpoint, (accessToken) =>
      fetch(accessToken, pageToken ?? undefined),
    )
    const page = parsePage(answer.body)
    if (!page) throw new XError('UNAVAILABLE', `${source}: the answer is not a page of posts`)
    pages.push(page)
    pageToken = page.nextToken
    if (page.newestId && (newestId === null || compareIds(page.newestId, newestId) > 0)) newestId = page.newestId
    const restMs = answer.rateLimit?.remaining === 0 ? untilReset(answer.rateLimit.resetsAt) : 0
    if (pageToken === null) {
      await deliver(inbox, source, pages, cursors(newestId))
      onRead?.()
    } else if (pages.length >= MAX_PAGES || restMs > 0) {
      await deliver(inbox, source, pages)
      pages = []
    }
    if (restMs > 0) await pause(restMs, signal)
  } while (pageToken !== null && !signal.aborted)
}

async function deliver(
  inbox: Inbox,
  source: string,
  pages: readonly ParsedPage[],
  cursors: readonly CursorMove[] = [],
) {
  const items = pages.flatMap((page) => page.items)
  const rejects = pages.flatMap((page) => page.rejects)
  await inbox.deliver({ source, items, rejects, cursors })
}
