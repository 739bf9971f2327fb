import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { XCHAT_HEARD } from '../../src/domain/xchat-cursor.ts'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { testStore } from '../helpers/stores.ts'

/** What a process holds, it goes on holding while it works hardest. */

/** Longer than a lease lasts. */
const HARD_TIME_MS = 8_000
const PATIENCE = { timeout: 30_000, interval: 50 }

let simulator: Simulator
let database: TestDatabase
let other: Store
let app: App
beforeEach(async () => {
  simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  database = await testDatabase()
  other = await testStore(database.url)
  simulator.createUser({ username: 'ann' })
  await simulator.setUpXChat({ user: SIMULATED_BRAND.id, pin: '2580' })
  const id = await connectBrand(database.url, simulator)
  await other.prisma.account.update({ where: { id }, data: { captureDirectMessages: true } })
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  const told = () => simulator.state.subscriptions.some(({ eventType }) => eventType === 'chat.received')
  await expect.poll(told, PATIENCE).toBe(true)
  await expect.poll(() => simulator.state.streams, PATIENCE).toBe(1)
  await expect.poll(async () => (await holders()).map(({ name }) => name.split('/')[0]), PATIENCE).toContain('xchat')
  // A machine that is busy takes its time to start it all.
}, 60_000)
afterEach(async () => {
  await app?.close()
  await other?.close()
  await simulator?.close()
  await database?.drop()
})

/** Of leases that have not run out. */
const holders = () => other.prisma.$queryRaw<{ name: string; holder: string }[]>`
  SELECT name, holder FROM lease WHERE expires_at > clock_timestamp() ORDER BY name`

/** Who wants to note that there is news, and cannot. */
async function waiting(): Promise<number> {
  const [row] = await other.prisma.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO source_cursor%'`
  return row?.count ?? 0
}

it('a burst of 5,000 events of XChat keeps the leases, though the database is slow to note them', async () => {
  for (let n = 0; n < 50; n++) await simulator.sendChatMessage({ from: 'ann', to: 'acme', text: `message ${n}` })
  await expect.poll(() => other.prisma.xChatMessage.count(), PATIENCE).toBe(50)
  // There may be a mark by now, if a message came faster than it was taken.
  await other.prisma.$executeRaw`
    INSERT INTO source_cursor (account_id, source, synced_at) SELECT id, ${XCHAT_HEARD}, clock_timestamp() FROM account
    ON CONFLICT DO NOTHING`
  const held = await holders()
  await other.prisma.$transaction(
    async (db) => {
      await db.$queryRaw`SELECT 1 FROM source_cursor WHERE source = ${XCHAT_HEARD} FOR UPDATE`
      let events = 0
      while (events < 5_000) events += simulator.replayStreams().replayed
      await expect.poll(waiting, PATIENCE).toBe(1)
      await pause(HARD_TIME_MS)
      expect(await holders()).toEqual(expect.arrayContaining(held))
    },
    { timeout: 60_000 },
  )
  // And goes on.
  const { id } = await simulator.sendChatMessage({ from: 'ann', to: 'acme', text: 'one more' })
  await expect.poll(() => other.prisma.xChatMessage.count({ where: { id } }), PATIENCE).toBe(1)
})

it('leases do not wait for connections that other work has taken', async () => {
  const held = await holders()
  const seconds = HARD_TIME_MS / 1_000
  await Promise.all(Array.from({ length: 30 }, () => app.store.prisma.$executeRaw`SELECT pg_sleep(${seconds} / 3)`))
  expect(await holders()).toEqual(expect.arrayContaining(held))
})
