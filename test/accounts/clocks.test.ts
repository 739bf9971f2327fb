import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator } from '../../simulator/index.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand } from '../helpers/perch.ts'
import { testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
})
afterEach(async () => {
  await store?.close()
  await database?.drop()
})

it.each([
  ['ahead of', -3_600_000],
  ['behind', 3_600_000],
])(
  'an account that is connected while the database’s clock is an hour %s X’s captures from X’s now on',
  async (_way, by) => {
    const simulator = await createSimulator({ clock: () => new Date(Date.now() + by) })
    try {
      const id = await connectBrand(database.url, simulator)
      const { capturesFrom } = await store.prisma.account.findUniqueOrThrow({ where: { id } })
      expect(Math.abs(capturesFrom.getTime() - (Date.now() + by))).toBeLessThan(30_000)
    } finally {
      await simulator.close()
    }
  },
)

it('clocks that differ by a second are no reason: what was said just before is history', async () => {
  const simulator = await createSimulator()
  try {
    const before = Date.now()
    const id = await connectBrand(database.url, simulator)
    const { capturesFrom } = await store.prisma.account.findUniqueOrThrow({ where: { id } })
    expect(capturesFrom.getTime()).toBeGreaterThanOrEqual(before - 5)
  } finally {
    await simulator.close()
  }
})
