import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Doorbell } from '../../src/pubsub/bus.ts'
import { range, scriptedFeed, turn } from './reading.ts'

/** What may happen next, to the log, to the bells and to the readers. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      count: fc.integer({ min: 1, max: 12 }),
      fate: fc.constantFrom('rung', 'lost', 'doubled', 'delayed', 'bare'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('deliver' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('subscribe' as const), back: fc.nat(60), pause: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const), times: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'fail' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'recover' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'stranger' as const }) },
)

describe('whatever becomes of the bells and of the database', () => {
  it('every reader sees exactly the events after its position, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 7 }),
        async (steps, start, tailSize, pageSize, delays) => {
          const { log, bus, feed } = await scriptedFeed(start, { tailSize, pageSize, pollMs: 3 })
          const late: Doorbell[] = []
          const readings: { from: number; seen: number[] }[] = []
          const running: Promise<unknown>[] = []
          const abort = new AbortController()
          let asked = 0
          log.delay = async () => {
            asked += 1
            for (let i = delays[asked % delays.length] ?? 0; i > 0; i -= 1) await turn()
          }
          const subscribe = (from: number, pause: number) => {
            const reading = { from, seen: [] as number[] }
            readings.push(reading)
            const consume = async () => {
              for await (const { epoch, events } of feed.events({ epoch: 'e1', offset: from }, abort.signal)) {
                expect(epoch).toBe('e1')
                reading.seen.push(...events.map(({ offset }) => offset))
                for (let i = 0; i < pause; i += 1) await turn()
              }
            }
            running.push(consume())
          }
          subscribe(start, 0)
          for (const action of steps) {
            if (action.do === 'commit') {
              const bell = log.commit(action.count)
              if (action.fate === 'delayed') late.push(bell)
              if (action.fate === 'bare') await bus.ring({ epoch: bell.epoch, head: bell.head })
              if (action.fate === 'rung' || action.fate === 'doubled') await bus.ring(bell)
              if (action.fate === 'doubled') await bus.ring(bell)
            }
            if (action.do === 'deliver')
              for (const bell of late.splice(action.which % (late.length + 1), 2)) await bus.ring(bell)
            if (action.do === 'subscribe') subscribe(Math.max(0, log.end - action.back), action.pause)
            if (action.do === 'turn') for (let i = 0; i < action.times; i += 1) await turn()
            if (action.do === 'fail') log.failing = true
            if (action.do === 'recover') log.failing = false
            if (action.do === 'stranger') await bus.ring({ epoch: 'other', head: 1 })
          }
          log.failing = false
          const done = () => readings.every(({ seen, from }) => (seen.at(-1) ?? from) >= log.end)
          for (const deadline = performance.now() + 2_000; !done() && performance.now() < deadline; ) await turn()
          abort.abort()
          await Promise.all(running)
          for (const { from, seen } of readings) expect(seen).toEqual(range(from, log.end))
          expect(feed.readers()).toBe(0)
          await feed.close()
        },
      ),
      { numRuns: 250 },
    )
  }, 30_000)

  it('a reader that resumes after each batch, each time at another process, misses and repeats nothing', async () => {
    const one = await scriptedFeed(0, { pollMs: 5, tailSize: 20, pageSize: 7 })
    const others = await Promise.all(
      [50, 3, 1].map((tailSize) => scriptedFeed(0, { pollMs: 5, tailSize, pageSize: 7, log: one.log })),
    )
    const feeds = [one, ...others].map(({ feed }) => feed)
    const seen: number[] = []
    for (let position = { epoch: 'e1', offset: 0 }, i = 0; position.offset < 400; i += 1) {
      if (one.log.end < 400) await one.bus.ring(one.log.commit(1 + (i % 9)))
      const abort = new AbortController()
      const reader = feeds[i % feeds.length]?.events(position, abort.signal)
      const { value } = (await reader?.next()) ?? {}
      abort.abort()
      for (const { offset } of value?.events ?? []) {
        seen.push(offset)
        position = { epoch: 'e1', offset }
      }
    }
    expect(seen).toEqual(range(0, seen.length))
    expect(seen.length).toBeGreaterThanOrEqual(400)
    await Promise.all(feeds.map((feed) => feed.close()))
  })
})
