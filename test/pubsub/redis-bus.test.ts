import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { createRedisBus } from '../../src/pubsub/redis-bus.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { describeBus } from './bus-contract.ts'
import { earOn, eventsBetween, fullBell } from './events.ts'
import { logLines } from './log-lines.ts'

describeBus('the Redis bus', () => {
  const channel = `test:${randomUUID()}`
  return () => createRedisBus({ url: testRedisUrl(), channel })
})

describe('the Redis bus', () => {
  it('survives messages that are no bells, counts them all and logs one', async () => {
    const channel = `test:${randomUUID()}`
    const log = logLines()
    const bus = createRedisBus({ url: testRedisUrl(), channel, logger: log.logger })
    const stranger = new Redis(testRedisUrl())
    try {
      await bus.ready()
      const ear = earOn(bus)
      const rubbish = [
        '',
        'hello',
        '{',
        'null',
        '[]',
        '{"v":2,"epoch":"e1","head":1}',
        '{"v":1,"epoch":"e1","head":-1}',
      ]
      for (const message of rubbish) await stranger.publish(channel, message)
      await bus.ring(fullBell(0, 1))
      await ear.heard(1)
      expect(ear.heads()).toEqual([1])
      expect(bus.counters()).toEqual({ rung: 1, heard: 1, dropped: 0, malformed: rubbish.length })
      expect(log.matching(/no doorbell/)).toHaveLength(1)
    } finally {
      stranger.disconnect()
      await bus.close()
    }
  })

  it('sends events up to 256 KiB along, and the head alone above', async () => {
    const bus = createRedisBus({ url: testRedisUrl(), channel: `test:${randomUUID()}` })
    try {
      await bus.ready()
      const ear = earOn(bus)
      await bus.ring({ epoch: 'e1', head: 3, events: eventsBetween(0, 3, 80_000) })
      await bus.ring({ epoch: 'e1', head: 7, events: eventsBetween(3, 7, 80_000) })
      await ear.heard(2)
      expect(ear.bells[0]?.events).toHaveLength(3)
      expect(ear.bells[1]).toEqual({ epoch: 'e1', head: 7 })
    } finally {
      await bus.close()
    }
  })

  it('does not mix deployments that took different channels', async () => {
    const [one, other] = [0, 1].map(() => createRedisBus({ url: testRedisUrl(), channel: `test:${randomUUID()}` }))
    if (!one || !other) throw new Error('unreachable')
    try {
      await Promise.all([one.ready(), other.ready()])
      const ear = earOn(other)
      await one.ring(fullBell(0, 1))
      await other.ring(fullBell(1, 2))
      await ear.heard(1)
      expect(ear.heads()).toEqual([2])
    } finally {
      await Promise.all([one.close(), other.close()])
    }
  })

  it('hears every bell that is rung after ready, in each of 50 fresh connections', async () => {
    const channel = `test:${randomUUID()}`
    const ringer = createRedisBus({ url: testRedisUrl(), channel })
    await ringer.ready()
    const buses = Array.from({ length: 50 }, () => createRedisBus({ url: testRedisUrl(), channel }))
    try {
      await Promise.all(
        buses.map(async (bus, i) => {
          const ear = earOn(bus)
          await bus.ready()
          await ringer.ring({ epoch: 'e1', head: 1_000 + i })
          while (!ear.heads().includes(1_000 + i)) await ear.heard(ear.bells.length + 1)
        }),
      )
    } finally {
      await Promise.all([ringer, ...buses].map((bus) => bus.close()))
    }
  })

  it.each([
    '',
    'localhost:6379',
    'http://u:s3cret@localhost',
    'redis://:s3cret@bad host:1',
    'redis://:s3cret@host:99999',
  ])('refuses the URL %j in words that do not repeat it', (url) => {
    expect(() => createRedisBus({ url })).toThrow(/must look like redis:\/\//)
    expect(() => createRedisBus({ url })).not.toThrow(/s3cret|99999/)
  })
})
