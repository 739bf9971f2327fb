import { afterEach, describe, expect, it } from 'vitest'
import { PositionExpiredError } from '../../src/domain/errors.ts'
import type { EventBatch } from '../../src/domain/event.ts'
import type { Feed } from '../../src/pubsub/feed.ts'
import { gate, offsetsUntil, range, scriptedFeed, turn } from './reading.ts'

const opened: Feed[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((feed) => feed.close()))
})
const start: typeof scriptedFeed = async (end, options) => {
  const all = await scriptedFeed(end, { pollMs: 20, ...options })
  opened.push(all.feed)
  return all
}
const after = (offset: number, epoch = 'e1') => ({ epoch, offset })

/** The reader is refused with a message like that, is over, and is counted no more. */
async function expectExpired(reader: AsyncIterator<EventBatch>, reason: RegExp) {
  const error = await reader.next().then(
    () => undefined,
    (refusal: unknown) => refusal,
  )
  expect(error).toBeInstanceOf(PositionExpiredError)
  expect(error).toMatchObject({ code: 'POSITION_EXPIRED', message: expect.stringMatching(reason) })
  expect(await reader.next()).toEqual({ done: true, value: undefined })
}

describe('a position is refused with POSITION_EXPIRED', () => {
  it('when it is of another epoch', async () => {
    const { feed } = await start(5)
    await expectExpired(feed.events(after(3, 'e0')), /another epoch/)
    expect(feed.readers()).toBe(0)
  })

  it('when it is ahead of the log', async () => {
    const { feed } = await start(5)
    await expectExpired(feed.events(after(6)), /does not reach e1:6/)
  })

  it('when what follows it has been pruned, but not when it is just at the edge', async () => {
    const { log, feed } = await start(50)
    log.floor = 20
    await expect
      .poll(() =>
        feed
          .events(after(19))
          .next()
          .then(
            () => 'served',
            (error) => error.code,
          ),
      )
      .toBe('POSITION_EXPIRED')
    await expectExpired(feed.events(after(19)), /pruned/)
    expect(await offsetsUntil(feed.events(after(20)), 50)).toEqual(range(20, 50))
  })

  it('while a reader runs, when the epoch changes, whether the reader is live or behind', async () => {
    const { log, feed } = await start(3_000, { tailSize: 10 })
    const [live, behind, idle] = [feed.events(), feed.events(after(0)), feed.events(after(100))]
    await behind.next()
    const waiting = expectExpired(live, /another epoch/)
    log.epoch = 'e2'
    log.end = 10_000
    await waiting
    await expectExpired(behind, /another epoch/)
    await expectExpired(idle, /another epoch/)
    expect(feed.readers()).toBe(0)
    expect(feed.position()).toEqual({ epoch: 'e2', offset: 10_000 })
  })

  it('and not served with events of the new epoch, when the epoch changes while a page is read', async () => {
    const { log, feed } = await start(3_000, { tailSize: 10, pollMs: 60_000 })
    const reader = feed.events(after(0))
    log.delay = async () => {
      log.epoch = 'e2'
    }
    const next = expectExpired(reader, /another epoch/)
    await expect.poll(() => log.reads).toBe(1)
    // What the poll would do, only sooner.
    void feed.events(after(9_999)).next()
    await next
  })

  it('and no event of the old epoch gets into the new one, when the epoch changes while the feed catches up', async () => {
    const { log, bus, feed } = await start(10, { pollMs: 60_000 })
    await turn()
    log.commit(5)
    const asked = log.heads
    // The head is asked before and after the read; between the two the database is another.
    log.delay = async () => {
      if (log.heads < asked + 2) return
      log.epoch = 'e2'
      log.end = 12
    }
    await bus.ring({ epoch: 'e1', head: 15 })
    await expect.poll(() => feed.position().epoch).toBe('e2')
    await turn()
    expect(feed.position()).toEqual({ epoch: 'e2', offset: 12 })
  })

  it('within a second of the change of the epoch, with the usual poll', async () => {
    const { log, feed } = await start(5, { pollMs: 500 })
    const reader = feed.events()
    const changed = performance.now()
    log.epoch = 'e2'
    await expectExpired(reader, /another epoch/)
    expect(performance.now() - changed).toBeLessThan(1_000)
  })

  it('when the log was cut back without a new epoch, although it has grown again since', async () => {
    const { log, feed } = await start(100)
    const reader = feed.events()
    const waiting = expectExpired(reader, /does not reach/)
    log.end = 90
    await waiting
    log.end = 110
    expect(await offsetsUntil(feed.events(after(95)), 110)).toEqual(range(95, 110))
  })

  it('while a reader runs, when the log is pruned past it; live readers do not notice', async () => {
    const { log, bus, feed } = await start(2_000, { tailSize: 100 })
    const [live, stalled] = [feed.events(), feed.events(after(0))]
    await stalled.next()
    log.floor = 2_000
    await bus.ring(log.commit(2))
    expect(await offsetsUntil(live, 2_002)).toEqual([2_001, 2_002])
    const polls = log.heads
    await expect.poll(() => log.heads).toBeGreaterThan(polls + 1)
    await expectExpired(stalled, /pruned/)
    expect(feed.readers()).toBe(1)
  })

  it('while a reader runs, when the log was pruned past all that this process knows', async () => {
    const { log, feed } = await start(10)
    const reader = feed.events()
    log.end = 100
    log.floor = 50
    await expectExpired(reader, /pruned/)
    expect(await offsetsUntil(feed.events(after(50)), 100)).toEqual(range(50, 100))
    expect(feed.healthy()).toBe(true)
  })
})

describe('a position that another process handed out', () => {
  it('is looked up in the log before it is refused', async () => {
    const { log, feed } = await start(5, { pollMs: 60_000 })
    log.commit(3)
    const reader = feed.events(after(8))
    const next = offsetsUntil(reader, 9)
    await expect.poll(() => feed.position().offset).toBe(8)
    const other = feed.events(after(8))
    log.commit(1)
    void feed.events(after(9)).next()
    expect(await next).toEqual([9])
    expect(await offsetsUntil(other, 9)).toEqual([9])
  })

  it('is served when it is of an epoch that this process has not heard of yet', async () => {
    const { log, feed } = await start(5, { pollMs: 60_000 })
    log.epoch = 'e2'
    log.end = 9
    expect(await offsetsUntil(feed.events(after(7, 'e2')), 9)).toEqual([8, 9])
  })

  it('waits for a log that is down instead of being refused', async () => {
    const { log, feed } = await start(5)
    log.failing = true
    const reader = feed.events(after(7))
    const next = offsetsUntil(reader, 8)
    await expect.poll(() => feed.healthy()).toBe(false)
    log.end = 8
    log.failing = false
    expect(await next).toEqual([8])
  })

  it('is judged by an answer that was asked for after the call', async () => {
    const { log, feed } = await start(5, { pollMs: 60_000 })
    const hold = gate()
    log.delay = () => hold.opened
    const early = feed.events(after(6))
    const refused = expectExpired(early, /does not reach/)
    await expect.poll(() => log.heads).toBeGreaterThan(1)
    hold.open()
    await refused
  })
})
