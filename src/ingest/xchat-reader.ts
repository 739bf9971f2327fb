import type { Feed } from '../pubsub/feed.ts'
import type { Leases } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import { followAccounts } from './follow-accounts.ts'
import type { ChatNews } from './parse-activity.ts'
import { type AccountReading, readAccount } from './xchat-account.ts'
import type { XChatAccount } from './xchat-conversation.ts'
import { createHearing, createTelling } from './xchat-hearing.ts'
import { createNews, type News } from './xchat-news.ts'

/*
 * Reads XChat of every account that captures direct messages, in every worker process; leases see to it that each is
 * read by one at a time. A key that is confirmed, replaced or erased is noticed at once.
 */

export interface XChatReader {
  /**
   * There is news of an account, by X's word: it is read at once here, and within two seconds where another process reads
   * it. Resolves when it is kept, or known to all.
   */
  hear(news: ChatNews): Promise<void>
  close(): Promise<void>
}

export interface XChatReaderOptions extends AccountReading {
  readonly leases: Leases
  readonly feed: Feed
}

interface Task {
  readonly xUserId: string
  /** What it was begun for: another beginning is another task. */
  readonly since: number
  readonly key: string
  readonly abort: AbortController
  /** Undefined while it is not read by this process. */
  readonly news: () => News | undefined
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
    const hearing = createHearing(store, account.id)
    let news: News | undefined
    const done = leases.hold(`xchat/${account.id}`, signal, async (held) => {
      // From here on a mark is news.
      await hearing.news()
      news = createNews(hearing)
      try {
        await readAccount(options, account, news, held)
      } finally {
        news.close()
        news = undefined
      }
    })
    const { xUserId } = account
    return { xUserId, since: account.capturesFrom.getTime(), key, abort, news: () => news, done }
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
      if (running && running.key !== key) running.news()?.hurry()
      tasks.set(account.id, running ? { ...running, key } : start(account, key))
    }
  }

  const following = followAccounts({ feed, logger, signal: stopping.signal, sync })

  return {
    async hear({ accountXUserId, conversationId, message }) {
      const readers = [...tasks.values()].filter(({ xUserId }) => xUserId === accountXUserId)
      const taken = readers.map(({ news }) => message && news()?.take(conversationId, message))
      if ((await Promise.all(taken)).includes(true)) return
      await tell(accountXUserId)
      for (const { news } of readers) news()?.hurry(conversationId)
    },
    async close() {
      stopping.abort()
      await following
      await Promise.allSettled([...ending, ...[...tasks.values()].map(({ done }) => done)])
    },
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
