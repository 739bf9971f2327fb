import { PositionExpiredError } from '../domain/errors.ts'
import type { EventBatch } from '../domain/event.ts'
import { endOf } from '../domain/event.ts'
import { formatPosition, type Position } from '../domain/position.ts'
import type { LogPages } from './log-pages.ts'
import type { LogSync } from './log-sync.ts'
import type { LogView } from './log-view.ts'
import type { Sleeper, Wakeups } from './wakeups.ts'

/** What the readers of one feed share. */
export interface ReaderSources {
  readonly view: LogView
  readonly pages: LogPages
  readonly sync: LogSync
  readonly advanced: Wakeups
  readonly synced: Wakeups
  /** The readers under way. */
  readonly readers: Set<FeedReader>
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * One consumer of the feed: an offset, and at most one promise that waits. Whatever it waits for, it looks again
 * at the state when woken; and `end` wakes it at once.
 */
export class FeedReader implements AsyncIterableIterator<EventBatch>, Sleeper {
  readonly #sources: ReaderSources
  readonly #start: Position
  readonly #signal: AbortSignal | undefined
  #offset: number
  /** The generation of the view that the offset belongs to; undefined while the log has yet to confirm it. */
  #generation: number | undefined
  #ended = false
  #resume: (() => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(sources: ReaderSources, after: Position | undefined, signal: AbortSignal | undefined) {
    const { view } = sources
    this.#sources = sources
    this.#signal = signal
    this.#start = after ?? view.position()
    this.#offset = this.#start.offset
    this.#bind()
    if (signal?.aborted) {
      this.#ended = true
      return
    }
    sources.readers.add(this)
    signal?.addEventListener('abort', this.end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Calls that overlap are answered in turn, as those to an async generator. */
  next(): Promise<IteratorResult<EventBatch>> {
    const result = this.#turn.then(() => this.#step())
    this.#turn = result.catch(() => undefined)
    return result
  }

  async return(): Promise<IteratorResult<EventBatch>> {
    this.end()
    return DONE
  }

  async throw(error?: unknown): Promise<IteratorResult<EventBatch>> {
    this.end()
    throw error
  }

  wake(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  readonly end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#signal?.removeEventListener('abort', this.end)
    this.#sources.readers.delete(this)
    this.#sources.advanced.delete(this)
    this.#sources.synced.delete(this)
    this.wake()
  }

  /** Ties the starting point to the view, if the view knows it. */
  #bind(): void {
    const { view } = this.#sources
    if (this.#start.epoch === view.epoch && this.#start.offset <= view.head) this.#generation = view.generation
  }

  async #step(): Promise<IteratorResult<EventBatch>> {
    const { view, advanced } = this.#sources
    // Another process may have handed the position out before this one heard of it: the log decides.
    if (!this.#ended && this.#generation === undefined) {
      await this.#synced()
      this.#bind()
    }
    while (!this.#ended) {
      this.#refuseExpired()
      const batch = this.#offset < view.head ? (view.batch(this.#offset) ?? (await this.#page())) : undefined
      if (this.#ended) break
      if (batch) {
        this.#offset = endOf(batch).offset
        return { done: false, value: batch }
      }
      if (this.#generation === view.generation && this.#offset >= view.head) await this.#sleep(advanced)
    }
    return DONE
  }

  #refuseExpired(): void {
    const { view } = this.#sources
    const known = this.#generation === view.generation
    if (known && this.#offset >= view.floor) return
    this.end()
    const position = formatPosition({ epoch: this.#start.epoch, offset: this.#offset })
    if (known) throw new PositionExpiredError(`The events after ${position} have been pruned.`)
    if (this.#start.epoch === view.epoch) throw new PositionExpiredError(`The log does not reach ${position}.`)
    throw new PositionExpiredError(`The position ${position} belongs to another epoch of the log.`)
  }

  /** A page of the log; undefined when it could not be read, and then only after the log has answered again. */
  async #page(): Promise<EventBatch | undefined> {
    const batch = await this.#unlessEnded(this.#sources.pages.batch(this.#offset).catch(() => undefined))
    if (!batch && !this.#ended) await this.#sleep(this.#sources.synced)
    return batch
  }

  /** Waits for a run of the sync that begins after this call. */
  async #synced(): Promise<void> {
    const { sync, synced } = this.#sources
    const due = sync.request()
    while (sync.completed < due && !this.#ended) await this.#sleep(synced)
  }

  #sleep(wakeups: Wakeups): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve
      wakeups.add(this)
    })
  }

  #unlessEnded<T>(answer: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      this.#resume = () => resolve(undefined)
      answer.then(resolve, () => resolve(undefined))
    })
  }
}
