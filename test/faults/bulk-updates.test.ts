import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBulkUpdates } from '../../src/bulk/create-bulk-updates.ts'
import type { Audience } from '../../src/domain/visibility.ts'
import type { Store } from '../../src/store/store.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { programPath } from '../helpers/programs.ts'
import { testStore } from '../helpers/stores.ts'

const TICKETS = 30_000
const KILLS = 4

let database: TestDatabase
let store: Store
let agent: Audience
const children: ChildProcess[] = []

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  const [userId, customer, accountId] = [randomUUID(), randomUUID(), randomUUID()]
  agent = { userId, role: 'AGENT', ticketAccess: 'ALL', groupIds: [] }
  await store.prisma.user.createMany({
    data: [
      { id: userId, role: 'AGENT', name: 'Grace', email: 'grace@example.org' },
      { id: customer, role: 'END_USER', name: 'Ada' },
    ],
  })
  await store.prisma.account.create({ data: { id: accountId, xUserId: '1', screenName: 'acme', name: 'Acme' } })
  await store.prisma.$executeRaw`
    INSERT INTO ticket (id, subject, channel, account_id, requester_id, thread_key)
    SELECT gen_random_uuid(), 'ticket', 'X_CORP', ${accountId}::uuid, ${customer}::uuid, n::text
    FROM generate_series(1, ${TICKETS}) AS n`
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await store?.close()
  await database?.drop()
})

function startWorker(): ChildProcess {
  const child = spawn(process.execPath, [programPath('bulk-process'), database.url], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  children.push(child)
  return child
}

describe('a bulk update whose workers are killed', () => {
  it('goes on within 10 s in another, and does every item exactly once', async () => {
    const patch = { status: 'SOLVED', addTags: ['outage'], comment: 'Done.' } as const
    const request = { targets: { kind: 'filter', filter: {} }, patch, ifPosition: null } as const
    const started = await createBulkUpdates({ store, replies: bulkReplies(store), mostTickets: 100_000 }).start(
      agent,
      request,
      null,
    )
    const id = started.jobId ?? ''
    const job = () => store.prisma.bulkUpdateJob.findUniqueOrThrow({ where: { id } })
    const done = async () => (await job()).done
    const worker = [startWorker(), startWorker()]
    const gaps: number[] = []
    for (let kill = 1; kill <= KILLS; kill++) {
      await expect.poll(done, { timeout: 30_000, interval: 10 }).toBeGreaterThan((TICKETS * kill) / (KILLS + 2))
      // Whichever works on it: the batch that is under way is lost.
      for (const one of worker) one.kill('SIGKILL')
      await Promise.all(worker.map((one) => one.exitCode === null && one.signalCode === null && once(one, 'exit')))
      worker.splice(0, 2, startWorker(), startWorker())
      const at = await done()
      const killed = performance.now()
      await expect.poll(done, { timeout: 15_000, interval: 10 }).toBeGreaterThan(at)
      gaps.push(performance.now() - killed)
    }
    await expect.poll(async () => (await job()).status, { timeout: 30_000 }).toBe('COMPLETED')
    expect(Math.max(...gaps)).toBeLessThan(10_000)

    expect(await job()).toMatchObject({ total: TICKETS, done: TICKETS, failed: 0 })
    const [counts] = await store.prisma.$queryRaw<object[]>`
      SELECT (SELECT count(*)::int FROM bulk_update_item WHERE outcome = 'CHANGED') AS items,
             (SELECT count(*)::int FROM ticket WHERE version = 2 AND comment_count = 1 AND tags = ARRAY['outage']) AS tickets,
             (SELECT count(*)::int FROM event WHERE type = 'ticket.updated') AS updates,
             (SELECT count(DISTINCT ticket_id)::int FROM event WHERE type = 'ticket.updated') AS updated,
             (SELECT count(*)::int FROM comment) AS notes,
             (SELECT count(DISTINCT ticket_id)::int FROM comment) AS noted`
    expect(counts).toEqual({
      items: TICKETS,
      tickets: TICKETS,
      updates: TICKETS,
      updated: TICKETS,
      notes: TICKETS,
      noted: TICKETS,
    })
  }, 150_000)
})
