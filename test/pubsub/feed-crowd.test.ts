import { describe, expect, it } from 'vitest'
import type { EventBatch } from '../../src/domain/event.ts'
import { collectGarbage } from './garbage.ts'
import { offsetsUntil, range, scriptedFeed, turn } from './reading.ts'

/** Bytes of the heap that are really held. */
function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Reads on and on, checks the order and counts; keeps nothing. */
async function countInOrder(reader: AsyncIterable<EventBatch>, progress: { offset: number }): Promise<void> {
  for await (const { events } of reader) {
    for (const { offset } of events) {
      if (offset !== progress.offset + 1) throw new Error(`${offset} came after ${progress.offset}`)
      progress.offset = offset
    }
  }
}

describe('among 1,000 readers, one that is stalled', () => {
  it('costs the others nothing and memory no more than the tail, and misses nothing when it goes on', async () => {
    const { log, bus, feed } = await scriptedFeed(0)
    log.padding = 1_000
    const others = Array.from({ length: 999 }, () => ({ offset: 0 }))
    const running = others.map((progress) => countInOrder(feed.events(), progress))
    const stalled = feed.events()
    await bus.ring(log.commit(1))
    await stalled.next()
    const commit = async (events: number) => {
      for (const end = log.end + events; log.end < end; await turn()) await bus.ring(log.commit(20))
    }
    await commit(12_000)
    const full = heldBytes()
    await commit(48_000)
    // 48 MB of events have gone through since the tail was full; none of them may be held.
    expect(heldBytes() - full).toBeLessThan(8 * 1024 * 1024)
    expect(others.every(({ offset }) => offset === log.end)).toBe(true)
    expect(log.reads).toBe(0)
    expect(await offsetsUntil(stalled, log.end)).toEqual(range(1, log.end))
    expect(feed.readers()).toBe(1_000)
    await feed.close()
    await Promise.all(running)
    expect(feed.readers()).toBe(0)
  }, 30_000)

  it('does not delay the others: a bell reaches all of them in one turn of the event loop', async () => {
    const { log, bus, feed } = await scriptedFeed(0)
    const stalled = feed.events()
    const waiting = Array.from({ length: 999 }, () => feed.events().next())
    await bus.ring(log.commit(1))
    const answered = Promise.all(waiting).then((results) => results.length)
    expect(await Promise.race([answered, turn()])).toBe(999)
    expect((await stalled.next()).value).toBe((await waiting[0])?.value)
    await feed.close()
  })
})
