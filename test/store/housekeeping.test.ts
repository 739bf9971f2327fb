import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { keepHouse, pruneEvents } from '../../src/store/housekeeping.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { nameOf, note, testStore } from '../helpers/stores.ts'

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

const actor = { kind: 'system', part: 'test' } as const
const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3600_000)

describe('the event log', () => {
  /** Appends events, so many days old. */
  async function append(days: number, ...names: string[]): Promise<void> {
    const { head } = await store.log.head()
    await store.change(actor, async ({ emit }) => names.forEach((name) => void emit(note(name))))
    await store.prisma.event.updateMany({ where: { offset: { gt: head } }, data: { at: daysAgo(days) } })
  }
  const names = async () => (await store.log.read(0, 100)).map(({ body }) => nameOf(body))

  beforeEach(async () => {
    await store.prisma.event.deleteMany()
    await store.prisma.eventLogHead.update({ where: { id: 1 }, data: { head: 0, floor: 0 } })
  })

  it('forgets what is too old, and says from where on it can be read', async () => {
    await append(9, 'a', 'b')
    await append(5, 'c')
    await append(1, 'd')
    await pruneEvents(store.prisma, 7)
    expect(await names()).toEqual(['c', 'd'])
    expect(await store.log.head()).toMatchObject({ floor: 2, head: 4 })
    await pruneEvents(store.prisma, 7)
    expect(await store.log.head()).toMatchObject({ floor: 2, head: 4 })
    await pruneEvents(store.prisma, 3)
    expect(await names()).toEqual(['d'])
  })

  it('may be forgotten whole, and goes on behind', async () => {
    await append(9, 'a', 'b')
    await pruneEvents(store.prisma, 7)
    expect(await names()).toEqual([])
    expect(await store.log.head()).toMatchObject({ floor: 2, head: 2 })
    await append(0, 'c')
    await pruneEvents(store.prisma, 7)
    expect(await store.log.read(2, 10)).toMatchObject([{ offset: 3 }])
  })

  it('that is empty has nothing to forget', async () => {
    await pruneEvents(store.prisma, 7)
    expect(await store.log.head()).toMatchObject({ floor: 0, head: 0 })
  })

  it('is forgotten in more than one piece when there is much, and nobody waits meanwhile', async () => {
    await store.prisma.$executeRaw`
      INSERT INTO event ("offset", type, at, actor, data)
      SELECT n, 'note', now() - interval '9 days', '{}', '{}' FROM generate_series(1, 25000) AS n`
    await store.prisma.eventLogHead.update({ where: { id: 1 }, data: { head: 25_000 } })
    const written = store.change(actor, async ({ emit }) => emit(note('meanwhile')))
    await Promise.all([pruneEvents(store.prisma, 7), written])
    expect(await names()).toEqual(['meanwhile'])
    expect(await store.log.head()).toMatchObject({ floor: 25_000, head: 25_001 })
  })

  it('is kept for ever unless told otherwise', async () => {
    await append(10_000, 'a')
    await keepHouse(store.prisma, {})
    expect(await names()).toEqual(['a'])
    await keepHouse(store.prisma, { events: 9_999 })
    expect(await names()).toEqual([])
  })
})

