import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { drainDeliveries, findDeliveries } from '../../src/ingest/webhook-drain.ts'
import { createWebhookIntake } from '../../src/ingest/webhook-intake.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})
beforeEach(async () => {
  await store.prisma.activityDelivery.deleteMany()
  await store.prisma.$executeRaw`DELETE FROM graphile_worker._private_jobs`
})

const jobs = async () => (await store.prisma.$queryRaw<unknown[]>`SELECT FROM graphile_worker.jobs`).length
const left = async () =>
  (await store.prisma.activityDelivery.findMany({ orderBy: { id: 'asc' } })).map(({ body }) => body)
const keepAll = (bodies: readonly string[]) => {
  const intake = createWebhookIntake({ store })
  return Promise.all(bodies.map((body) => intake.keep(body)))
}
const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n))

/** A drain that notes what it was handed, and how many at a time. */
function drain(deliver: (body: string) => Promise<void> = async () => {}, signal?: AbortSignal) {
  const delivered: string[] = []
  let underway = 0
  let most = 0
  const activity = {
    async deliver(_door: string, body: string) {
      delivered.push(body)
      most = Math.max(most, ++underway)
      await deliver(body).finally(() => underway--)
    },
  }
  const done = drainDeliveries({ store, inbox: { room: async () => {} }, activity }, signal)
  return { delivered, most: () => most, done }
}

describe('what webhooks brought', () => {
  it('is read in the order in which it came, a thousand at a time, and removed', async () => {
    const bodies = numbers(2_500)
    await keepAll(bodies)
    const { delivered, most, done } = drain(() => new Promise((resolve) => setImmediate(resolve)))
    await done
    expect([delivered, await left(), most()]).toEqual([bodies, [], 1_000])
  })

  it('is read fewer at a time when it is large', async () => {
    const bodies = numbers(60).map((n) => n.padEnd(256 * 1024))
    await keepAll(bodies)
    const { delivered, most, done } = drain(() => new Promise((resolve) => setImmediate(resolve)))
    await done
    expect([delivered.length, most(), await left()]).toEqual([60, 32, []])
  })

  it('that cannot be committed stays, holds up nothing behind it, and fails the job', async () => {
    await keepAll(['a', 'b', 'c'])
    const stuck = drain((body) => (body === 'b' ? Promise.reject(new Error('no')) : Promise.resolve()))
    await expect(stuck.done).rejects.toThrow('1 deliveries were not committed')
    expect(await left()).toEqual(['b'])
    await drain().done
    expect(await left()).toEqual([])
  })

  it('stays when the program stops before it is committed', async () => {
    await keepAll(['a'])
    const stop = new AbortController()
    const { done } = drain(async () => {
      stop.abort()
      await new Promise(() => {})
    }, stop.signal)
    await expect(done).rejects.toThrow('stopped')
    expect(await left()).toEqual(['a'])
  })

  it('has one job for all of it; and gets another should that be gone', async () => {
    await keepAll(numbers(50))
    expect(await jobs()).toBe(1)
    await store.prisma.$executeRaw`DELETE FROM graphile_worker._private_jobs`
    await findDeliveries(store)
    await findDeliveries(store)
    expect(await jobs()).toBe(1)
    await drain().done
    await store.prisma.$executeRaw`DELETE FROM graphile_worker._private_jobs`
    await findDeliveries(store)
    expect(await jobs()).toBe(0)
  })

  it('is refused when too much waits, and when the database is too slow', async () => {
    const slow: Store = { ...store, change: () => new Promise(() => {}) }
    const intake = createWebhookIntake({ store: slow, patienceMs: 50 })
    const body = 'x'.repeat(12 * 1024 * 1024)
    const answers = await Promise.allSettled(numbers(4).map((n) => intake.keep(n + body)))
    // The first is on its way already, and fills no room.
    expect(answers.map((answer) => answer.status === 'rejected' && String(answer.reason))).toEqual([
      'Error: the database did not take it in time',
      'Error: the database did not take it in time',
      'Error: the database did not take it in time',
      'Error: too much waits for the database',
    ])
  })
})
