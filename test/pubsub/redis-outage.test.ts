import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { createFeed } from '../../src/pubsub/live-feed.ts'
import { createRedisBus, type RedisBus, type RedisBusOptions } from '../../src/pubsub/redis-bus.ts'
import { startRedis } from '../helpers/redis.ts'
import { earOn, eventAt, fullBell } from './events.ts'
import { logLines } from './log-lines.ts'
import { range } from './reading.ts'
import { ScriptedLog } from './scripted-log.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})
const openBus = (options: RedisBusOptions): RedisBus => {
  const bus = createRedisBus({ channel: `test:${randomUUID()}`, ...options })
  endings.push(() => bus.close())
  return bus
}
const openRedis = async () => {
  const redis = await startRedis()
  endings.push(() => redis.dispose())
  return redis
}
/** Milliseconds until the work is done. */
const timed = async (work: Promise<unknown>) => {
  const start = performance.now()
  await work
  return performance.now() - start
}
/** Resolves when so many attempts to connect have been turned away at the port. */
const attemptsAt = async (port: number, count: number) => {
  const wall = createServer((socket) => socket.on('error', () => {}).destroy())
  await new Promise<void>((resolve) => wall.listen(port, '127.0.0.1', resolve))
  for (let attempts = 0; attempts < count; attempts += 1) await once(wall, 'connection')
  await new Promise((resolve) => wall.close(resolve))
}
const healthy = (bus: RedisBus, expected: boolean) =>
  expect.poll(() => bus.healthy(), { timeout: 5_000 }).toBe(expected)

describe('the Redis bus, when Redis goes away', () => {
  it('drops and counts quickly what is rung, says so once, and comes back by itself with a gap', async () => {
    const redis = await openRedis()
    const log = logLines()
    const bus = openBus({ url: redis.url, logger: log.logger })
    const ear = earOn(bus)
    let gaps = 0
    bus.onGap(() => {
      gaps += 1
    })
    await bus.ready()
    const before = gaps
    await redis.stop()
    await healthy(bus, false)
    const rings = Array.from({ length: 2_000 }, (_, i) => bus.ring(fullBell(i, i + 1)))
    expect(await timed(Promise.all(rings))).toBeLessThan(500)
    expect(bus.counters()).toMatchObject({ rung: 0, dropped: 2_000 })
    // This process hears its own bells all the same.
    expect(ear.bells).toHaveLength(2_000)
    await attemptsAt(redis.port, 6)
    await redis.start()
    const back = performance.now()
    await healthy(bus, true)
    expect(performance.now() - back).toBeLessThan(1_500)
    await bus.ring(fullBell(2_000, 2_001))
    await ear.heard(2_001)
    expect(ear.heads()).toEqual(range(0, 2_001))
    expect(gaps).toBe(before + 1)
    expect(log.matching(/down, trying again/)).toHaveLength(2)
    expect(log.matching(/: back/)).toHaveLength(2)
  })

  it('takes a killed server as it takes a stopped one', async () => {
    const redis = await openRedis()
    const bus = openBus({ url: redis.url })
    await bus.ready()
    const ringing = Array.from({ length: 100 }, (_, i) => bus.ring(fullBell(i, i + 1)))
    redis.kill()
    await Promise.all(ringing)
    const { rung, dropped } = bus.counters()
    expect(rung + dropped).toBe(100)
    await healthy(bus, false)
    await redis.start()
    await healthy(bus, true)
  })

  it('gives up on a server that accepts and never answers, and closes promptly', async () => {
    const sockets = new Set<Socket>()
    const mute = createServer((socket) => sockets.add(socket.on('error', () => {})))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    endings.push(() => {
      for (const socket of sockets) socket.destroy()
      mute.close()
    })
    const address = mute.address()
    if (address === null || typeof address === 'string') throw new Error('unreachable')
    const bus = openBus({ url: `redis://127.0.0.1:${address.port}` })
    const refused = expect(bus.ready()).rejects.toThrow(/closed before/)
    expect(await timed(bus.ring(fullBell(0, 1)))).toBeLessThan(100)
    // It hangs up and tries again: connections 3 and 4 are second attempts.
    await expect.poll(() => sockets.size, { timeout: 5_000 }).toBeGreaterThanOrEqual(4)
    expect(await timed(bus.close())).toBeLessThan(100)
    await refused
  })

  it('closes promptly while there is nobody to connect to', async () => {
    const redis = await openRedis()
    await redis.stop()
    const bus = openBus({ url: redis.url })
    const refused = expect(bus.ready()).rejects.toThrow(/closed before/)
    expect(bus.healthy()).toBe(false)
    expect(await timed(bus.close())).toBeLessThan(100)
    await refused
  })

  it('notices within seconds a server that hangs without closing the connection', async () => {
    const redis = await openRedis()
    const bus = openBus({ url: redis.url })
    await bus.ready()
    const admin = new Redis(redis.url)
    endings.push(() => admin.disconnect())
    admin.on('error', () => {})
    await admin.call('CLIENT', 'PAUSE', '60000', 'ALL')
    // A flood meanwhile: 8 MiB are kept under way, what is more is dropped at once.
    const flood = Array.from({ length: 60 }, (_, i) =>
      bus.ring({ epoch: 'e1', head: i + 1, events: [eventAt(i + 1, 200_000)] }),
    )
    expect(await timed(Promise.all(flood.slice(50)))).toBeLessThan(200)
    expect(bus.counters().dropped).toBeGreaterThanOrEqual(10)
    expect(await timed(Promise.all(flood))).toBeLessThan(1_500)
    expect(bus.counters()).toMatchObject({ rung: 0, dropped: 60 })
    await expect.poll(() => bus.healthy(), { timeout: 8_000 }).toBe(false)
  }, 15_000)
})

