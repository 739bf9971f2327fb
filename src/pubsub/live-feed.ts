import { setMaxListeners } from 'node:events'
import type { Logger } from 'pino'
import { PerchError } from '../domain/errors.ts'
import type { Bus } from './bus.ts'
import type { Feed } from './feed.ts'
import { FeedReader, type ReaderSources } from './feed-reader.ts'
import { LogPages } from './log-pages.ts'
import type { LogReader } from './log-reader.ts'
import { LogSync } from './log-sync.ts'
import { LogView } from './log-view.ts'
import { timedLog } from './timed-log.ts'
import { Wakeups } from './wakeups.ts'

/** How long an early bell waits for its predecessor before the log is read. */
const PATIENCE_MS = 10

export interface FeedOptions {
  readonly bus: Bus
  readonly log: LogReader
  readonly logger?: Logger | undefined
  /** The log's head is asked this often; bounds how late a lost bell and a new epoch are noticed. */
  readonly pollMs?: number
  /** Events kept in memory for readers that are a little behind. */
  readonly tailSize?: number
  /** Events read from the log at once. */
  readonly pageSize?: number
  /** A question to the log that is not answered by then has failed. */
  readonly logTimeoutMs?: number
}

/**
 * The feed of this process; make one and share it. Rejects when the log cannot be read at the start; later it waits for
 * the log as long as it takes. It does not wait for the bus: while that is down, the poll finds what is new.
 */
export async function createFeed(options: FeedOptions): Promise<Feed> {
  const { bus, logger, pollMs = 500, tailSize = 10_000, pageSize = 1_000, logTimeoutMs = 5_000 } = options
  const log = timedLog(options.log, logTimeoutMs)
  const view = new LogView(await log.head(), tailSize)
  const advanced = new Wakeups()
  const synced = new Wakeups()
  const sync = new LogSync({ log, view, advanced, synced, logger, pollMs, pageSize, tailSize })
  const readers = new Set<FeedReader>()
  const sources: ReaderSources = {
    view,
    pages: new LogPages(log, view, pageSize, logger),
    sync,
    advanced,
    synced,
    readers,
  }

  let patience: NodeJS.Timeout | undefined
  const waitForPredecessor = () => {
    if (patience !== undefined) return
    patience = setTimeout(() => {
      patience = undefined
      if (view.hasHole()) sync.request()
    }, PATIENCE_MS)
  }

  const unlisten = bus.listen((bell) => {
    const heard = view.hear(bell)
    if (heard === 'advanced') advanced.wakeAll()
    if (heard === 'early') waitForPredecessor()
    if (heard === 'behind') sync.request()
  })
  const offGap = bus.onGap(() => sync.request())
  // For what was committed between the first look at the log and the first ear on the bus.
  sync.request()

  let closed = false
  return {
    position: () => view.position(),
    events(after, signal) {
      if (closed) throw new PerchError('UNAVAILABLE', 'The server is stopping.')
      // The readers of one socket or one server may share a signal, and each takes its listener away again.
      if (signal) setMaxListeners(0, signal)
      return new FeedReader(sources, after, signal)
    },
    healthy: () => !closed && sync.healthy(),
    readers: () => readers.size,
    async close() {
      closed = true
      unlisten()
      offGap()
      clearTimeout(patience)
      sync.close()
      for (const reader of readers) reader.end()
    },
  }
}
