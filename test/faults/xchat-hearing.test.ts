import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { readLag } from '../../src/ingest/lag.ts'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { testRedisUrl } from '../helpers/redis.ts'

/** Encrypted messages that X tells of (`chat.received`), with rounds of reading that never come by themselves. */

const NEVER_MS = 24 * 3_600_000

let simulator: Simulator
let database: TestDatabase
const apps: App[] = []
beforeEach(async () => {
  simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  database = await testDatabase()
  simulator.createUser({ username: 'ann' })
  await simulator.setUpXChat({ user: SIMULATED_BRAND.id, pin: '2580' })
  await connectBrand(database.url, simulator)
})
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
  await simulator?.close()
  await database?.drop()
})

async function start(): Promise<App> {
  const where = { databaseUrl: database.url, simulatorUrl: simulator.url, redisUrl: testRedisUrl() }
  const app = await startPerch(where, { xchatMs: NEVER_MS })
  apps.push(app)
  return app
}

it.each([1, 2])(
  'are fetched within seconds, by whichever of %i processes reads the account',
  async (processes) => {
    const [app] = await Promise.all(Array.from({ length: processes }, start))
    const { prisma } = app?.store ?? (await start()).store
    await app?.store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
      const { id } = await db.account.findFirstOrThrow()
      await db.account.update({ where: { id }, data: { captureDirectMessages: true } })
      emit({ type: 'account.updated', accountId: id, changed: ['captureDirectMessages'] })
    })
    const told = () => simulator.state.subscriptions.some(({ eventType }) => eventType === 'chat.received')
    await expect.poll(told, { timeout: 10_000 }).toBe(true)
    await expect
      .poll(() => prisma.lease.count({ where: { name: { startsWith: 'xchat/' } } }), { timeout: 10_000 })
      .toBe(1)
    for (let n = 1; n <= 3; n++) {
      // The round before has ended: only what is heard begins another.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await simulator.sendChatMessage({ from: 'ann', to: 'acme', text: `message ${n}` })
      const said = performance.now()
      await expect.poll(() => prisma.xChatMessage.count(), { timeout: 10_000, interval: 50 }).toBe(n)
      expect(performance.now() - said).toBeLessThan(5_000)
    }
    // And known to be read, though the next round is a day away.
    const behind = async () => {
      const [lag] = (await readLag(prisma, null)).values()
      return lag?.sources.find(({ source }) => source === 'XCHAT')?.seconds
    }
    await expect.poll(behind, { timeout: 10_000 }).toBeLessThan(10)
  },
  90_000,
)
