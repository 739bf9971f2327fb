import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { deliveryJob } from '../../src/domain/delivery-job.ts'
import { OUTBOUND } from '../../src/outbound/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { testStore } from '../helpers/stores.ts'
import { waitingAnswer, wired } from './wired.ts'

/** The jobs that send: whose turn it is, and when. Nobody works them here; the test looks at them. */

let database: TestDatabase
let store: Store
let accountId: string
let otherId: string
beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  accountId = await createAccount(store)
  otherId = await createAccount(store, { xUserId: '101', screenName: 'acmehelp' })
})
afterEach(async () => {
  await store.prisma.$executeRaw`TRUNCATE ticket CASCADE`
  await store.prisma.$executeRaw`DELETE FROM graphile_worker._private_jobs`
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

/** In how many seconds an account's job runs; undefined: it has none. */
async function jobOf(id: string): Promise<number | undefined> {
  const [row] = await store.prisma.$queryRaw<{ inS: number }[]>`
    SELECT extract(epoch FROM run_at - clock_timestamp())::float8 AS "inS"
    FROM graphile_worker._private_jobs WHERE key = ${deliveryJob(id).key}`
  return row?.inS
}

const LATER = { kind: 'LATER', error: 'RATE_LIMITED', notBeforeMs: 90_000 } as const

it('whoever waits for X comes back then', async () => {
  await waitingAnswer(store, accountId, '7001')
  await wired(store, accountId, { attempts: [LATER] }).deliver()
  expect(await jobOf(accountId)).toBeGreaterThan(60)
})

it('but not later than an answer that is given meanwhile', async () => {
  await waitingAnswer(store, accountId, '7002')
  const wire = wired(store, accountId, { attempts: [LATER] })
  await store.change(OUTBOUND, async ({ enqueue }) => enqueue(deliveryJob(accountId)))
  await wire.deliver()
  expect(await jobOf(accountId)).toBeLessThan(1)
})

it('what another account is to say next on the ticket is told to come, when this one is sent', async () => {
  const { ticketId, commentId } = await waitingAnswer(store, accountId, '7003')
  const { commentId: behind } = await waitingAnswer(store, accountId, '7004')
  await store.prisma.delivery.update({ where: { commentId: behind }, data: { accountId: otherId, ticketId } })
  const asked = wired(store, otherId, {})
  await asked.deliver()
  expect([asked.asked, await jobOf(otherId)]).toEqual([[], undefined])
  await wired(store, accountId, { attempts: [{ kind: 'SENT', externalId: '8001' }] }).deliver()
  expect(await store.prisma.delivery.findUnique({ where: { commentId } })).toMatchObject({ state: 'SENT' })
  expect(await jobOf(otherId)).toBeLessThan(1)
})
