import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forgetPreviousSecret, readSecret, readSecrets, replaceKeptSecret } from '../../src/secret.ts'
import { reseal, SEALED_COLUMNS } from '../../src/store/sealed-values.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { testStore } from '../helpers/stores.ts'

/** Replacing PERCH_SECRET while everything runs. */

const [OLD, NEW] = ['the secret before that is long enough', 'the secret from now on that is long enough']
const old = createVault(OLD)
const ring = createVault(NEW, [OLD])
const _fresh = createVault(NEW)
const _main = join(import.meta.dirname, '../../src/main.ts')

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

it('leaves alone what somebody changes meanwhile, and two at once do no harm', async () => {
  const accountId = await createAccount(store)
  const at = (column: string) => `account_credential/${accountId}/${column}`
  const seal = (vault: typeof old, n: number) => ({
    accessToken: vault.seal(`access ${n}`, at('access_token')),
    refreshToken: vault.seal(`refresh ${n}`, at('refresh_token')),
  })
  await store.prisma.accountCredential.create({
    data: { accountId, ...seal(old, 0), scopes: [], expiresAt: new Date() },
  })
  for (let n = 1; n <= 30; n++) {
    const refreshed = store.prisma.accountCredential.update({ where: { accountId }, data: seal(n % 2 ? old : ring, n) })
    await Promise.all([reseal(store.prisma, ring), refreshed, reseal(store.prisma, ring)])
    const row = await store.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
    expect(ring.open(row.accessToken, at('access_token'))).toBe(`access ${n}`)
    expect(ring.open(row.refreshToken ?? '', at('refresh_token'))).toBe(`refresh ${n}`)
  }
})

it('knows every column that holds a sealed value', async () => {
  // Texts of the schema that could hold one, by what they are called; what is not sealed says so here.
  const columns = await store.prisma.$queryRaw<{ name: string }[]>`
    SELECT table_name || '.' || column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'text'
      AND (column_name LIKE '%token%' OR column_name LIKE '%secret%' OR column_name LIKE '%verifier%'
        OR column_name LIKE '%password%' OR column_name LIKE '%key%')`
  const notSealed = ['ticket.thread_key', 'account_xchat.key_version']
  expect(
    columns
      .map(({ name }) => name)
      .filter((name) => !notSealed.includes(name))
      .toSorted(),
  ).toEqual(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted())
})

describe('a secret that is kept in the data directory', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'perch-rotate-'))
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))
  const read = () => readSecrets({ secret: undefined, previousSecrets: [], dataDir })

  it('is replaced once, however often it is begun, and the old one opens until it is forgotten', async () => {
    const first = await readSecret({ secret: undefined, dataDir })
    await replaceKeptSecret(dataDir)
    const { current, previous } = await read()
    expect([current === first, previous]).toEqual([false, [first]])
    await replaceKeptSecret(dataDir)
    expect(await read()).toEqual({ current, previous })
    await forgetPreviousSecret(dataDir)
    expect(await read()).toEqual({ current, previous: [] })
    expect(await readdir(dataDir)).toEqual(['secret'])
  })

  it('is never without its key, whenever it was killed', async () => {
    const first = await readSecret({ secret: undefined, dataDir })
    // Killed after the first step: the old secret has both names.
    await replaceKeptSecret(dataDir)
    await rm(join(dataDir, 'secret'))
    await copyFile(join(dataDir, 'secret.previous'), join(dataDir, 'secret'))
    await replaceKeptSecret(dataDir)
    const { current, previous } = await read()
    expect([current === first, previous]).toEqual([false, [first]])
    expect((await readFile(join(dataDir, 'secret.previous'), 'utf8')).trim()).toBe(first)
  })
})
