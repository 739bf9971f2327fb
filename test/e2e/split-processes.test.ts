import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, watchTickets } from '../helpers/perch.ts'
import { agentToken, type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { startRedis } from '../helpers/redis.ts'

/** An api process and a worker process that share nothing but PostgreSQL and a real Redis. */
describe('an api process and a worker process', () => {
  let simulator: Simulator
  let database: TestDatabase
  let redis: Awaited<ReturnType<typeof startRedis>>
  let api: PerchProcess
  let worker: PerchProcess
  let token: string

  beforeAll(async () => {
    ;[simulator, database, redis] = await Promise.all([createSimulator(), testDatabase(), startRedis()])
    await connectBrand(database.url, simulator)
    const common = { databaseUrl: database.url, simulatorUrl: simulator.url, redisUrl: redis.url }
    ;[api, worker] = await Promise.all([
      spawnPerch({ ...common, role: 'api' }),
      spawnPerch({ ...common, role: 'worker' }),
    ])
    token = await agentToken()
    simulator.createUser({ username: 'mira_test' })
  }, 60_000)

  afterAll(async () => {
    await Promise.all([api?.stop(), worker?.stop()])
    await Promise.all([simulator?.close(), redis?.dispose(), database?.drop()])
  })

  const head = () => query<{ tickets: { position: string } }>(api.url, token, '{ tickets(first: 1) { position } }')

  it('bring a post to a subscriber', async () => {
    const watch = watchTickets(api.url, token, (await head()).tickets.position)
    simulator.createPost({ from: 'mira_test', text: '@acme across two processes' })
    await watch.count(1)
    expect(watch.seen[0]?.subject).toBe('across two processes')
    await watch.close()
  }, 30_000)

  it('lose nothing while Redis is away', async () => {
    const watch = watchTickets(api.url, token, (await head()).tickets.position)
    await redis.stop()
    for (let n = 1; n <= 20; n++) simulator.createPost({ from: 'mira_test', text: `@acme without Redis ${n}` })
    await watch.count(20, 20_000)
    await redis.start()
    for (let n = 1; n <= 20; n++) simulator.createPost({ from: 'mira_test', text: `@acme with Redis again ${n}` })
    await watch.count(40, 20_000)
    expect(new Set(watch.seen.map(({ subject }) => subject)).size).toBe(40)
    await watch.close()
  }, 60_000)

  it('lose nothing for a subscriber that is cut off for a while and resumes after its position', async () => {
    const first = watchTickets(api.url, token, (await head()).tickets.position)
    const posting = burst(simulator, 150, 50)
    await first.count(20)
    await first.close()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const second = watchTickets(api.url, token, first.seen.at(-1)?.position)
    await posting
    await second.count(150 - first.seen.length, 20_000)
    await second.close()
    const numbers = [...first.seen, ...second.seen].map(({ number }) => number)
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(numbers).toHaveLength(150)
  }, 60_000)

  it('end on SIGTERM with code 0', async () => {
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0])
  })
})

async function burst(simulator: Simulator, count: number, perSecond: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    simulator.createPost({ from: 'mira_test', text: `@acme steady ${n}` })
    await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond))
  }
}
