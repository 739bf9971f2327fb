import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { doBatch } from '../../src/bulk/batch.ts'
import { createBulkUpdates } from '../../src/bulk/create-bulk-updates.ts'
import { PREVIEW_MS } from '../../src/bulk/preview.ts'
import type { Store } from '../../src/store/store.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { bulkJobs, dbId } from './bulk-jobs.ts'
import { createWorld, gid, type World } from './world.ts'

/* How much a bulk update takes, how long that takes, and what is left of it. */

const MOST = 20_000
let world: World
let jobs: ReturnType<typeof bulkJobs>
beforeAll(async () => {
  world = await createWorld({ mostTickets: MOST })
  jobs = bulkJobs(world)
})
afterAll(() => world?.close())
afterEach(async () => {
  await world.store.prisma.bulkUpdateJob.deleteMany()
  await world.store.prisma.ticket.deleteMany()
})

const addTickets = (count: number) => world.store.prisma.$executeRaw`
  INSERT INTO ticket (id, subject, status, channel, account_id, requester_id, thread_key)
  SELECT gen_random_uuid(), 'Parcel ' || n, 'OPEN', 'X_CORP', ${world.accountId}::uuid,
    ${world.customer.userId}::uuid, 'many' || n FROM generate_series(1, ${count}::int) AS n`

const preview = (input: object) =>
  world.ask<{ previewBulkUpdate: { total: number; counts: object[]; userErrors: object[] } }>(
    world.agent,
    `query($input: BulkUpdateTicketsInput!) { previewBulkUpdate(input: $input, sample: 1) {
       total counts { outcome count } userErrors { code field } } }`,
    { input },
  )

describe('a filter', () => {
  it('that finds more tickets than one bulk update takes is refused, in a preview too, and nothing is left of it', async () => {
    await addTickets(MOST + 1)
    const input = { filter: {}, patch: { addTags: ['x'] } }
    const refused = [{ code: 'TOO_MANY_TICKETS', field: ['filter'] }]
    const before = await world.store.log.head()
    expect(await jobs.begin(input)).toMatchObject({ job: null, userErrors: refused })
    const { data } = await preview(input)
    expect(data.previewBulkUpdate).toMatchObject({ total: 0, userErrors: refused })
    expect(await world.store.log.head()).toEqual(before)
    expect(await world.store.prisma.bulkUpdateItem.count()).toBe(0)
  })

  it('that finds exactly as many is shown and begun', async () => {
    await addTickets(MOST)
    const input = { filter: {}, patch: { addTags: ['x'] } }
    const { data, errors } = await preview(input)
    expect(errors).toEqual([])
    expect(data.previewBulkUpdate.total).toBe(MOST)
    expect(data.previewBulkUpdate.counts).toContainEqual({ outcome: 'CHANGED', count: MOST })
    expect((await jobs.begin(input)).job).toMatchObject({ total: MOST })
  })
})

describe('previews', () => {
  it('have longer than other snapshots, and go two at a time', async () => {
    await addTickets(2_000)
    let [now, most] = [0, 0]
    const limits = new Set<number | undefined>()
    const store: Store = {
      ...world.store,
      snapshot: async (read, mostMs) => {
        most = Math.max(most, ++now)
        limits.add(mostMs)
        return world.store.snapshot(read, mostMs).finally(() => now--)
      },
    }
    const { preview } = createBulkUpdates({ store, replies: bulkReplies(store), mostTickets: MOST })
    const request = { targets: { kind: 'filter', filter: {} }, patch: { addTags: ['x'] }, ifPosition: null } as const
    const shown = await Promise.all([1, 2, 3, 4, 5].map(() => preview(world.agent, request, 0)))
    expect(shown.map(({ total }) => total)).toEqual([2_000, 2_000, 2_000, 2_000, 2_000])
    expect(most).toBe(2)
    expect([...limits]).toEqual([PREVIEW_MS])
  })

  it('end when their time is over', async () => {
    const slow = world.store.snapshot(async (db) => {
      await db.$queryRaw`SELECT 1 AS one FROM pg_sleep(0.2)`
      await db.$queryRaw`SELECT 1 AS one`
    }, 50)
    await expect(slow).rejects.toThrow(/expired|closed|timeout/i)
  })
})

