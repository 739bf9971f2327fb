import type { EventBatch } from '../domain/event.ts'
import type { Position } from '../domain/position.ts'

/** The live log of one process: everything after a position, then whatever comes, without a seam. */
export interface Feed {
  /** The end of the log as far as this process knows. */
  position(): Position
  /**
   * Batches of events after `after` (from now on, when omitted), contiguous and in order, until `signal` aborts or the
   * consumer returns. The first `next()` is asked only after the starting point is fixed, so nothing between is lost.
   * Throws PositionExpiredError when `after` is pruned, ahead of the log, or of another epoch, also while running.
   * A batch has 500 events at most and is shared with other readers: do not change it.
   * A reader holds no queue: it is an offset into the shared tail, and reads the log when it falls behind that.
   */
  events(after?: Position, signal?: AbortSignal): AsyncIterableIterator<EventBatch>
  /** False when the log could not be read lately. */
  healthy(): boolean
  /** Readers under way, for the metrics. */
  readers(): number
  close(): Promise<void>
}
