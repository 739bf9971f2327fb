import type { Logger } from 'pino'
import { XCHAT_CURSORS } from '../domain/xchat-cursor.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import type { XChat } from '../x/xchat.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import type { SeenProfile } from './item.ts'
import { untilDue } from './pace.ts'
import { delayAfter } from './retry.ts'
import { saveCursors } from './rows-cursors.ts'
import { streamingForMs } from './stream-health.ts'
import type { XChatAccount } from './xchat-conversation.ts'
import { openAccountKeys } from './xchat-keys.ts'
import type { News } from './xchat-news.ts'
import { chatPages } from './xchat-pages.ts'
import { readRound, rememberRounds } from './xchat-round.ts'
import { takeTold } from './xchat-told.ts'

export interface AccountReading {
  readonly store: Store
  readonly x: Pick<XClient, 'chat'>
  readonly xchat: Pick<XChat, 'open' | 'keyVersions'>
  readonly calls: Pick<XCalls, 'use' | 'left'>
  readonly vault: Vault
  readonly logger: Logger
  /** Between two rounds of an account that hears of no news. */
  readonly everyMs?: number
}

const EVERY_MS = 30_000

/** While the Activity stream is well and tells of news, rounds are this many times as far apart (F43). */
const RELAXED = 4

/** Rounds of one account, and between them what X tells, until the signal aborts. */
export async function readAccount(
  options: AccountReading,
  account: XChatAccount,
  news: News,
  signal: AbortSignal,
): Promise<void> {
  const { store, calls, logger, everyMs = EVERY_MS } = options
  const accountId = account.id
  const pages = chatPages(options, accountId, signal)
  const keys = openAccountKeys(account, { ...options, fetchKeys: pages.publicKeys })
  const services = { store, account, keys, pages, people: new Map<string, SeenProfile>(), calls, logger }
  const take = () => takeTold(services, news)
  try {
    const memory = await rememberRounds(services)
    let last: number | undefined
    const wait = async (ms: number) => {
      await news.rest(ms, signal)
      if (!signal.aborted) await take()
    }
    // Looks again at least each round: the stream may have ended.
    const waitAWhile = (ms: number) => wait(Math.min(ms, everyMs))
    // What was said before the stream was connected, it does not tell: only a round that began since then may rest long.
    const told = async () => last !== undefined && performance.now() - last < (await streamingForMs(store))
    const intervalMs = async () => (news.isUrgent() ? 0 : (await told()) ? everyMs * RELAXED : everyMs)
    const endpoint = 'GET /2/chat/conversations'
    const source = { calls, accountId, endpoint, intervalMs, urgent: news.isUrgent } as const
    for (let failures = 0; !signal.aborted; ) {
      try {
        await untilDue(source, last, signal, waitAWhile)
        if (signal.aborted) return
        news.begin()
        const begunAt = performance.now()
        await readRound(services, memory, { logger, signal, hurried: news.next, between: take })
        if (signal.aborted) return
        await saveCursors(store.prisma, [{ accountId, source: XCHAT_CURSORS, sinceId: null, begunAt }])
        failures = 0
        last = begunAt
      } catch (error) {
        if (signal.aborted) return
        failures++
        const waitMs = Math.round(delayAfter(error, failures))
        logger.warn({ err: error, accountId, waitMs }, 'reading XChat failed; trying again')
        await wait(waitMs)
      }
    }
  } finally {
    await keys.close()
  }
}
