import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createStreamProgress } from '../../src/ingest/stream-progress.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { silent, testStore } from '../helpers/stores.ts'

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
  await store.prisma.activityStream.update({ where: { id: 1 }, data: { connectedAt: null, aliveAt: null } })
})

const progress = () => createStreamProgress({ store, logger: silent, everyMs: 20 })
const row = () => store.prisma.activityStream.findUniqueOrThrow({ where: { id: 1 } })
const ago = async (ms: number) => {
  await store.prisma.$executeRaw`
    UPDATE activity_stream SET alive_at = clock_timestamp() - ${ms}::int * interval '1 millisecond'`
}
const IDLE = 1_000

describe('how far the stream has come', () => {
  it('is unknown before its first sign of life: nothing is to be repeated', async () => {
    expect(await progress().missedMinutes()).toBe(0)
  })

  it.each([
    [1_000, 1],
    [55_000, 2],
    [125_000, 3],
    [3_600_000, 5],
  ])('%d ms ago asks X to repeat %d minutes', async (ms, minutes) => {
    await ago(ms)
    expect(await progress().missedMinutes()).toBe(minutes)
  })

  it('is noted when connected, and at signs of life, but never before what was told is committed', async () => {
    const stream = progress()
    stream.alive(Number.POSITIVE_INFINITY)
    await expect.poll(async () => (await row()).connectedAt).not.toBeNull()
    const { connectedAt, aliveAt } = await row()
    let commit = () => {}
    stream.delivering(
      new Promise((resolve) => {
        commit = resolve
      }),
    )
    stream.alive(IDLE)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await row()).aliveAt).toEqual(aliveAt)
    commit()
    await expect.poll(async () => Number((await row()).aliveAt)).toBeGreaterThan(Number(aliveAt))
    // The same connection; the database's clock and ours may differ by a breath.
    expect(Math.abs(Number((await row()).connectedAt) - Number(connectedAt))).toBeLessThan(50)
    await stream.ended()
    expect((await row()).connectedAt).toBeNull()
  })

  it('stays behind while the reading has stood still and not caught up', async () => {
    const stream = progress()
    const stood = performance.now() - 60_000
    stream.stalledSince(stood)
    stream.alive(0)
    await stream.ended()
    expect(Date.now() - Number((await row()).aliveAt)).toBeGreaterThan(55_000)
    stream.alive(IDLE)
    await stream.ended()
    expect(Date.now() - Number((await row()).aliveAt)).toBeLessThan(5_000)
  })

  it('does not go on beyond an event that was lost', async () => {
    await ago(30_000)
    const before = (await row()).aliveAt
    const stream = progress()
    stream.delivering(Promise.reject(new Error('stopped')))
    stream.alive(IDLE)
    await stream.ended()
    expect((await row()).aliveAt).toEqual(before)
  })
})
