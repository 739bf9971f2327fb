import type { LogEvent } from '../domain/event.ts'

/*
 * The doorbell. It rings after every commit and may bring the committed events along; it may also
 * be lost, late, doubled or out of order, and nothing depends on it: the feed reads the log
 * whenever the bell leaves a doubt (DESIGN §1, idea 2).
 */

/** "The log of this epoch has been committed up to `head`." `events`, when present, are the contiguous last ones, ending at `head`. */
export interface Doorbell {
  readonly epoch: string
  readonly head: number
  readonly events?: readonly LogEvent[]
}

export interface Bus {
  /**
   * Rings every process. Resolves when it was handed over; a bus that is down resolves too (the log is the truth), counts
   * it, and rings this process alone. Never rejects.
   */
  ring(bell: Doorbell): Promise<void>
  /** Calls `listener` for every bell, this process's own included, until the returned function is called. */
  listen(listener: (bell: Doorbell) => void): () => void
  /** Resolves once bells of others can be heard, which may take for ever. Rejects when the bus is closed. */
  ready(): Promise<void>
  /** False while the connection is down; /health/ready says so. */
  healthy(): boolean
  /** Calls `listener` whenever bells may have been missed: after each connect, the first included. */
  onGap(listener: () => void): () => void
  close(): Promise<void>
}
