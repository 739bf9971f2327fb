import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { brands, connect, mutate } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { startPerch } from '../helpers/perch.ts'
import { type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** F6, F7: what an administrator switches in one process stops and starts the work of all others within a second. */

let database: TestDatabase
let redis: TestRedis
let x: ValidatedSimulator
let app: App
let workers: PerchProcess[]
let account: { id: string }
let brand: string
beforeEach(async () => {
  database = await testDatabase()
  redis = await startRedis()
  x = await validatedSimulator()
  const common = { databaseUrl: database.url, simulatorUrl: x.simulator.url, redisUrl: redis.url }
  app = await startPerch({ ...common, role: 'api' })
  workers = [await spawnPerch({ ...common, role: 'worker' }), await spawnPerch({ ...common, role: 'worker' })]
  ;[brand = ''] = brands(x.simulator, 1)
  const { account: connected } = await connect(app, brand)
  if (!connected) throw new Error('not connected')
  account = connected
})
afterEach(async () => {
  await Promise.all((workers ?? []).map((worker) => worker.stop()))
  await app?.close()
  await x?.simulator.close()
  await redis?.dispose()
  await database?.drop()
})

const polls = () => x.exchanges.filter(({ path }) => path === `/2/users/${brand}/mentions`).length
const subjects = async () =>
  (await app.store.prisma.ticket.findMany({ orderBy: { number: 'asc' } })).map(({ subject }) => subject)
const post = (text: string) => {
  const from =
    x.simulator.users().find(({ username }) => username !== 'acme' && !username.startsWith('brand'))?.id ?? ''
  x.simulator.createPost({ from, text: `@brand_0 ${text}` })
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('over Redis, with two workers in processes of their own', () => {
  it.each([
    ['deactivateAccount', () => ({ accountId: account.id })],
    ['unlinkAccount', () => ({ accountId: account.id, screenName: 'brand_0' })],
  ])('%s ends ingestion within a second', async (mutation, input) => {
    post('before')
    await expect.poll(subjects, { timeout: 15_000 }).toEqual(['before'])
    await mutate(app, mutation, input())
    await sleep(1_000)
    const asked = polls()
    post('after')
    // Longer than a round of polling.
    await sleep(17_000)
    expect([polls() - asked, await subjects()]).toEqual([0, ['before']])
  })

  it('reactivateAccount starts it again within a second', async () => {
    await expect.poll(polls, { timeout: 15_000 }).toBeGreaterThan(0)
    await mutate(app, 'deactivateAccount', { accountId: account.id })
    await sleep(1_000)
    const asked = polls()
    await mutate(app, 'reactivateAccount', { accountId: account.id })
    await expect.poll(() => polls() - asked, { timeout: 3_000 }).toBeGreaterThan(0)
    post('again')
    // By the stream, if X was asked to tell of it by then; else by the next round, 15 s after the last.
    await expect.poll(subjects, { timeout: 20_000 }).toEqual(['again'])
  })
})
