import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { Feed } from '../../src/pubsub/feed.ts'
import { collectGarbage } from './garbage.ts'
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
const DONE = { done: true, value: undefined }
const after = (offset: number) => ({ epoch: 'e1', offset })

describe('a reader is released', () => {
  it('by an abort while it waits for news', async () => {
    const { feed } = await start()
    const abort = new AbortController()
    const reader = feed.events(undefined, abort.signal)
    const waiting = reader.next()
    expect(feed.readers()).toBe(1)
    abort.abort()
    expect(feed.readers()).toBe(0)
    expect(await waiting).toEqual(DONE)
    expect(await reader.next()).toEqual(DONE)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('by return while it waits for news', async () => {
    const { log, bus, feed } = await start()
    const abort = new AbortController()
    const reader = feed.events(undefined, abort.signal)
    const waiting = reader.next()
    expect(await reader.return?.()).toEqual(DONE)
    expect(await waiting).toEqual(DONE)
    await bus.ring(log.commit(1))
    expect(await reader.next()).toEqual(DONE)
    expect(feed.readers()).toBe(0)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it.each([
    ['a page of the log', 0, { reads: 1, heads: 0 }],
    ['the log to judge its position', 3_001, { reads: 0, heads: 1 }],
  ])('by an abort while it waits for %s and the log hangs', async (_what, offset, asked) => {
    const { log, feed } = await start(3_000, { pollMs: 60_000 })
    await turn()
    const never = gate()
    log.delay = () => never.opened
    log.heads = 0
    const abort = new AbortController()
    const waiting = feed.events(after(offset), abort.signal).next()
    await turn()
    expect({ reads: log.reads, heads: log.heads }).toEqual(asked)
    abort.abort()
    expect(await Promise.race([waiting, turn()])).toEqual(DONE)
    expect(feed.readers()).toBe(0)
  })

  it('at once when its signal had aborted before', async () => {
    const { feed } = await start(5)
    const reader = feed.events(after(0), AbortSignal.abort())
    expect(feed.readers()).toBe(0)
    expect(await reader.next()).toEqual(DONE)
  })

  it('by leaving a for-await loop, and by an error thrown in it', async () => {
    const { feed } = await start(5)
    for await (const { events } of feed.events(after(0))) {
      expect(events.map(({ offset }) => offset)).toEqual(range(0, 5))
      break
    }
    const failing = async () => {
      for await (const { events } of feed.events(after(0))) throw new Error(`after ${events.length}`)
    }
    await expect(failing()).rejects.toThrow('after 5')
    expect(feed.readers()).toBe(0)
  })

  it('by the close of the feed, which further readers are told', async () => {
    const { feed } = await start(5)
    const [waiting, idle] = [feed.events(), feed.events(after(0))]
    const next = waiting.next()
    await feed.close()
    expect(await next).toEqual(DONE)
    expect(await idle.next()).toEqual(DONE)
    expect(feed.readers()).toBe(0)
    expect(feed.healthy()).toBe(false)
    expect(() => feed.events()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
  })

  it('to the garbage collector, although nothing happens in the log', async () => {
    const { feed } = await start()
    const refs = Array.from({ length: 3 }, () => {
      const reader = feed.events()
      void reader.next()
      return new WeakRef(reader)
    })
    await turn()
    for (const ref of refs) void ref.deref()?.return?.()
    const left = () => {
      collectGarbage()
      return refs.filter((ref) => ref.deref() !== undefined).length
    }
    await expect.poll(left).toBe(0)
  })

  it('without a trace: of 2,000 that come and go none is left, and the rest read on', async () => {
    const { log, bus, feed } = await start()
    const stays = feed.events()
    const shared = new AbortController()
    for (let i = 0; i < 2_000; i += 1) {
      const own = new AbortController()
      const reader = feed.events(undefined, i % 2 ? own.signal : shared.signal)
      void reader.next()
      if (i % 2) own.abort()
    }
    expect(feed.readers()).toBe(1_001)
    shared.abort()
    expect(feed.readers()).toBe(1)
    expect(getEventListeners(shared.signal, 'abort')).toEqual([])
    await bus.ring(log.commit(1))
    expect(await offsetsUntil(stays, 1)).toEqual([1])
  })
})
