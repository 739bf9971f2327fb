import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pruneEvents } from '../../src/store/housekeeping.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { note, testStore } from '../helpers/stores.ts'

const ACTOR = { kind: 'system', part: 'test' } as const

describe('the event log', () => {
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

  it('gives a snapshot the position of exactly what it reads, among concurrent writers', async () => {
    await store.prisma.$executeRaw`CREATE TABLE tally (n int)`
    const start = (await store.log.head()).head
    let writing = true
    const writers = Array.from({ length: 4 }, async () => {
      while (writing) {
        await store.change(ACTOR, async ({ db, emit }) => {
          await db.$executeRaw`INSERT INTO tally VALUES (1)`
          emit(note('tally'))
        })
      }
    })
    const reader = await testStore(database.url)
    try {
      for (let n = 0; n < 60; n++) {
        const { value, position } = await reader.snapshot(async (db) => {
          await new Promise((resolve) => setTimeout(resolve, 3))
          const [row] = await db.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count FROM tally`
          return row?.count
        })
        expect(value).toBe(position.offset - start)
      }
    } finally {
      writing = false
      await Promise.all(writers)
      await reader.close()
    }
    expect((await store.log.head()).head).toBeGreaterThan(start)
  })

  it('keeps the place of an event that it cannot read', async () => {
    const { position } = await store.change(ACTOR, async ({ emit }) => {
      for (const name of ['before', 'from the future', 'after']) emit(note(name))
    })
    const middle = position.offset - 1
    await store.prisma.$executeRaw`
      UPDATE event SET type = 'ticket.teleported', data = '{"type": "ticket.teleported"}', actor = '{"kind": "robot"}'
      WHERE "offset" = ${middle}`
    const events = await store.log.read(middle - 2, 10)
    expect(events.map(({ offset }) => offset)).toEqual([middle - 1, middle, middle + 1])
    expect(events[1]).toMatchObject({
      body: { type: 'unknown', originally: 'ticket.teleported' },
      actor: { kind: 'system', part: 'unknown' },
    })
  })

  it('forgets old events and moves the floor to the last one forgotten', async () => {
    const { position } = await store.change(ACTOR, async ({ emit }) => {
      for (const name of ['old', 'older', 'young']) emit(note(name))
    })
    const old = position.offset - 1
    await store.prisma.$executeRaw`UPDATE event SET at = now() - interval '11 days' WHERE "offset" <= ${old}`
    await pruneEvents(store.prisma, 10)
    expect(await store.log.head()).toEqual({ ...position, offset: undefined, head: position.offset, floor: old })
    expect((await store.log.read(0, 10)).map(({ offset }) => offset)).toEqual([position.offset])
    await pruneEvents(store.prisma, 10)
    expect((await store.log.head()).floor).toBe(old)
  })

  it('gives a copied database another epoch, once', async () => {
    const before = await store.log.head()
    await store.close()
    const copy = new URL(database.url)
    copy.pathname += '_copy'
    const name = copy.pathname.slice(1)
    const admin = new pg.Client(new URL('/postgres', database.url).href)
    await admin.connect()
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${new URL(database.url).pathname.slice(1)}`)
    try {
      const copied = await testStore(copy.href)
      const after = await copied.log.head()
      expect(after).toMatchObject({ head: before.head, floor: before.floor })
      expect(after.epoch).not.toBe(before.epoch)
      const { position } = await copied.change(ACTOR, async ({ emit }) => emit(note('in the copy')))
      expect(position).toEqual({ epoch: after.epoch, offset: before.head + 1 })
      await copied.close()
      const again = await testStore(copy.href)
      expect((await again.log.head()).epoch).toBe(after.epoch)
      await again.close()
      store = await testStore(database.url)
      expect(await store.log.head()).toEqual(before)
    } finally {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await admin.end()
    }
  })
})
