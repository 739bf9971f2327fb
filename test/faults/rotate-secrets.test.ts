import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { testStore } from '../helpers/stores.ts'

/** Replacing PERCH_SECRET while everything runs. */

const [OLD, NEW] = ['the secret before that is long enough', 'the secret from now on that is long enough']
const old = createVault(OLD)
const fresh = createVault(NEW)
const main = join(import.meta.dirname, '../../src/main.ts')

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

const place = (id: string, column: string) => `grant_revocation/${id}/${column}`
async function fill(count: number): Promise<void> {
  const accountId = randomUUID()
  await store.prisma.grantRevocation.createMany({
    data: Array.from({ length: count }, (_, n) => {
      const id = randomUUID()
      const accessToken = old.seal(`access ${n}`, place(id, 'access_token'))
      return {
        id,
        accountId,
        accessToken,
        refreshToken: n % 2 ? old.seal(`refresh ${n}`, place(id, 'refresh_token')) : null,
      }
    }),
  })
}
/** How many values open with the new secret alone, and say what they said. */
async function openedAnew(): Promise<number> {
  const rows = await store.prisma.grantRevocation.findMany()
  let opened = 0
  for (const { id, accessToken, refreshToken } of rows) {
    if (!accessToken.startsWith(fresh.currentPrefix)) continue
    expect(fresh.open(accessToken, place(id, 'access_token'))).toMatch(/^access \d+$/)
    opened++
    if (refreshToken) {
      if (!refreshToken.startsWith(fresh.currentPrefix)) continue
      expect(fresh.open(refreshToken, place(id, 'refresh_token'))).toMatch(/^refresh \d+$/)
      opened++
    }
  }
  return opened
}
function rotate(more: Record<string, string> = {}): ChildProcess & { said: () => string } {
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'rotate-secrets'], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      PERCH_SECRET: NEW,
      PERCH_SECRET_PREVIOUS: OLD,
      ...more,
    },
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  child.stderr.on('data', (chunk) => {
    text += chunk
  })
  return Object.assign(child, { said: () => text })
}

describe('rotate-secrets', () => {
  it('goes on where it was killed, and leaves nothing under the old secret', async () => {
    await fill(2_000)
    const first = rotate()
    await expect.poll(openedAnew, { timeout: 20_000, interval: 5 }).toBeGreaterThan(50)
    first.kill('SIGKILL')
    await once(first, 'exit')
    const before = await openedAnew()
    expect(before).toBeLessThan(3_000)
    const second = rotate()
    expect(await once(second, 'exit')).toEqual([0, null])
    expect(second.said()).toContain(`${3_000 - before} values are sealed anew`)
    expect(await openedAnew()).toBe(3_000)
    const third = rotate({ PERCH_SECRET_PREVIOUS: '' })
    expect(await once(third, 'exit')).toEqual([0, null])
    expect(third.said()).toContain('PERCH_SECRET_PREVIOUS can be removed')
  })

  it('names what it cannot open, exits with 1, and does the rest', async () => {
    await fill(3)
    const lost = randomUUID()
    const stranger = createVault('a secret that nobody knows any more, sadly')
    const accessToken = stranger.seal('x', place(lost, 'access_token'))
    await store.prisma.grantRevocation.create({ data: { id: lost, accountId: lost, accessToken } })
    const run = rotate()
    expect(await once(run, 'exit')).toEqual([1, null])
    expect(run.said()).toContain(place(lost, 'access_token'))
    expect(run.said()).not.toContain(accessToken)
    expect(await openedAnew()).toBe(4)
  })
})