describe('keeping house', () => {
  it('removes what has outlived its use and nothing else, however often it is done', async () => {
    const accountId = await createAccount(store)
    const { prisma } = store
    const letter = (name: string, days: number) => ({
      id: randomUUID(),
      source: name,
      reason: '',
      payload: '',
      digest: name,
      receivedAt: daysAgo(100),
      lastSeenAt: daysAgo(days),
    })
    await prisma.deadLetter.createMany({ data: [letter('old', 31), letter('seen again', 29)] })
    const { id: createdById } = await prisma.user.create({ data: { id: randomUUID(), role: 'END_USER', name: 'Ada' } })
    const bulkUpdate = (inputHash: string, finishedAt: Date | null) => ({
      id: randomUUID(),
      createdById,
      inputHash,
      total: 1,
      finishedAt,
      status: finishedAt ? ('COMPLETED' as const) : ('WORKING' as const),
      items: { create: { place: 1, ticketId: randomUUID() } },
    })
    for (const data of [bulkUpdate('old', daysAgo(31)), bulkUpdate('recent', daysAgo(29)), bulkUpdate('running', null)])
      await prisma.bulkUpdateJob.create({ data })
    const cursor = (source: string, days: number) => ({ accountId, source, sinceId: '1', syncedAt: daysAgo(days) })
    await prisma.sourceCursor.createMany({
      data: [cursor('conversation:1', 9), cursor('conversation:2', 7), cursor('mentions', 100)],
    })
    await prisma.workerProcess.createMany({
      data: [
        { id: 'dead', heartbeatAt: daysAgo(2) },
        { id: 'alive', heartbeatAt: new Date() },
      ],
    })
    const charged = (kind: string, days: number) => ({ caller: accountId, kind, day: daysAgo(days) })
    await prisma.xSpend.createMany({ data: [charged('old', 402), charged('of a year ago', 399)] })
    const billed = (id: string, days: number) => ({ resource: 'post', id, day: daysAgo(days) })
    await prisma.xBilledResource.createMany({ data: [billed('old', 4), billed('of yesterday', 1)] })
    const window = (endpoint: string, days: number) => ({ caller: 'app', endpoint, begunAt: daysAgo(days) })
    await prisma.xRateLimit.createMany({ data: [window('old', 3), window('recent', 1)] })
    const begun = (stateHash: string, days: number) => ({
      ...{ stateHash, browserHash: '', codeVerifier: '', redirectUri: '', returnTo: '' },
      expiresAt: daysAgo(days),
    })
    await prisma.requesterSignIn.createMany({ data: [begun('old', 2), begun('of today', 0.5)] })
    const person = { id: randomUUID(), role: 'END_USER', name: 'Ada' } as const
    await prisma.user.create({ data: person })
    const asked = (email: string, days: number) => ({
      ...{ id: randomUUID(), userId: person.id, email, endedAt: daysAgo(days) },
      expiresAt: daysAgo(days),
    })
    await prisma.emailConfirmation.createMany({ data: [asked('old', 8), asked('recent', 6)] })
    for (let times = 0; times < 2; times++) {
      await keepHouse(prisma, {})
      expect((await prisma.requesterSignIn.findMany()).map(({ stateHash }) => stateHash)).toEqual(['of today'])
      expect((await prisma.emailConfirmation.findMany()).map(({ email }) => email)).toEqual(['recent'])
      expect((await prisma.xSpend.findMany()).map(({ kind }) => kind)).toEqual(['of a year ago'])
      expect((await prisma.xBilledResource.findMany()).map(({ id }) => id)).toEqual(['of yesterday'])
      expect((await prisma.xRateLimit.findMany()).map(({ endpoint }) => endpoint)).toEqual(['recent'])
      expect((await prisma.deadLetter.findMany()).map(({ source }) => source)).toEqual(['seen again'])
      const updates = await prisma.bulkUpdateJob.findMany({ orderBy: { inputHash: 'asc' } })
      expect(updates.map(({ inputHash }) => inputHash)).toEqual(['recent', 'running'])
      expect(await prisma.bulkUpdateItem.count()).toBe(2)
      expect((await prisma.sourceCursor.findMany({ orderBy: { source: 'asc' } })).map(({ source }) => source)).toEqual([
        'conversation:2',
        'mentions',
      ])
      expect((await prisma.workerProcess.findMany()).map(({ id }) => id)).toEqual(['alive'])
    }
  })

  it('takes a large bulk update away piece by piece, and stops when it is told to', async () => {
    const { prisma } = store
    const { id: createdById } = await prisma.user.create({ data: { id: randomUUID(), role: 'END_USER', name: 'Ada' } })
    const total = 25_000
    const job = { id: randomUUID(), createdById, inputHash: 'large', total, status: 'COMPLETED' as const }
    await prisma.bulkUpdateJob.create({ data: { ...job, finishedAt: daysAgo(31) } })
    await prisma.$executeRaw`
      INSERT INTO bulk_update_item (job_id, place, ticket_id)
      SELECT ${job.id}::uuid, place, ${randomUUID()}::uuid FROM generate_series(1, ${total}) AS place`
    const left = () => prisma.bulkUpdateItem.count({ where: { jobId: job.id } })

    // Each piece is committed, so whoever counts sees it go; the second count stops it.
    const stopping = new AbortController()
    const seen: number[] = []
    const watched = prisma.$extends({
      query: {
        async $allOperations({ operation, args, query }) {
          const done = await query(args)
          if (operation === '$executeRaw' && JSON.stringify(args).includes('bulk_update_item')) {
            seen.push(await left())
            if (seen.length === 2) stopping.abort()
          }
          return done
        },
      },
    })
    await keepHouse(watched as unknown as typeof prisma, {}, stopping.signal)
    expect(seen).toEqual([15_000, 5_000])
    expect(await prisma.bulkUpdateJob.count({ where: { id: job.id } })).toBe(1)
    await keepHouse(prisma, {})
    expect([await left(), await prisma.bulkUpdateJob.count({ where: { id: job.id } })]).toEqual([0, 0])
  })
})
