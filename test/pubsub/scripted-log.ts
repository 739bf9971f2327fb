import type { LogEvent } from '../../src/domain/event.ts'
import type { Doorbell } from '../../src/pubsub/bus.ts'
import type { LogHead, LogReader } from '../../src/pubsub/log-reader.ts'
import { eventsBetween, fullBell } from './events.ts'

/**
 * A log without a database. Its events follow from their offsets, so it holds none of them and may be as long as a test
 * likes. It fails, hangs and dawdles on demand, and counts what it is asked.
 */
export class ScriptedLog implements LogReader {
  epoch = 'e1'
  end: number
  floor = 0
  /** Bytes of ballast in each event. */
  padding = 0
  failing = false
  /** Awaited before each answer; the answer is that of the moment after. */
  delay: (() => Promise<unknown>) | undefined
  /** An event that the log has lost: reads come without it. */
  missing: number | undefined
  heads = 0
  reads = 0

  constructor(end = 0) {
    this.end = end
  }

  /** Commits events; the result is the bell that announces them. */
  commit(count = 1): Doorbell {
    const before = this.end
    this.end += count
    return fullBell(before, this.end, this.epoch)
  }

  async head(): Promise<LogHead> {
    this.heads += 1
    await this.#answer()
    return { epoch: this.epoch, head: this.end, floor: this.floor }
  }

  async read(after: number, limit: number): Promise<readonly LogEvent[]> {
    this.reads += 1
    await this.#answer()
    const from = Math.max(after, this.floor)
    const events = eventsBetween(from, Math.max(from, Math.min(from + limit, this.end)), this.padding)
    return events.filter(({ offset }) => offset !== this.missing)
  }

  async #answer(): Promise<void> {
    await this.delay?.()
    if (this.failing) throw new Error('the database is down')
  }
}
