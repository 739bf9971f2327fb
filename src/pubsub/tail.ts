import type { LogEvent } from '../domain/event.ts'

/** The last events of the log in memory, at most `size` of them: one ring that all readers share. */
export class Tail {
  readonly #size: number
  #slots: LogEvent[] = []
  /** Where the ring began; slots count from here, which keeps the array dense. */
  #base: number
  #head: number
  #first: number

  /** Empty, standing behind `head`. */
  constructor(size: number, head: number) {
    this.#size = size
    this.#base = head + 1
    this.#head = head
    this.#first = head + 1
  }

  /** The offset of the last event known to be in the log. */
  get head(): number {
    return this.#head
  }

  /** Adds the event that follows `head`; false, and nothing is added, when it is another. */
  push(event: LogEvent): boolean {
    if (event.offset !== this.#head + 1) return false
    this.#slots[(event.offset - this.#base) % this.#size] = event
    this.#head = event.offset
    this.#first = Math.max(this.#first, this.#head - this.#size + 1)
    return true
  }

  /** Moves `head` forward without the events between; who needs them reads the log. */
  skipTo(head: number): void {
    this.#slots = []
    this.#base = head + 1
    this.#head = head
    this.#first = head + 1
  }

  /** At most `limit` events that follow `after`, or undefined when the ring does not reach back that far. */
  take(after: number, limit: number): LogEvent[] | undefined {
    if (after + 1 < this.#first) return undefined
    const events: LogEvent[] = []
    const end = Math.min(this.#head, after + limit)
    for (let offset = after + 1; offset <= end; offset += 1) {
      events.push(this.#slots[(offset - this.#base) % this.#size] as LogEvent)
    }
    return events
  }
}
