import { afterEach, describe, expect, it } from 'vitest'
import type { Feed } from '../../src/pubsub/feed.ts'
import { fullBell } from './events.ts'
import { gate, offsetsUntil, range, scriptedFeed, turn } from './reading.ts'

const opened: Feed[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((feed) => feed.close()))
})
const start: typeof scriptedFeed = async (...args) => {
  const all = await scriptedFeed(...args)
  opened.push(all.feed)
  return all
}
const after = (offset: number) => ({ epoch: 'e1', offset })

describe('the feed', () => {
  it('begins where the log ends when no position is given, and at the call, not at the first next', async () => {
    const { log, bus, feed } = await start(3)
    const reader = feed.events()
    await bus.ring(log.commit(2))
    expect(feed.position()).toEqual({ epoch: 'e1', offset: 5 })
    expect(await offsetsUntil(reader, 5)).toEqual([4, 5])
  })

  it('replays what follows a position and goes live without a seam', async () => {
    const { log, bus, feed } = await start(2_500)
    const reader = feed.events(after(700))
    expect(await offsetsUntil(reader, 2_500)).toEqual(range(700, 2_500))
    await bus.ring(log.commit(1))
    expect(await offsetsUntil(reader, 2_501)).toEqual([2_501])
    const live = offsetsUntil(reader, 2_504)
    await bus.ring(log.commit(2))
    await bus.ring(log.commit(1))
    expect(await live).toEqual([2_502, 2_503, 2_504])
  })

  it('hands out 500 events at most, however far behind a reader is', async () => {
    const { log, bus, feed } = await start(1_800)
    const old = feed.events(after(0))
    const young = feed.events()
    await bus.ring(log.commit(1_300))
    for (const reader of [old, young]) {
      const { value } = await reader.next()
      expect(value?.events).toHaveLength(500)
    }
  })

  it('asks the log for nothing when the bells bring the events, late ones and doubles included', async () => {
    const { log, bus, feed } = await start()
    const reader = feed.events(after(0))
    await bus.ring(log.commit(1))
    await offsetsUntil(reader, 1)
    const [second, third, fourth] = [log.commit(3), log.commit(1), log.commit(2)]
    for (const bell of [third, third, fourth, second, second, third]) await bus.ring(bell)
    expect(await offsetsUntil(reader, 7)).toEqual(range(1, 7))
    expect(log.reads).toBe(0)
  })

  it('reads the log at once when a bell comes without its events', async () => {
    const { log, bus, feed } = await start(0, { pollMs: 60_000 })
    const reader = feed.events()
    log.commit(2_300)
    await bus.ring({ epoch: 'e1', head: 2_300 })
    expect(await offsetsUntil(reader, 2_300)).toEqual(range(0, 2_300))
  })

  it('reads the log soon when the bell before was lost', async () => {
    const { log, bus, feed } = await start(0, { pollMs: 60_000 })
    const reader = feed.events()
    log.commit(2)
    await bus.ring(log.commit(3))
    expect(await offsetsUntil(reader, 5)).toEqual(range(0, 5))
  })

  it('notices within a second that a bell was lost when no other follows', async () => {
    const { log, feed } = await start()
    const reader = feed.events()
    const committed = performance.now()
    log.commit(1)
    expect(await offsetsUntil(reader, 1)).toEqual([1])
    expect(performance.now() - committed).toBeLessThan(1_000)
  })

  it('takes no notice of bells of another epoch, of the past, or that promise too much', async () => {
    const { log, bus, feed } = await start(10)
    const reader = feed.events()
    await bus.ring(fullBell(10, 12, 'stranger'))
    await bus.ring(fullBell(8, 10))
    await bus.ring({ epoch: 'e1', head: 4 })
    await bus.ring({ epoch: 'e1', head: 9_999_999 })
    await bus.ring(log.commit(1))
    expect(await offsetsUntil(reader, 11)).toEqual([11])
    expect(feed.position()).toEqual({ epoch: 'e1', offset: 11 })
  })

  it('reads the log once for all when hundreds of readers come back to a fresh process', async () => {
    const { log, feed } = await start(20_000)
    const readers = Array.from({ length: 300 }, (_, i) => feed.events(after(14_000 + 7 * i)))
    const seen = await Promise.all(readers.map((reader) => offsetsUntil(reader, 20_000)))
    for (const [i, offsets] of seen.entries()) expect(offsets).toEqual(range(14_000 + 7 * i, 20_000))
    expect(log.reads).toBe(6)
  })

  it('shares one batch object between readers that are equally far', async () => {
    const { log, bus, feed } = await start()
    const [one, other] = [feed.events(), feed.events()]
    await bus.ring(log.commit(3))
    const [first, second] = await Promise.all([one.next(), other.next()])
    expect(first.value).toBe(second.value)
  })

  it('still does so after hundreds of advances', async () => {
    const { log, bus, feed } = await start()
    const [one, other] = [feed.events(), feed.events()]
    for (let i = 0; i < 300; i += 1) {
      await bus.ring(log.commit(1))
      const [first, second] = await Promise.all([one.next(), other.next()])
      expect(first.value).toBe(second.value)
    }
  })

  it('reads only the end of a leap that would flush the tail', async () => {
    const { log, bus, feed } = await start(0, { tailSize: 1_000, pageSize: 100 })
    log.commit(1_000_000)
    await bus.ring({ epoch: 'e1', head: 1_000_000 })
    await expect.poll(() => feed.position().offset).toBe(1_000_000)
    expect(log.reads).toBe(10)
  })

  it('reads a page again that was kept when the log ended in the middle of it', async () => {
    const { log, bus, feed } = await start(1_200, { tailSize: 10 })
    expect(await offsetsUntil(feed.events(after(1_000)), 1_200)).toEqual(range(1_000, 1_200))
    await bus.ring(log.commit(300))
    expect(await offsetsUntil(feed.events(after(1_100)), 1_500)).toEqual(range(1_100, 1_500))
    expect(log.reads).toBe(2)
  })

  it('answers overlapping calls of next in turn', async () => {
    const { log, bus, feed } = await start(700)
    const reader = feed.events(after(0))
    const answers = [reader.next(), reader.next(), reader.next()]
    await Promise.all(answers.slice(0, 2))
    await bus.ring(log.commit(1))
    const batches = await Promise.all(answers)
    expect(batches.flatMap((batch) => (batch.done ? [] : batch.value.events.map(({ offset }) => offset)))).toEqual(
      range(0, 701),
    )
  })
})

