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
/** Those that are answered, too. */
const ANSWERED = 8_000
const KILLS = 4

let database: TestDatabase
let store: Store
let agent: Audience
let customer: string
let accountId: string
const children: ChildProcess[] = []

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  const userId = randomUUID()
  customer = randomUUID()
  accountId = randomUUID()
  agent = { userId, role: 'AGENT', ticketAccess: 'ALL', groupIds: [] }
  await store.prisma.user.createMany({
    data: [
      { id: userId, role: 'AGENT', name: 'Grace', email: 'grace@example.org' },
      { id: customer, role: 'END_USER', name: 'Ada' },
    ],
  })
  await store.prisma.account.create({ data: { id: accountId, xUserId: '1', screenName: 'acme', name: 'Acme' } })
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

/** Tickets that nobody has touched yet. */
async function openTickets(count: number): Promise<void> {
  await store.prisma.$executeRaw`
    INSERT INTO ticket (id, subject, channel, account_id, requester_id, thread_key)
    SELECT gen_random_uuid(), 'ticket', 'X_CORP', ${accountId}::uuid, ${customer}::uuid, n::text
    FROM generate_series(1, ${count}::int) AS n`
}

/** The post that opened each of them, so that they can be answered. */
async function addPosts(): Promise<void> {
  await store.prisma.$executeRaw`
    INSERT INTO comment (id, ticket_id, author_id, direction, visibility, channel, body, external_id, posted_at)
    SELECT gen_random_uuid(), id, requester_id, 'INBOUND', 'PUBLIC', 'X_POST', '@acme where is it?', '99' || thread_key, now()
    FROM ticket`
}

const updates = () => createBulkUpdates({ store, replies: bulkReplies(store), mostTickets: 100_000 })
const job = (id: string) => store.prisma.bulkUpdateJob.findUniqueOrThrow({ where: { id } })

/** Two workers, killed together again and again until the job is done: whichever works on it, what is under way is lost. */
async function workAndKill(id: string, kills: number, within = 10_000): Promise<void> {
  const { total } = await job(id)
  const done = async () => (await job(id)).done
  const worker = [startWorker(), startWorker()]
  const gaps: number[] = []
  for (let kill = 1; kill <= kills; kill++) {
    await expect.poll(done, { timeout: 30_000, interval: 10 }).toBeGreaterThan((total * kill) / (kills + 2))
    for (const one of worker) one.kill('SIGKILL')
    await Promise.all(worker.map((one) => one.exitCode === null && one.signalCode === null && once(one, 'exit')))
    worker.splice(0, 2, startWorker(), startWorker())
    const at = await done()
    const killed = performance.now()
    await expect.poll(done, { timeout: 15_000, interval: 10 }).toBeGreaterThan(at)
    gaps.push(performance.now() - killed)
  }
  await expect.poll(async () => (await job(id)).status, { timeout: 30_000 }).toBe('COMPLETED')
  expect(Math.max(...gaps)).toBeLessThan(within)
  for (const one of worker) one.kill('SIGKILL')
}

async function counts(...expressions: readonly (readonly [name: string, sql: string])[]): Promise<object | undefined> {
  const columns = expressions.map(([name, sql]) => `(SELECT ${sql}) AS ${name}`).join(', ')
  return (await store.prisma.$queryRawUnsafe<object[]>(`SELECT ${columns}`))[0]
}

describe('a bulk update whose workers are killed', () => {
  it('goes on within 10 s in another, and does every item exactly once; and so does the one that undoes it', async () => {
    await openTickets(TICKETS)
    const patch = { status: 'SOLVED', addTags: ['outage'], comment: 'Done.' } as const
    const request = { targets: { kind: 'filter', filter: {} }, patch, ifPosition: null } as const
    const id = (await updates().start(agent, request, null)).jobId ?? ''
    await workAndKill(id, KILLS)

    expect(await job(id)).toMatchObject({ total: TICKETS, done: TICKETS, failed: 0 })
    expect(
      await counts(
        ['items', `count(*)::int FROM bulk_update_item WHERE outcome = 'CHANGED'`],
        ['tickets', `count(*)::int FROM ticket WHERE version = 2 AND comment_count = 1 AND tags = ARRAY['outage']`],
        ['updates', `count(*)::int FROM event WHERE type = 'ticket.updated'`],
        ['updated', `count(DISTINCT ticket_id)::int FROM event WHERE type = 'ticket.updated'`],
        ['notes', `count(*)::int FROM comment`],
        ['noted', `count(DISTINCT ticket_id)::int FROM comment`],
      ),
    ).toEqual({
      items: TICKETS,
      tickets: TICKETS,
      updates: TICKETS,
      updated: TICKETS,
      notes: TICKETS,
      noted: TICKETS,
    })

    const undo = (await updates().undo(agent, id)).jobId ?? ''
    await workAndKill(undo, 2)
    expect(await job(undo)).toMatchObject({ total: TICKETS, done: TICKETS, failed: 0 })
    expect(
      await counts(
        ['tickets', `count(*)::int FROM ticket WHERE version = 3 AND status = 'NEW' AND tags = '{}'`],
        ['updates', `count(*)::int FROM event WHERE type = 'ticket.updated'`],
        ['notes', `count(*)::int FROM comment`],
      ),
    ).toEqual({ tickets: TICKETS, updates: 2 * TICKETS, notes: TICKETS })
  }, 240_000)

  it('answers every customer once', async () => {
    await openTickets(ANSWERED)
    await addPosts()
    const patch = { status: 'PENDING', reply: { body: 'It works again.' } } as const
    const request = { targets: { kind: 'filter', filter: {} }, patch, ifPosition: null } as const
    const id = (await updates().start(agent, request, null)).jobId ?? ''
    // It goes on within ten seconds, and a thousand answers take their time until they are committed.
    await workAndKill(id, 3, 20_000)
    expect(await job(id)).toMatchObject({ total: ANSWERED, done: ANSWERED, failed: 0 })
    expect(
      await counts(
        ['answers', `count(*)::int FROM comment WHERE direction = 'OUTBOUND'`],
        ['answered', `count(DISTINCT ticket_id)::int FROM comment WHERE direction = 'OUTBOUND'`],
        ['deliveries', `count(*)::int FROM delivery WHERE state = 'QUEUED'`],
        ['told', `count(*)::int FROM event WHERE type = 'comment.created'`],
      ),
    ).toEqual({ answers: ANSWERED, answered: ANSWERED, deliveries: ANSWERED, told: ANSWERED })
  }, 150_000)
})
