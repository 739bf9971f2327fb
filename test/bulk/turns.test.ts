import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createBulkUpdates } from '../../src/bulk/create-bulk-updates.ts'
import { createBulkUpdateTask, resumeBulkUpdates } from '../../src/bulk/task.ts'
import type { Audience } from '../../src/domain/visibility.ts'
import type { Store } from '../../src/store/store.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { silent, testStore } from '../helpers/stores.ts'

/** More than three batches. */
const TICKETS = 3_500

let database: TestDatabase
let store: Store
let agent: Audience
beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  const accountId = await createAccount(store, { xUserId: '1' })
  const [userId, customer] = [randomUUID(), randomUUID()]
  agent = { userId, role: 'AGENT', ticketAccess: 'ALL', groupIds: [] }
  await store.prisma.user.createMany({
    data: [
      { id: userId, role: 'AGENT', name: 'Grace', email: 'grace@example.org' },
      { id: customer, role: 'END_USER', name: 'Ada' },
    ],
  })
  await store.prisma.$executeRaw`
    INSERT INTO ticket (id, subject, channel, account_id, requester_id, thread_key)
    SELECT gen_random_uuid(), 'ticket', 'X_CORP', ${accountId}::uuid, ${customer}::uuid, n::text
    FROM generate_series(1, ${TICKETS}::int) AS n`
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

afterEach(async () => {
  await store.prisma.bulkUpdateJob.deleteMany()
})

async function begin(tag: string): Promise<string> {
  const updates = createBulkUpdates({ store, replies: bulkReplies(store), mostTickets: 100_000 })
  const request = { targets: { kind: 'filter', filter: {} }, patch: { addTags: [tag] }, ifPosition: null } as const
  return (await updates.start(agent, request, null)).jobId ?? ''
}
const done = async (id: string) => (await store.prisma.bulkUpdateJob.findUnique({ where: { id } }))?.done

it('a bulk update makes way for another that waits when its turn is over, and for nobody else', async () => {
  const task = createBulkUpdateTask({ store, replies: bulkReplies(store), logger: silent, sliceMs: 0 })
  const [first, second] = [await begin('first'), await begin('second')]
  for (const [index, jobId] of [first, second, first].entries()) {
    await task({ jobId }, undefined)
    expect(await done(jobId)).toBe(index === 2 ? 2_000 : 1_000)
  }
  await store.prisma.bulkUpdateJob.update({
    where: { id: second },
    data: { status: 'CANCELLED', finishedAt: new Date() },
  })
  await task({ jobId: first }, undefined)
  expect(await done(first)).toBe(TICKETS)
})

it('while its process answers others, a bulk update goes in smaller steps', async () => {
  const task = createBulkUpdateTask({
    store,
    replies: bulkReplies(store),
    logger: silent,
    isQuiet: () => false,
    sliceMs: 0,
  })
  const [first] = [await begin('among others'), await begin('waiting')]
  await task({ jobId: first }, undefined)
  expect(await done(first)).toBe(125)
})

it('is worked on by several at once as by one: every ticket is changed once', async () => {
  const task = createBulkUpdateTask({ store, replies: bulkReplies(store), logger: silent })
  const others = createBulkUpdateTask({ store, replies: bulkReplies(store), logger: silent, isQuiet: () => false })
  const jobId = await begin('together')
  const { head } = await store.log.head()
  await Promise.all([task({ jobId }, undefined), others({ jobId }, undefined), task({ jobId }, undefined)])
  expect(await store.prisma.bulkUpdateJob.findUnique({ where: { id: jobId } })).toMatchObject({
    status: 'COMPLETED',
    done: TICKETS,
    failed: 0,
  })
  expect(await store.prisma.bulkUpdateItem.count({ where: { jobId, outcome: 'CHANGED' } })).toBe(TICKETS)
  const [told] = await store.prisma.$queryRaw<object[]>`
    SELECT count(*)::int AS events, count(DISTINCT ticket_id)::int AS tickets FROM event
    WHERE "offset" > ${head} AND type = 'ticket.updated'`
  expect(told).toEqual({ events: TICKETS, tickets: TICKETS })
  // Every step begins where the one before ended, whoever made it.
  const steps = await store.prisma.$queryRaw<{ done: number }[]>`
    SELECT (data->>'done')::int AS done FROM event
    WHERE "offset" > ${head} AND type = 'bulkUpdate.progress' ORDER BY "offset"`
  const dones = steps.map(({ done }) => done)
  expect(dones).toEqual([...new Set(dones)].sort((a, b) => a - b))
})

it('changes nothing more once it is cancelled, also of what was under way', async () => {
  const jobId = await begin('cancelled')
  const updates = createBulkUpdates({ store, replies: bulkReplies(store), mostTickets: 100_000 })
  const task = createBulkUpdateTask({ store, replies: bulkReplies(store), logger: silent })
  const working = task({ jobId }, undefined)
  await expect.poll(() => done(jobId), { interval: 1 }).toBeGreaterThan(0)
  await updates.cancel(agent, jobId)
  const changed = () => store.prisma.ticket.count({ where: { tags: { has: 'cancelled' } } })
  const [at, tagged] = [await done(jobId), await changed()]
  await working
  expect([await done(jobId), await changed()]).toEqual([at, tagged])
  expect(tagged).toBe(at)
})

it('that waits for its turn keeps its place, and one that is lost gets one', async () => {
  const [waiting, lost] = [await begin('waiting'), await begin('lost')]
  await store.prisma.$executeRaw`
    UPDATE bulk_update_job SET updated_at = clock_timestamp() - interval '2 minutes' WHERE finished_at IS NULL`
  const key = (id: string) => `bulk_update/${id}`
  await store.prisma.$queryRaw`SELECT graphile_worker.remove_job(${key(lost)})::text AS gone`
  const runAt = async (id: string) =>
    (
      await store.prisma.$queryRaw<{ at: Date }[]>`
      SELECT run_at AS at FROM graphile_worker.jobs WHERE key = ${key(id)}`
    )[0]?.at
  const before = await runAt(waiting)
  await resumeBulkUpdates(store)
  expect(await runAt(waiting)).toEqual(before)
  expect(await runAt(lost)).toBeInstanceOf(Date)
})