describe('when the log cannot be read', () => {
  it('skips no event that is missing from it, and says that something is wrong', async () => {
    const { log, bus, feed } = await start(0, { pollMs: 10 })
    const reader = feed.events()
    const bell = log.commit(5)
    log.missing = 3
    // Nor one that is missing from a bell.
    await bus.ring({ ...bell, events: bell.events?.filter(({ offset }) => offset !== 3) ?? [] })
    expect(await offsetsUntil(reader, 2)).toEqual([1, 2])
    await expect.poll(() => feed.healthy()).toBe(false)
    expect(feed.position().offset).toBe(2)
    log.missing = undefined
    expect(await offsetsUntil(reader, 5)).toEqual([3, 4, 5])
  })

  it('says so, lets the readers wait, skips nothing and goes on when it is back', async () => {
    const { log, bus, feed } = await start(1_500, { pollMs: 10 })
    const [behind, live] = [feed.events(after(0)), feed.events()]
    log.failing = true
    const pending = [offsetsUntil(behind, 1_504), offsetsUntil(live, 1_504)]
    log.commit(1)
    await bus.ring(log.commit(1))
    await expect.poll(() => feed.healthy()).toBe(false)
    const asked = log.heads + log.reads
    await expect.poll(() => log.heads + log.reads).toBeGreaterThan(asked + 2)
    expect(feed.position().offset).toBe(1_500)
    log.failing = false
    await bus.ring(log.commit(2))
    expect(await Promise.all(pending)).toEqual([range(0, 1_504), range(1_500, 1_504)])
    await expect.poll(() => feed.healthy()).toBe(true)
  })

  it('still delivers what the bells bring', async () => {
    const { log, bus, feed } = await start()
    const reader = feed.events()
    log.failing = true
    await bus.ring(log.commit(2))
    expect(await offsetsUntil(reader, 2)).toEqual([1, 2])
  })

  it('is asked once a poll and not once a bell', async () => {
    const { log, bus, feed } = await start(0, { pollMs: 60_000 })
    await turn()
    log.failing = true
    const asked = log.heads
    for (let head = 1; head <= 200; head += 1) {
      await bus.ring({ epoch: 'e1', head })
      await turn()
    }
    expect(log.heads).toBe(asked + 1)
    expect(feed.healthy()).toBe(false)
  })

  it('does not wait for ever for an answer', async () => {
    const { log, feed } = await start(0, { pollMs: 10, logTimeoutMs: 30 })
    const reader = feed.events()
    const never = gate()
    log.delay = () => never.opened
    await expect.poll(() => feed.healthy()).toBe(false)
    log.delay = undefined
    log.commit(1)
    expect(await offsetsUntil(reader, 1)).toEqual([1])
    await expect.poll(() => feed.healthy()).toBe(true)
  })

  it('is refused at the start', async () => {
    await expect(
      start(0, { log: { head: () => Promise.reject(new Error('no database')), read: async () => [] } }),
    ).rejects.toThrow('no database')
  })
})
