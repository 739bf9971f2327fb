import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { json } from '../../src/store/json-parameter.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { testStore } from '../helpers/stores.ts'

/** Rows as JSON in a parameter, past Prisma. */

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

type Db = Pick<Store['prisma'], '$queryRaw'>
const back = async (db: Db, text: string) =>
  (await db.$queryRaw<{ value: unknown }[]>`SELECT ${text}::jsonb AS value`)[0]?.value
/** Of any length: short ones go as they are. */
const value = fc.array(fc.record({ id: fc.uuid(), text: fc.string({ unit: 'grapheme' }) }), { maxLength: 40 })
/** PostgreSQL's jsonb keeps no U+0000. */
const storable = value.filter((rows) => !JSON.stringify(rows).includes('\\u0000'))

describe('JSON in a parameter', () => {
  it('reaches the database as it is, in a transaction and outside', async () => {
    await fc.assert(
      fc.asyncProperty(storable, async (rows) => {
        expect(await back(store.prisma, json(rows))).toEqual(rows)
        expect(await store.prisma.$transaction((db) => back(db, json(rows)))).toEqual(rows)
      }),
      { numRuns: 50 },
    )
  })

  it('of many statements at once is never mixed up', async () => {
    const all = Array.from({ length: 100 }, (_, n) => ({ n, text: 'x'.repeat(1_000) }))
    expect(await Promise.all(all.map((one) => back(store.prisma, json(one))))).toEqual(all)
  })

  it('is given once: a statement that is sent again with it fails, and writes nothing else', async () => {
    const text = json({ text: 'x'.repeat(1_000) })
    await back(store.prisma, text)
    await expect(back(store.prisma, text)).rejects.toThrow('already')
  })
})
