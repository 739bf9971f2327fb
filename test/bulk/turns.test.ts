import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBulkUpdates } from '../../src/bulk/create-bulk-updates.ts'
import { createBulkUpdateTask } from '../../src/bulk/task.ts'
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
  expect(await done(first)).toBe(250)
})
