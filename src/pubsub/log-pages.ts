import type { Logger } from 'pino'
import type { EventBatch, LogEvent } from '../domain/event.ts'
import type { LogReader } from './log-reader.ts'
import { type LogView, MAX_BATCH } from './log-view.ts'
import { Outage } from './outage.ts'

const MAX_PAGES = 16
const MAX_READS = 4

/**
 * The log for readers that are behind the tail, page by page. Pages begin at multiples of their size, so that a thousand
 * clients that come back after a restart, each with its own position, share a few reads. At most MAX_READS are under
 * way and MAX_PAGES kept.
 */
export class LogPages {
  readonly #log: LogReader
  readonly #view: LogView
  readonly #size: number
  readonly #outage: Outage
  #pages = new Map<number, Promise<readonly LogEvent[]>>()
  #generation = 0
  #free = MAX_READS
  readonly #queue: (() => void)[] = []

  constructor(log: LogReader, view: LogView, size: number, logger: Logger | undefined) {
    this.#log = log
    this.#view = view
    this.#size = size
    this.#outage = new Outage('reading pages of the event log', logger)
  }

  /**
   * Events that follow `after` (which the view says exist). Undefined when the log does not have them, as when they were
   * pruned meanwhile. Rejects when the log cannot be read.
   */
  async batch(after: number): Promise<EventBatch | undefined> {
    const { epoch, generation } = this.#view
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#pages = new Map()
    }
    const pages = this.#pages
    const page = Math.floor(after / this.#size)
    const known = pages.get(page)
    let events = known && following(await known, after)
    // What is kept may have been read when the log ended in the middle of the page.
    if (!events) events = following(await this.#load(pages, page, known), after)
    return events && this.#view.generation === generation ? { epoch, events } : undefined
  }

  /** Reads the page, unless somebody else has begun to since `stale` was found wanting. */
  #load(
    pages: Map<number, Promise<readonly LogEvent[]>>,
    page: number,
    stale: Promise<readonly LogEvent[]> | undefined,
  ): Promise<readonly LogEvent[]> {
    const current = pages.get(page)
    if (current && current !== stale) return current
    const read = this.#read(page)
    pages.delete(page)
    pages.set(page, read)
    for (const oldest of pages.keys()) {
      if (pages.size <= MAX_PAGES) break
      pages.delete(oldest)
    }
    read.then(
      () => this.#outage.ended(),
      (error) => {
        this.#outage.failed(error)
        if (pages.get(page) === read) pages.delete(page)
      },
    )
    return read
  }

  async #read(page: number): Promise<readonly LogEvent[]> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
    try {
      const { epoch } = this.#view
      const events = await this.#log.read(page * this.#size, this.#size)
      // Asked after the read, for events do not say which epoch they are of.
      const seen = await this.#log.head()
      if (seen.epoch !== epoch) throw new Error('The epoch of the event log changed.')
      return events
    } finally {
      const next = this.#queue.shift()
      if (next) next()
      else this.#free += 1
    }
  }
}

/** The part of a page that follows `after`; undefined when it does not hold that event. */
function following(page: readonly LogEvent[], after: number): readonly LogEvent[] | undefined {
  const start = after + 1 - (page[0]?.offset ?? Number.POSITIVE_INFINITY)
  return start >= 0 && start < page.length ? page.slice(start, start + MAX_BATCH) : undefined
}
