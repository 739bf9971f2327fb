import { setTimeout as pause } from 'node:timers/promises'
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
/** The same in their order. */
let askedFor: (string | undefined)[]
const opened = () => x.simulator.state.streamsOpened
const refusals = () => x.exchanges.filter(({ path, status }) => path === '/2/activity/stream' && status !== 200).length
const refuse = (status: number, times: number, resetSeconds?: number) =>
  x.simulator.addFault({
    match: { path: '/2/activity/stream' },
    kind: 'status',
    status,
    times,
    ...(resetSeconds && { resetSeconds }),
  })
beforeEach(async () => {
  asked = new Set()
  askedFor = []
  x = await validatedSimulator({
    onExchange({ path, query }) {
      if (path !== '/2/activity/stream') return
      const minutes = query['backfill_minutes']
      asked.add(minutes)
      if (askedFor.length === 0 || askedFor.at(-1) !== minutes) askedFor.push(minutes)
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

  it.each([400, 402, 403, 404])('nothing where X refuses to (%i)', async (status) => {
    await killedAgo(100)
    refuse(status, 1)
    await start()
    await streaming()
    await expect.poll(() => [...asked], SOON).toEqual(['2', undefined])
  })

  it.each([401, 429, 503])('the same again after a refusal that says nothing of it (%i)', async (status) => {
    await killedAgo(100)
    refuse(status, 1, 1)
    await start()
    await streaming()
    await expect.poll(() => [...asked], SOON).toEqual(['2'])
  })

  it('again where it refuses without, too: it was not that', async () => {
    await killedAgo(100)
    refuse(403, 2)
    await start()
    await streaming()
    await expect.poll(() => askedFor, SOON).toEqual(['2', undefined, '2'])
  })
})

describe('a connection to the stream', { timeout: 60_000 }, () => {
  it('is counted among the calls that X allows, and not asked for when none is left', async () => {
    x.simulator.setRateLimit({ endpoint: 'GET /2/activity/stream', app: 3 })
    await start()
    await streaming()
    const window = () =>
      app?.store.prisma.xRateLimit.findFirst({ where: { caller: 'app', endpoint: 'GET /2/activity/stream' } })
    await expect.poll(window, SOON).toMatchObject({ callLimit: 3, remaining: 2, inFlight: 0 })
    for (const remaining of [1, 0]) {
      x.simulator.dropStreams()
      await expect.poll(window, SOON).toMatchObject({ remaining })
      await streaming()
    }
    x.simulator.dropStreams()
    await pause(3_000)
    expect([opened(), refusals()]).toEqual([3, 0])
  })

  it('that ends as soon as it stands is asked for ever less often', async () => {
    await start()
    await streaming()
    const before = performance.now()
    while (performance.now() - before < 6_000) {
      x.simulator.dropStreams()
      await pause(20)
    }
    // After half a second, one, two and four, each a quarter more or less.
    expect(opened()).toBeLessThanOrEqual(5)
  })

  it('for which X has no room yet waits for no window', async () => {
    x.simulator.setPolicy({ streamConnections: 0 })
    await start()
    await expect.poll(refusals, SOON).toBeGreaterThanOrEqual(2)
    x.simulator.setPolicy({ streamConnections: 2 })
    await streaming()
  })
})
