import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import { SIMULATED_APP } from '../../src/simulated-x.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { spawnPerch } from '../helpers/processes.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { freePort } from '../helpers/redis-server.ts'
import { testStore } from '../helpers/stores.ts'
import { startProxy } from '../helpers/tcp-proxy.ts'
import { type WorkerPool, workerPool } from '../helpers/worker-pool.ts'

let simulator: Simulator
let database: TestDatabase
let store: Store
beforeEach(async () => {
  ;[simulator, database] = await Promise.all([createSimulator(), testDatabase()])
  store = await testStore(database.url)
})
afterEach(async () => {
  await store?.close()
  await simulator?.close()
  await database?.drop()
})

const EVENT = JSON.stringify({ data: { event_type: 'post.create', payload: {} } })
async function deliver(url: string, body: string): Promise<number> {
  const signature = createHmac('sha256', SIMULATED_APP.consumerSecret).update(body).digest('base64')
  const headers = { 'x-twitter-webhooks-signature': `sha256=${signature}` }
  return (await fetch(`${url}/webhooks/x`, { method: 'POST', body, headers })).status
}
const left = () => store.prisma.activityDelivery.count()

it('an api process cut off from its database answers X in time, and takes what X delivers again', async () => {
  const { hostname, port } = new URL(database.url)
  const wire = await startProxy(hostname, Number(port))
  const databaseUrl = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(wire.port) }).href
  const common = { databaseUrl, simulatorUrl: simulator.url, redisUrl: testRedisUrl(), role: 'api' as const }
  const app = await startPerch({ ...common, env: { X_CONSUMER_SECRET: SIMULATED_APP.consumerSecret } })
  try {
    for (const [n, break_] of [() => wire.cut(), async () => wire.stall()].entries()) {
      const body = `${EVENT}${' '.repeat(n)}`
      await break_()
      const asked = performance.now()
      const answers = await Promise.all([deliver(app.url, body), deliver(app.url, `${body} `)])
      expect(answers).toEqual([503, 503])
      expect(performance.now() - asked).toBeLessThan(8_000)
      await wire.cut()
      await wire.open()
      await expect.poll(() => deliver(app.url, body), { timeout: 10_000 }).toBe(200)
    }
    expect(await left()).toBeGreaterThanOrEqual(2)
  } finally {
    await app.close()
    await wire.close()
  }
}, 60_000)

it('workers killed while a thousand posts arrive by webhook lose none and double none, and resume within 10 s', async () => {
  await connectBrand(database.url, simulator)
  const port = await freePort()
  const common = {
    databaseUrl: database.url,
    simulatorUrl: simulator.url,
    redisUrl: testRedisUrl(),
    env: {
      X_ACTIVITY: 'webhook',
      X_CONSUMER_SECRET: SIMULATED_APP.consumerSecret,
      PERCH_URL: `http://127.0.0.1:${port}`,
    },
  }
  const subjects = async () =>
    (await store.prisma.ticket.findMany({ select: { subject: true } })).map(({ subject }) => subject)
  const comments = () => store.prisma.comment.count()
  const grown = (beyond: number) => expect.poll(comments, { timeout: 60_000, interval: 20 }).toBeGreaterThan(beyond)
  let pool: WorkerPool | undefined
  const api = await spawnPerch({ ...common, role: 'api', port })
  try {
    pool = await workerPool(2, () => spawnPerch({ ...common, role: 'worker' }))
    await expect.poll(() => simulator.state.subscriptions.length, { timeout: 30_000 }).toBe(5)
    // Polling would find the posts, too; this is about what webhooks brought.
    simulator.addFault({ match: { method: 'GET', path: '/2/users/*' }, kind: 'status', status: 503, times: null })
    simulator.addFault({ match: { method: 'GET', path: '/2/tweets/*' }, kind: 'status', status: 503, times: null })
    for (let kill = 1; kill <= 4; kill++) {
      await pool.full()
      const posting = simulator.burst({ count: 250, perSecond: 100, text: `@acme hooked ${kill} {n}` })
      await grown((kill - 1) * 250)
      const victim = await pool.busiest()
      const killed = performance.now()
      expect(await pool.kill(victim)).toBe(true)
      await grown(await comments())
      expect.soft(performance.now() - killed, `kill ${kill}`).toBeLessThan(10_000)
      await posting
      await expect.poll(comments, { timeout: 60_000 }).toBe(kill * 250)
    }
    await expect.poll(left, { timeout: 10_000 }).toBe(0)
    const hooked = [1, 2, 3, 4].flatMap((kill) => Array.from({ length: 250 }, (_, n) => `hooked ${kill} ${n + 1}`))
    expect((await subjects()).sort()).toEqual(hooked.sort())
    expect(await store.prisma.comment.count()).toBe(1_000)
    expect(simulator.state.webhooks).toMatchObject([{ delivered: 1_000, failed: 0 }])
  } finally {
    await pool?.stop()
    await api.stop()
  }
}, 240_000)
