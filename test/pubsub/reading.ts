import type { EventBatch } from '../../src/domain/event.ts'
import { createFeed, type FeedOptions } from '../../src/pubsub/live-feed.ts'
import { createMemoryBus } from '../../src/pubsub/memory-bus.ts'
import { ScriptedLog } from './scripted-log.ts'

/** A feed on a scripted log, on a bus whose bells the test rings by hand. */
export async function scriptedFeed(end = 0, options: Partial<FeedOptions> = {}) {
  const log = new ScriptedLog(end)
  const bus = createMemoryBus()
  const feed = await createFeed({ log, bus, ...options })
  return { log, bus, feed }
}

/** The offsets up to and including `last`, as a reader hands them out. */
export async function offsetsUntil(reader: AsyncIterator<EventBatch>, last: number): Promise<number[]> {
  const offsets: number[] = []
  while ((offsets.at(-1) ?? 0) < last) {
    const { done, value } = await reader.next()
    if (done) break
    for (const { offset } of value.events) offsets.push(offset)
  }
  return offsets
}

/** after+1 .. last */
export function range(after: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - after) }, (_, i) => after + 1 + i)
}

/** A promise that is settled from outside. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Lets everything run that is ready to run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
