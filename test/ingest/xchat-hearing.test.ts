import { afterAll, beforeAll, expect, it } from 'vitest'
import { XCHAT_HEARD } from '../../src/domain/xchat-cursor.ts'
import { createTelling } from '../../src/ingest/xchat-hearing.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { silent, testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
let other: Store
const statements: string[] = []
beforeAll(async () => {
  database = await testDatabase()
  const onQuery = (sql: string) => void statements.push(sql)
  store = await openStore({
    databaseUrl: database.url,
    poolSize: 2,
    bus: { ring: async () => {} },
    logger: silent,
    onQuery,
  })
  other = await testStore(database.url)
  await store.prisma.account.create({
    data: { id: crypto.randomUUID(), xUserId: '900', screenName: 'acme', name: 'acme' },
  })
})
afterAll(async () => {
  await store?.close()
  await other?.close()
  await database?.drop()
})
const heard = () => store.prisma.sourceCursor.findFirst({ where: { source: XCHAT_HEARD } })
const writes = () => statements.filter((sql) => sql.includes('source_cursor') && sql.includes('INSERT')).length

it('a burst of 5,000 events is two marks, and takes one connection while they wait for the row', async () => {
  const tell = createTelling(store, silent)
  await tell('900')
  const before = await heard()
  let unlock = () => {}
  const unlocked = new Promise<void>((resolve) => {
    unlock = resolve
  })
  let locked = () => {}
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve
  })
  const locking = other.prisma.$transaction(async (db) => {
    await db.$queryRaw`SELECT 1 FROM source_cursor WHERE source = ${XCHAT_HEARD} FOR UPDATE`
    locked()
    await unlocked
  })
  await isLocked
  statements.length = 0
  const told = Array.from({ length: 5_000 }, () => tell('900'))
  // The pool has two: there is one left for everybody else.
  expect(await store.ping()).toBe(true)
  unlock()
  await Promise.all([locking, ...told])
  expect(writes()).toBe(2)
  expect((await heard())?.syncedAt?.getTime()).toBeGreaterThan(before?.syncedAt?.getTime() ?? Infinity)
})

it('who tells while a mark is being made is told of by the next', async () => {
  const tell = createTelling(store, silent)
  const first = tell('900')
  const second = tell('900')
  await first
  const between = await heard()
  await second
  expect(await heard()).not.toEqual(between)
})
