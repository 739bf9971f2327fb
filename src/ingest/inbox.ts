import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { applyItems } from './apply.ts'
import type { CursorMove } from './cursor.ts'
import { keepDeadLetters } from './dead-letters.ts'
import type { Item, Parsed } from './item.ts'
import { isRefusal } from './refusal.ts'
import { pause } from './retry.ts'

/*
 * Where all sources deliver. Invariants: one batch at a time is being committed; what arrives
 * meanwhile waits, about `capacity` items at most; nothing is dropped: a delivery is either committed,
 * or kept as a dead letter, or its promise rejects (the program is stopping) and its source reads
 * it again after the restart.
 */

export interface Delivery extends Parsed {
  /** Who delivers: `activity`, `mentions`, `conversations`. */
  readonly source: string
  readonly cursors?: readonly CursorMove[]
}

export interface Inbox {
  /** Resolves as soon as there is room: the way to slow a source down that cannot wait for the commit. */
  room(): Promise<void>
  /** Resolves when the delivery is committed. */
  deliver(delivery: Delivery): Promise<void>
  /** Items and rejects that wait to be committed. */
  size(): number
  close(): Promise<void>
}

export interface InboxOptions {
  readonly store: Store
  readonly logger: Logger
  /** Told of every post and message that was committed, with the seconds since it was made. */
  readonly onIngested?: ((source: string, seconds: number) => void) | undefined
  readonly capacity?: number
  readonly maxBatch?: number
}

interface Waiting {
  readonly delivery: Delivery
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** The error of deliveries that were still waiting when the inbox closed. */
export class InboxClosedError extends Error {
  override readonly name = 'InboxClosedError'
}

/** So often must the database refuse a batch before one of its items is blamed. */
const MAX_REFUSALS = 3

export function createInbox(options: InboxOptions): Inbox {
  const { store, logger, onIngested, capacity = 10_000, maxBatch = 1_000 } = options
  const waiting: Waiting[] = []
  let size = 0
  const closing = new AbortController()
  let working: Promise<void> | undefined
  let roomWaiters: (() => void)[] = []

  async function work(): Promise<void> {
    while (waiting.length > 0 && !closing.signal.aborted) {
      const batch = takeBatch()
      try {
        await commit(batch)
        for (const { resolve } of batch) resolve()
        if (onIngested) report(batch, onIngested)
      } catch (error) {
        for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)))
      }
      size -= batch.reduce((sum, { delivery }) => sum + sizeOf(delivery), 0)
      if (size < capacity) {
        for (const wake of roomWaiters) wake()
        roomWaiters = []
      }
    }
    // In the same breath as the last look: whoever delivers next must find nobody at work.
    working = undefined
  }

  function takeBatch(): Waiting[] {
    let items = 0
    let count = 0
    for (const { delivery } of waiting) {
      items += delivery.items.length
      if (count > 0 && items > maxBatch) break
      count++
    }
    return waiting.splice(0, count)
  }

  /** What was refused is kept first; then the posts go in together, or one by one when the database refuses them so. */
  async function commit(batch: readonly Waiting[]): Promise<void> {
    for (const { delivery } of batch) {
      await insist(() => keepDeadLetters(store, delivery.source, delivery.rejects))
    }
    const items = batch.flatMap(({ delivery }) => delivery.items)
    const cursors = batch.flatMap(({ delivery }) => delivery.cursors ?? [])
    if (items.length === 0 && cursors.length === 0) return
    const refusal = await insist(() => applyItems(store, items, cursors), MAX_REFUSALS)
    if (refusal) await setAside(batch, refusal)
  }

  /**
   * Tries until it is done: a database that is away comes back. Gives the error when the content was refused
   * `refusals` times, for then it will be for ever.
   */
  async function insist(attempt: () => Promise<unknown>, refusals = Number.POSITIVE_INFINITY): Promise<Error | null> {
    for (let tries = 1, refused = 0; ; tries++) {
      try {
        await attempt()
        return null
      } catch (error) {
        if (closing.signal.aborted) throw new InboxClosedError('stopped before the posts were committed')
        if (isRefusal(error)) refused++
        if (refused >= refusals) return error instanceof Error ? error : new Error(String(error))
        logger.warn({ err: error, tries }, 'posts could not be committed; trying again')
        await pause(Math.min(100 * 2 ** tries, 5_000), closing.signal)
      }
    }
  }

  async function setAside(batch: readonly Waiting[], refusal: Error): Promise<void> {
    logger.error({ err: refusal }, 'a batch of posts cannot be committed; going through it one by one')
    for (const { delivery } of batch) {
      // Both ways are tried again together: a database that takes neither post nor dead letter only needs time.
      for (const item of delivery.items) await insist(() => applyOne(item, delivery.source))
      const stuck = await insist(() => applyItems(store, [], delivery.cursors ?? []), MAX_REFUSALS)
      // Such as the cursor of an account that is gone. It costs reading again, nothing is lost.
      if (stuck) logger.warn({ err: stuck, source: delivery.source }, 'a cursor could not be moved')
    }
  }

  async function applyOne(item: Item, source: string): Promise<void> {
    try {
      await applyItems(store, [item])
    } catch (error) {
      if (!isRefusal(error)) throw error
      const reason = `cannot be stored: ${error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : ''}`
      await keepDeadLetters(store, source, [{ payload: JSON.stringify(item), reason }])
    }
  }

  return {
    async room() {
      while (size >= capacity && !closing.signal.aborted)
        await new Promise<void>((resolve) => roomWaiters.push(resolve))
    },
    deliver(delivery) {
      if (closing.signal.aborted) return Promise.reject(new InboxClosedError('the inbox is closed'))
      size += sizeOf(delivery)
      return new Promise<void>((resolve, reject) => {
        waiting.push({ delivery, resolve, reject })
        working ??= work()
      })
    },
    size: () => size,
    async close() {
      closing.abort()
      for (const wake of roomWaiters) wake()
      await working
      for (const { reject } of waiting.splice(0)) reject(new InboxClosedError('the inbox was closed'))
    },
  }
}

function report(batch: readonly Waiting[], onIngested: (source: string, seconds: number) => void): void {
  for (const { delivery } of batch) {
    for (const item of delivery.items) {
      const at = timeOf(item)
      if (at !== undefined) onIngested(delivery.source, (Date.now() - Date.parse(at)) / 1000)
    }
  }
}

/** When it happened on X, as far as X says. */
function timeOf(item: Item): string | undefined {
  if (item.kind === 'post') return item.post.editedAt ?? item.post.postedAt
  return item.kind === 'message' ? item.message.sentAt : undefined
}

function sizeOf({ items, rejects }: Delivery): number {
  return items.length + rejects.length
}
