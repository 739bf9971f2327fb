import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { testStore } from '../helpers/stores.ts'

/** What whoever takes over the Activity stream asks X to repeat. */

let x: ValidatedSimulator
let database: TestDatabase
let app: App | undefined
/** `backfill_minutes` of the connections, as their lines and refusals show; undefined where none was asked for. */
let asked: Set<string | undefined>
beforeEach(async () => {
  asked = new Set()
  x = await validatedSimulator({
    onExchange({ path, query }) {
      if (path === '/2/activity/stream') asked.add(query['backfill_minutes'])
    },
  })
  database = await testDatabase()
  await connectBrand(database.url, x.simulator)
  x.simulator.createUser({ username: 'mira_test' })
})
afterEach(async () => {
  await app?.close()
  app = undefined
  await x?.simulator.close()
  await database?.drop()
})
const start = async () => {
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
}
const SOON = { timeout: 10_000 }
/** Resolves when the stream stands and has told a post. */
async function streaming(): Promise<void> {
  await expect.poll(() => x.simulator.state.streams, SOON).toBe(1)
  x.simulator.createPost({ from: 'mira_test', text: '@acme hello' })
}
const row = () => app?.store.prisma.activityStream.findUniqueOrThrow({ where: { id: 1 } })

/** As a process that was killed leaves it. */
async function killedAgo(seconds: number): Promise<void> {
  const store = await testStore(database.url)
  await store.prisma.$executeRaw`UPDATE activity_stream SET connected_at = now() - interval '1 day',
    alive_at = clock_timestamp() - ${seconds}::int * interval '1 second'`
  await store.close()
}

describe('X is asked to repeat', { timeout: 40_000 }, () => {
  it('nothing on the first connection of all, and what was missed after a kill', async () => {
    await start()
    await streaming()
    await expect.poll(async () => (await row())?.connectedAt, SOON).not.toBeNull()
    await app?.close()
    await killedAgo(100)
    await start()
    await streaming()
    // The new connection's own time, not the dead one's.
    await expect.poll(async () => Date.now() - Number((await row())?.connectedAt), SOON).toBeLessThan(60_000)
    await expect.poll(() => [...asked], SOON).toEqual([undefined, '2'])
  })

  it('nothing where X refuses to', async () => {
    await killedAgo(100)
    x.simulator.addFault({ match: { path: '/2/activity/stream' }, kind: 'status', status: 400, times: 1 })
    await start()
    await streaming()
    await expect.poll(() => [...asked], SOON).toEqual(['2', undefined])
  })
})
