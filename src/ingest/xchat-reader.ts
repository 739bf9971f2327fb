import type { Logger } from 'pino'
import { XCHAT_CURSORS } from '../domain/xchat-cursor.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { Leases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import type { XChat } from '../x/xchat.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { followAccounts } from './follow-accounts.ts'
import type { SeenProfile } from './item.ts'
import { untilDue } from './pace.ts'
import { delayAfter, pause } from './retry.ts'
import { saveCursors } from './rows-cursors.ts'
import { streamingForMs } from './stream-health.ts'
import type { XChatAccount } from './xchat-conversation.ts'
import { createHearing, createTelling } from './xchat-hearing.ts'
import { openAccountKeys } from './xchat-keys.ts'
import { chatPages } from './xchat-pages.ts'
import { readRound, rememberRounds } from './xchat-round.ts'

/*
 * Reads XChat of every account that captures direct messages, in every worker process; leases see to it that each is
 * read by one at a time. A key that is confirmed, replaced or erased is noticed at once.
 */

export interface XChatReader {
  /**
   * There is news for the account with this id at X, by X's word: it is read at once here, and within two seconds where
   * another process reads it. Resolves when it is known to all.
   */
  hear(xUserId: string): Promise<void>
  close(): Promise<void>
}

export interface XChatReaderOptions {
  readonly store: Store
  readonly x: Pick<XClient, 'chat'>
  readonly xchat: Pick<XChat, 'open' | 'keyVersions'>
  readonly calls: Pick<XCalls, 'use' | 'left'>
  readonly vault: Vault
  readonly leases: Leases
  readonly feed: Feed
  readonly logger: Logger
  /** Between two rounds of an account that hears of no news. */
  readonly everyMs?: number
}

const EVERY_MS = 30_000

/** While the Activity stream is well and tells of news, rounds are this many times as far apart (F43). */
const RELAXED = 4

/** How often a resting account looks whether another process heard of news. */
const HEARD_MS = 1_000

interface Task {
  readonly xUserId: string
  /** What it was begun for: another beginning is another task. */
  readonly since: number
  readonly key: string
  readonly abort: AbortController
  /** Whether it is read by this process. */
  readonly isReading: () => boolean
  /** Ends the wait between two rounds. */
  readonly hurry: () => void
  readonly done: Promise<void>
}

export function startXChatReader(options: XChatReaderOptions): XChatReader {
  const { store, leases, feed, logger } = options
  const stopping = new AbortController()
  const tasks = new Map<string, Task>()
  const tell = createTelling(store, logger)
  /** Ended ones, while they end. */
  const ending = new Set<Promise<void>>()

  function start(account: XChatAccount, key: string): Task {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, stopping.signal])
    let wake = new AbortController()
    const heard = createHearing(store, account.id)
    const rest = async (ms: number, held: AbortSignal) => {
      const until = performance.now() + ms
      let news = false
      for (
        let left = ms;
        left > 0 && !news && !held.aborted && !wake.signal.aborted;
        left = until - performance.now()
      ) {
        await pause(Math.min(left, HEARD_MS), AbortSignal.any([held, wake.signal]))
        news = await heard.news()
      }
      const woken = news || wake.signal.aborted
      wake = new AbortController()
      return woken
    }
    let reading = false
    const done = leases.hold(`xchat/${account.id}`, signal, async (held) => {
      reading = true
      try {
        // From here on a mark is news.
        await heard.news()
        await readAccount(options, account, rest, held)
      } finally {
        reading = false
      }
    })
    const { xUserId } = account
    return {
      xUserId,
      since: account.capturesFrom.getTime(),
      key,
      abort,
      isReading: () => reading,
      hurry: () => wake.abort(),
      done,
    }
  }

  function stop(id: string, { abort, done }: Task): void {
    abort.abort()
    tasks.delete(id)
    const ended = done.finally(() => ending.delete(ended))
    ending.add(ended)
  }

  /** Makes what runs match the accounts. */
  async function sync(): Promise<void> {
    const accounts = await readableAccounts(store)
    for (const [id, task] of tasks) {
      const account = accounts.find((each) => each.id === id)
      if (account?.capturesFrom.getTime() !== task.since) stop(id, task)
    }
    for (const { xchat, ...account } of accounts) {
      const key = JSON.stringify(xchat)
      const running = tasks.get(account.id)
      if (running && running.key !== key) running.hurry()
      tasks.set(account.id, running ? { ...running, key } : start(account, key))
    }
  }

  const following = followAccounts({ feed, logger, signal: stopping.signal, sync })

  return {
    async hear(xUserId) {
      await tell(xUserId)
      for (const task of tasks.values()) if (task.xUserId === xUserId && task.isReading()) task.hurry()
    },
    async close() {
      stopping.abort()
      await following
      await Promise.allSettled([...ending, ...[...tasks.values()].map(({ done }) => done)])
    },
  }
}

/** Rounds of one account, until the signal aborts. */
async function readAccount(
  options: XChatReaderOptions,
  account: XChatAccount,
  /** Tells whether somebody ended the wait. */
  rest: (ms: number, signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const { store, calls, logger, everyMs = EVERY_MS } = options
  const pages = chatPages(options, account.id, signal)
  const keys = openAccountKeys(account, { ...options, fetchKeys: pages.publicKeys })
  const services = { store, account, keys, pages, people: new Map<string, SeenProfile>() }
  try {
    const memory = await rememberRounds(services)
    let hurried = false
    let last: number | undefined
    const wait = async (ms: number) => {
      hurried = (await rest(ms, signal)) || hurried
    }
    // Looks again at least each round: the stream may have ended.
    const waitAWhile = (ms: number) => wait(Math.min(ms, everyMs))
    // What was said before the stream was connected, it does not tell: only a round that began since then may rest long.
    const told = async () => last !== undefined && performance.now() - last < (await streamingForMs(store))
    const accountId = account.id
    const intervalMs = async () => (hurried ? 0 : (await told()) ? everyMs * RELAXED : everyMs)
    const source = { calls, accountId, endpoint: 'GET /2/chat/conversations', intervalMs } as const
    for (let failures = 0; !signal.aborted; ) {
      try {
        await untilDue(source, last, signal, waitAWhile)
        if (signal.aborted) return
        hurried = false
        const begunAt = performance.now()
        await readRound(services, memory, { logger, signal })
        if (signal.aborted) return
        await saveCursors(store.prisma, [{ accountId, source: XCHAT_CURSORS, sinceId: null, begunAt }])
        failures = 0
        last = begunAt
      } catch (error) {
        if (signal.aborted) return
        failures++
        const waitMs = Math.round(delayAfter(error, failures))
        logger.warn({ err: error, accountId: account.id, waitMs }, 'reading XChat failed; trying again')
        await wait(waitMs)
      }
    }
  } finally {
    await keys.close()
  }
}

/** F39, F44: where direct messages are captured; without a PIN too, for messages must be kept until there is one. */
function readableAccounts(store: Store) {
  return store.prisma.account.findMany({
    where: {
      status: 'ACTIVE',
      captureDirectMessages: true,
      credential: { isNot: null },
      OR: [{ xchat: { is: null } }, { xchat: { status: { not: 'DISABLED' } } }],
    },
    select: {
      id: true,
      xUserId: true,
      capturesFrom: true,
      xchat: { select: { status: true, keyVersion: true, confirmedAt: true } },
    },
    orderBy: { id: 'asc' },
  })
}
