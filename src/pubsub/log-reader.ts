import type { LogEvent } from '../domain/event.ts'

/** The end of the log, and how far back it still reaches. Events with `floor < offset <= head` can be read. */
export interface LogHead {
  readonly epoch: string
  readonly head: number
  readonly floor: number
}

/** What the feed needs of the event log; the store implements it. */
export interface LogReader {
  head(): Promise<LogHead>
  /** Events with `after < offset`, in order, at most `limit`. Only what is committed, without gaps. */
  read(after: number, limit: number): Promise<readonly LogEvent[]>
}
