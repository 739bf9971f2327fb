import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import { createFeed } from '../../src/pubsub/live-feed.ts'
import { createRedisBus } from '../../src/pubsub/redis-bus.ts'
import { openStore } from '../../src/store/open.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { range } from './reading.ts'

const logger = pino({ level: 'silent' })
const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** One process of a deployment, as app.ts builds it. */
async function openProcess(databaseUrl: string, channel: string) {
  const bus = createRedisBus({ url: testRedisUrl(), channel, logger })
  endings.push(() => bus.close())
  await bus.ready()
  const store = await openStore({ databaseUrl, bus, logger, poolSize: 4 })
  endings.push(() => store.close())
  let reads = 0
  const log = {
    head: () => store.log.head(),
    read: (after: number, limit: number) => {
      reads += 1
      return store.log.read(after, limit)
    },
  }
  const feed = await createFeed({ bus, log, logger })
  endings.push(() => feed.close())
  return { store, feed, reads: () => reads }
}

it('three processes on one PostgreSQL and one Redis: each sees what all have written, in order, once', async () => {
  const database = await testDatabase()
  endings.push(() => database.drop())
  const channel = `test:${randomUUID()}`
  const processes = await Promise.all([1, 2, 3].map(() => openProcess(database.url, channel)))
  const { epoch } = (await processes[0]?.store.log.head()) ?? { epoch: '' }
  const total = 600
  const readers = processes.map(async ({ feed }) => {
    const seen: number[] = []
    for await (const { events } of feed.events({ epoch, offset: 0 })) {
      seen.push(...events.map(({ offset }) => offset))
      if (seen.length >= total) return seen
    }
    return seen
  })
  const writers = processes.flatMap(({ store }) =>
    [1, 2].map(async () => {
      for (let i = 0; i < total / 6; i += 1) {
        await store.change({ kind: 'system', part: 'test' }, async ({ emit }) => {
          emit({ type: 'account.updated', accountId: randomUUID(), changed: ['name'] })
        })
      }
    }),
  )
  await Promise.all(writers)
  expect(await Promise.all(readers)).toEqual(processes.map(() => range(0, total)))
  // The bells of six writers overtake one another; hardly ever is that worth a read of the log.
  for (const { reads } of processes) expect(reads()).toBeLessThan(total / 4)
})