describe('the Redis bus and the password of the URL', () => {
  const password = 'p@ss/w0rd:#1'
  const withPassword = async () => {
    const redis = await openRedis()
    const admin = new Redis(redis.url)
    await admin.config('SET', 'requirepass', password)
    admin.disconnect()
    return redis
  }

  it('logs in with it', async () => {
    const redis = await withPassword()
    const bus = openBus({
      url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${redis.port}/1`,
    })
    const ear = earOn(bus)
    await bus.ready()
    await bus.ring(fullBell(0, 1))
    await ear.heard(1)
  })

  it('never logs it, also when it is refused', async () => {
    const redis = await withPassword()
    const log = logLines()
    const bus = openBus({ url: `redis://default:wrong-s3cret@127.0.0.1:${redis.port}`, logger: log.logger })
    await expect.poll(() => log.matching(/WRONGPASS/).length).toBe(2)
    expect(bus.healthy()).toBe(false)
    expect(log.lines.join('')).not.toMatch(/s3cret/)
  })

  it('keeps asking for a subscription that an ACL refuses', async () => {
    const redis = await openRedis()
    const admin = new Redis(redis.url)
    endings.push(() => admin.disconnect())
    await admin.call('ACL', 'SETUSER', 'perch', 'on', '>pw', '+@all', 'resetchannels')
    const log = logLines()
    const bus = openBus({ url: `redis://perch:pw@127.0.0.1:${redis.port}`, logger: log.logger })
    await expect.poll(() => log.matching(/refuses the subscription/).length).toBe(1)
    expect(bus.healthy()).toBe(false)
    await admin.call('ACL', 'SETUSER', 'perch', 'allchannels')
    await healthy(bus, true)
  })
})

describe('feeds joined by Redis', () => {
  it('lose nothing and repeat nothing when Redis is stopped and started again under load', async () => {
    const redis = await openRedis()
    const channel = `test:${randomUUID()}`
    const log = new ScriptedLog(0)
    const writer = openBus({ url: redis.url, channel })
    const bus = openBus({ url: redis.url, channel })
    await Promise.all([writer.ready(), bus.ready()])
    const feed = await createFeed({ bus, log })
    endings.push(() => feed.close())
    const committed = new Map<number, number>()
    const latency: number[] = []
    const seen: number[] = []
    const consume = async () => {
      for await (const { events } of feed.events({ epoch: 'e1', offset: 0 })) {
        for (const { offset } of events) {
          seen.push(offset)
          latency.push(performance.now() - (committed.get(offset) ?? 0))
        }
      }
    }
    const consuming = consume()
    const load = setInterval(() => {
      const bell = log.commit(2)
      for (const { offset } of bell.events ?? []) committed.set(offset, performance.now())
      void writer.ring(bell)
    }, 2)
    await expect.poll(() => seen.length).toBeGreaterThan(100)
    const readsWhileUp = log.reads
    await redis.stop()
    const down = seen.length
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBeGreaterThan(down + 500)
    await redis.start()
    await healthy(bus, true)
    await healthy(writer, true)
    const up = seen.length
    await expect.poll(() => seen.length).toBeGreaterThan(up + 200)
    clearInterval(load)
    await expect.poll(() => seen.length).toBe(log.end)
    await feed.close()
    await consuming
    expect(seen).toEqual(range(0, log.end))
    expect(Math.max(...latency)).toBeLessThan(1_000)
    expect(readsWhileUp).toBe(0)
    expect(writer.counters().dropped).toBeGreaterThan(0)
  }, 20_000)
})
