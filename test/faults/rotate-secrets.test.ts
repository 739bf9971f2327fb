import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSecret } from '../../src/secret.ts'
import { lockDataDir } from '../../src/store/data-dir.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { testStore } from '../helpers/stores.ts'

/** Replacing PERCH_SECRET while everything runs. */

const [OLD, NEW] = ['the secret before that is long enough', 'the secret from now on that is long enough']
const old = createVault(OLD)
const fresh = createVault(NEW)
const MAIN = join(import.meta.dirname, '../../dist/src/main.js')

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
const rotate = (more: Record<string, string> = {}) =>
  run({ DATABASE_URL: database.url, PERCH_SECRET: NEW, PERCH_SECRET_PREVIOUS: OLD, ...more })
function run(settings: Record<string, string>): ChildProcess & { said: () => string } {
  const child = spawn(process.execPath, [MAIN, 'rotate-secrets'], {
    env: { PATH: process.env['PATH'], ...settings },
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

  it('ends at Ctrl-C, says so, and does the rest when it is run again', async () => {
    await fill(2_000)
    const first = rotate()
    await expect.poll(openedAnew, { timeout: 20_000, interval: 5 }).toBeGreaterThan(50)
    first.kill('SIGINT')
    expect(await once(first, 'exit')).toEqual([130, null])
    expect(first.said()).toContain('Stopped.')
    expect(await openedAnew()).toBeLessThan(3_000)
    const second = rotate()
    expect(await once(second, 'exit')).toEqual([0, null])
    expect(await openedAnew()).toBe(3_000)
  })
})

describe('with the embedded database and the secret of the data directory', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'perch-rotate-'))
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))
  const id = randomUUID()
  /** Does something with the embedded database, as a Perch that runs. */
  async function withDatabase<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const release = await lockDataDir(dataDir)
    const postgres = await startEmbeddedPostgres({ dataDir })
    try {
      await migrate(postgres.url)
      const embedded = await testStore(postgres.url)
      return await work(embedded).finally(() => embedded.close())
    } finally {
      await postgres.stop()
      release()
    }
  }

  it('makes a new secret, and forgets the old one when nothing needs it any more', async () => {
    const first = await readSecret({ secret: undefined, dataDir })
    await withDatabase(async ({ prisma }) => {
      const accessToken = createVault(first).seal('access 1', place(id, 'access_token'))
      await prisma.grantRevocation.create({ data: { id, accountId: id, accessToken } })
      const beside = run({ PERCH_DATA_DIR: dataDir })
      expect(await once(beside, 'exit')).toEqual([1, null])
      expect(beside.said()).toMatch(/^The data directory .* is already in use by process \d+: stop that one.*\n$/)
    })
    expect(await readdir(dataDir)).not.toContain('secret.previous')
    const done = run({ PERCH_DATA_DIR: dataDir })
    expect(await once(done, 'exit')).toEqual([0, null])
    expect(done.said()).toContain('1 values are sealed anew')
    const second = await readSecret({ secret: undefined, dataDir })
    expect(second).not.toBe(first)
    expect(await readdir(dataDir)).not.toContain('secret.previous')
    await withDatabase(async ({ prisma }) => {
      const { accessToken } = await prisma.grantRevocation.findUniqueOrThrow({ where: { id } })
      expect(createVault(second).open(accessToken, place(id, 'access_token'))).toBe('access 1')
    })
  })

  it('keeps the old one while something could not be opened', async () => {
    const first = await readSecret({ secret: undefined, dataDir })
    await withDatabase(async ({ prisma }) => {
      const accessToken = createVault('a secret that nobody knows any more').seal('x', place(id, 'access_token'))
      await prisma.grantRevocation.create({ data: { id, accountId: id, accessToken } })
    })
    const tried = run({ PERCH_DATA_DIR: dataDir })
    expect(await once(tried, 'exit')).toEqual([1, null])
    expect((await readFile(join(dataDir, 'secret.previous'), 'utf8')).trim()).toBe(first)
  })
})
