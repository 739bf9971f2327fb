import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { testRedisUrl } from '../helpers/redis.ts'

/** How often X is asked, and by how many: rounds of mentions are counted where X counts them. */

let simulator: Simulator
let database: TestDatabase
let app: App | undefined
let workers: PerchProcess[]
/** performance.now() of each round. */
let rounds: number[]
beforeEach(async () => {
  rounds = []
  workers = []
  simulator = await createSimulator({
    onExchange: ({ path }) => void (path.endsWith('/mentions') && rounds.push(performance.now())),
  })
  database = await testDatabase()
  await connectBrand(database.url, simulator)
})
afterEach(async () => {
  await app?.close()
  app = undefined
  await Promise.all(workers.map((worker) => worker.stop()))
  await simulator?.close()
  await database?.drop()
}, 60_000)

const PATIENCE = { timeout: 60_000, interval: 20 }
const roundsIn = async (ms: number) => {
  const begun = rounds.length
  await pause(ms)
  return rounds.length - begun
}

it('is less often while the stream is well, and as often as before once it has ended', async () => {
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  await expect.poll(() => simulator.state.streams, PATIENCE).toBe(1)
  // A round that began after the stream was connected may rest.
  await pause(3_000)
  const relaxed = await roundsIn(8_000)
  simulator.setPolicy({ streamConnections: 0 })
  simulator.dropStreams()
  await pause(3_000)
  const tight = await roundsIn(8_000)
  expect(relaxed).toBeGreaterThanOrEqual(1)
  expect(tight).toBeGreaterThan(2 * relaxed)
  simulator.setPolicy({ streamConnections: 2 })
  await expect.poll(() => simulator.state.streams, PATIENCE).toBe(1)
  await pause(3_000)
  expect(await roundsIn(8_000)).toBeLessThan(tight / 2)
}, 180_000)

it('is one process’s business at a time, and another’s within ten seconds of its death', async () => {
  const common = { databaseUrl: database.url, simulatorUrl: simulator.url, redisUrl: testRedisUrl() }
  const start = () => spawnPerch({ ...common, role: 'worker', env: { X_ACTIVITY: 'off' } })
  const first = await start()
  workers.push(first)
  await expect.poll(() => rounds.length, PATIENCE).toBe(1)
  workers.push(await start())
  // Were there two, one would ask between two rounds of the other.
  await expect.poll(() => rounds.length, PATIENCE).toBe(4)
  const apart = rounds.slice(1).map((at, n) => at - (rounds[n] ?? 0))
  expect(Math.min(...apart)).toBeGreaterThan(10_000)
  // Just now it has asked: the next to ask so soon is another.
  await first.kill()
  const killed = performance.now()
  await expect.poll(() => rounds.length, PATIENCE).toBe(5)
  expect((rounds[4] ?? 0) - killed).toBeLessThan(10_000)
}, 240_000)