describe('the progress of a bulk update', () => {
  it('tells after each batch the rate, and how long the rest takes, which comes down to nothing', async () => {
    await addTickets(4)
    const begun = await jobs.begin({ filter: {}, patch: { addTags: ['x'] } })
    const listener = await world.listen<{ bulkUpdateProgress: Progress }>(
      world.agent,
      `subscription($id: ID!, $after: Position) { bulkUpdateProgress(jobId: $id, after: $after) {
         status done total ratePerSecond etaSeconds } }`,
      { id: begun.job?.id, after: begun.position },
    )
    interface Progress {
      status: string
      done: number
      ratePerSecond: number
      etaSeconds: number
    }
    const { store } = world
    const work = { jobId: dbId(begun.job?.id), ownerId: world.agent.userId }
    for (let batch = 0; batch < 4; batch++)
      await doBatch({ store, replies: bulkReplies(store) }, work, { size: 1, yields: false })
    const told = (await listener.take(4)).map(({ data }) => data.bulkUpdateProgress)
    await listener.stop()
    expect(told.map(({ status, done }) => [status, done])).toEqual([
      ['WORKING', 1],
      ['WORKING', 2],
      ['WORKING', 3],
      ['COMPLETED', 4],
    ])
    for (const { done, ratePerSecond, etaSeconds, status } of told) {
      expect(ratePerSecond).toBeGreaterThan(0)
      const left = status === 'COMPLETED' ? 0 : (4 - done) / ratePerSecond
      // The rate is told in tenths, the time in whole seconds.
      expect(Math.abs(etaSeconds - left)).toBeLessThanOrEqual(1.1)
    }
    expect(told.at(-1)?.etaSeconds).toBe(0)
    const { data } = await world.ask<{ bulkUpdateJob: Progress }>(
      world.agent,
      'query($id: ID!) { bulkUpdateJob(id: $id) { ratePerSecond etaSeconds } }',
      { id: begun.job?.id },
    )
    expect(data.bulkUpdateJob).toMatchObject({ ratePerSecond: told.at(-1)?.ratePerSecond, etaSeconds: 0 })
  })
})

describe('a bulk update that is over', () => {
  const words = async () => {
    const { prisma } = world.store
    const all = [await prisma.bulkUpdateJob.findMany(), await prisma.bulkUpdateItem.findMany()]
    return JSON.stringify(all, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).includes(
      'secret',
    )
  }

  it.each(['one patch', 'patches'])('keeps no words of notes and answers: %s', async (kind) => {
    const { id } = await world.openTicket()
    const ticketId = gid('Ticket', id)
    const patch = { priority: 'LOW', comment: 'A secret note.', reply: { body: 'A secret answer.' } }
    const input = kind === 'patches' ? { patches: [{ ticketId, patch }] } : { ids: [ticketId], patch }
    const keyed = { ...input, idempotencyKey: kind }
    const begun = await jobs.begin(keyed)
    expect(await words()).toBe(true)
    await jobs.work(begun)
    expect((await jobs.results(begun)).items).toMatchObject([{ outcome: expect.stringMatching(/CHANGED|FAILED/) }])
    expect(await words()).toBe(false)
    // The key is good for the same words only, still.
    expect((await jobs.begin(keyed)).job?.id).toBe(begun.job?.id)
    const other = await jobs.begin({ ids: [ticketId], patch: { comment: 'Other words.' }, idempotencyKey: kind })
    expect(other.userErrors).toMatchObject([{ code: 'IDEMPOTENCY_CONFLICT' }])
  })

  it('keeps none either when it was stopped', async () => {
    const { id } = await world.openTicket()
    const begun = await jobs.begin({ ids: [gid('Ticket', id)], patch: { comment: 'A secret note.' } })
    await jobs.cancel(begun.job?.id)
    expect(await words()).toBe(false)
  })
})
