import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { applyItems } from '../../src/ingest/apply.ts'
import type { Store } from '../../src/store/store.ts'
import { closeSolved } from '../../src/tickets/close-solved.ts'
import { eraseDeleted } from '../../src/tickets/erase-deleted.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount, received } from '../helpers/posts.ts'
import { held, somebodyWaits } from '../helpers/races.ts'
import { testStore } from '../helpers/stores.ts'

/** The jobs that close and erase: their batches, and who meets them (F68, F69). What they do is in test/schema. */

let database: TestDatabase
let store: Store

beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url, { poolSize: 6 })
  await createAccount(store)
})
afterEach(() => store.prisma.$executeRaw`TRUNCATE ticket CASCADE`)
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

/** A ticket that was solved five days ago. */
async function solved(conversation: string): Promise<void> {
  await applyItems(store, [received(conversation)])
  await store.prisma.$executeRaw`
    UPDATE ticket SET status = 'SOLVED', solved_at = now() - interval '5 days' WHERE thread_key = ${conversation}`
}

/** So many more like it. */
async function copies(count: number, change: { readonly deletedAt?: Date } = {}): Promise<void> {
  const { number: _, ...row } = await store.prisma.ticket.findFirstOrThrow()
  const copy = (_: unknown, n: number) => ({
    ...row,
    ...change,
    id: randomUUID(),
    threadKey: `t${n}`,
    sourcePostId: null,
  })
  await store.prisma.ticket.createMany({ data: Array.from({ length: count }, copy) })
}

const tickets = () =>
  store.prisma.ticket.findMany({
    orderBy: { number: 'asc' },
    include: { comments: { orderBy: { postedAt: 'asc' }, select: { externalId: true } } },
  })
const answer = (id: string, conversation: string) => received(id, { conversation })

/** The store, and how many events each of its changes has told. */
function counted(onChange: (batches: number) => void = () => {}) {
  const batches: number[] = []
  const change: Store['change'] = async (actor, work) => {
    const { head } = await store.log.head()
    const changed = await store.change(actor, work)
    batches.push(changed.position.offset - head)
    onChange(batches.length)
    return changed
  }
  return { change, batches }
}

describe('closing', () => {
  it('many takes at most 500 in a transaction', async () => {
    await solved('1')
    await copies(1_100)
    const { change, batches } = counted()
    expect(await closeSolved({ change })).toBe(1_101)
    expect(batches).toEqual([500, 500, 101])
    expect(await store.prisma.ticket.count({ where: { status: 'CLOSED' } })).toBe(1_101)
  })

  it('stops behind a batch when Perch shuts down, and the next run goes on', async () => {
    await solved('1')
    await copies(1_100)
    const stopping = new AbortController()
    const { change } = counted(() => stopping.abort())
    expect(await closeSolved({ change }, stopping.signal)).toBe(500)
    expect(await store.prisma.ticket.count({ where: { status: 'CLOSED' } })).toBe(500)
    expect(await closeSolved(store)).toBe(601)
  })

  it('twice at once closes each ticket once, and keeps the moment at which it was solved', async () => {
    await solved('1')
    const [before] = await tickets()
    const { head } = await store.log.head()
    await Promise.all([closeSolved(store), closeSolved(store)])
    expect(await store.log.read(head, 10)).toMatchObject([
      { actor: { kind: 'system', part: 'closing' }, body: { type: 'ticket.updated', before: { status: 'SOLVED' } } },
    ])
    expect((await tickets())[0]?.solvedAt).toEqual(before?.solvedAt)
  })
})

it('erasing stops behind a batch, too', async () => {
  await solved('1')
  await copies(120, { deletedAt: new Date(0) })
  const stopping = new AbortController()
  const { change } = counted(() => stopping.abort())
  expect(await eraseDeleted({ change }, stopping.signal)).toBe(50)
  expect(await eraseDeleted(store)).toBe(70)
})

it('erasing finds a ticket’s follow-ups by an index', async () => {
  const plan = await store.prisma.$transaction(async (db) => {
    await db.$executeRaw`SET LOCAL enable_seqscan = off`
    return db.$queryRaw`EXPLAIN SELECT FROM ticket WHERE follow_up_of_id = ${randomUUID()}::uuid FOR KEY SHARE`
  })
  expect(JSON.stringify(plan)).toContain('ticket_follow_up_of_id_idx')
})

describe('a customer who writes while their ticket is closed', () => {
  it('first: the job does not wait for them; it is open again, and stays so', async () => {
    await solved('1')
    const ingest = held(store)
    const writing = applyItems(ingest.store, [answer('2', '1')])
    await ingest.done
    expect(await closeSolved(store)).toBe(0)
    ingest.release()
    await writing
    expect(await closeSolved(store)).toBe(0)
    expect(await tickets()).toMatchObject([{ status: 'OPEN', comments: [{ externalId: '1' }, { externalId: '2' }] }])
  })

  it('second: it is closed, and what they say is on a follow-up', async () => {
    await solved('1')
    const closing = held(store)
    const job = closeSolved(closing.store)
    await closing.done
    const writing = applyItems(store, [answer('2', '1')])
    await somebodyWaits(store)
    closing.release()
    await Promise.all([job, writing])
    const [closed, followUp] = await tickets()
    expect(closed).toMatchObject({ status: 'CLOSED', comments: [{ externalId: '1' }] })
    expect(followUp).toMatchObject({ status: 'NEW', followUpOfId: closed?.id, comments: [{ externalId: '2' }] })
  })
})
