import type { Logger } from 'pino'
import type { LogReader } from './log-reader.ts'
import type { LogView } from './log-view.ts'
import { Outage } from './outage.ts'
import type { Wakeups } from './wakeups.ts'

export interface LogSyncOptions {
  readonly log: LogReader
  readonly view: LogView
  /** Woken whenever the view has changed. */
  readonly advanced: Wakeups
  /** Woken after each run that succeeded. */
  readonly synced: Wakeups
  readonly logger: Logger | undefined
  readonly pollMs: number
  readonly pageSize: number
  readonly tailSize: number
}

/**
 * Keeps the view in step with the log: a run when someone asks and one every `pollMs`, never two at once.
 * A run that fails is repeated after `pollMs` and not before, so that a database that is down is not hammered.
 */
export class LogSync {
  readonly #options: LogSyncOptions
  readonly #outage: Outage
  #started = 0
  #completed = 0
  #running = false
  #again = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #lastSuccess = performance.now()

  constructor(options: LogSyncOptions) {
    this.#options = options
    this.#outage = new Outage('event log', options.logger)
    this.#arm()
  }

  /** Asks for a run that begins from now on. The request is met once `completed` has reached the number returned. */
  request(): number {
    if (this.#closed || this.#running || this.#outage.active) {
      this.#again = true
      return this.#started + 1
    }
    void this.#run()
    return this.#started
  }

  /** The number of the last run that succeeded. */
  get completed(): number {
    return this.#completed
  }

  /** False after a failure until the next success, and when no answer came for a while. */
  healthy(): boolean {
    return !this.#outage.active && performance.now() - this.#lastSuccess < 2_000 + 4 * this.#options.pollMs
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#run(), this.#options.pollMs)
  }

  async #run(): Promise<void> {
    if (this.#running || this.#closed) return
    this.#running = true
    do {
      this.#again = false
      this.#started += 1
      await this.#attempt(this.#started)
    } while (this.#again && !this.#outage.active && !this.#closed)
    this.#running = false
    this.#arm()
  }

  async #attempt(run: number): Promise<void> {
    try {
      await this.#catchUp()
    } catch (error) {
      if (!this.#closed) this.#outage.failed(error)
      return
    }
    if (this.#closed) return
    this.#outage.ended()
    this.#lastSuccess = performance.now()
    this.#completed = run
    this.#options.synced.wakeAll()
  }

  /** Reads until the view has reached the log's head. Throws when the log cannot be read; what was taken in stays. */
  async #catchUp(): Promise<void> {
    const { log, view, advanced, pageSize, tailSize } = this.#options
    let head = await this.#observe()
    while (view.head < head && !this.#closed) {
      // Of a leap that would flush the whole tail, only its end is of use to readers that are live.
      if (head - view.head > tailSize) view.skipTo(head - tailSize)
      const { generation, head: from } = view
      const events = await log.read(from, pageSize)
      // Asked after the read, for events do not say which epoch they are of.
      head = await this.#observe()
      if (view.generation !== generation) continue
      view.append(events)
      if (view.head === from) throw new Error(`The event log ends at ${head}, but has no event ${from + 1}.`)
      advanced.wakeAll()
    }
  }

  async #observe(): Promise<number> {
    const { log, view, advanced } = this.#options
    const known = view.head
    const seen = await log.head()
    if (!this.#closed && view.observe(seen, known)) advanced.wakeAll()
    return seen.head
  }
}
