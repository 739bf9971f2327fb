import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { authorizationPlace, revocationPlace, tokenPlace, xchatKeyPlace } from '../../src/accounts/sealed-places.ts'
import { signInPlace } from '../../src/requesters/sign-in.ts'
import { reseal, SEALED_COLUMNS } from '../../src/store/sealed-values.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault, type Vault } from '../../src/store/vault.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { testStore } from '../helpers/stores.ts'

/** Replacing PERCH_SECRET while everything runs; by a process that is killed: test/faults/rotate-secrets.test.ts. */

const [OLD, NEW] = ['the secret before that is long enough', 'the secret from now on that is long enough']
const old = createVault(OLD)
const ring = createVault(NEW, [OLD])
const fresh = createVault(NEW)

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

const at = (accountId: string, column: string) => `account_credential/${accountId}/${column}`
const sealAt = (vault: Vault, accountId: string, what: number | string) => ({
  accessToken: vault.seal(`access ${what}`, at(accountId, 'access_token')),
  refreshToken: vault.seal(`refresh ${what}`, at(accountId, 'refresh_token')),
})
async function createCredential(vault: Vault, handle?: string): Promise<string> {
  const accountId = await createAccount(store, handle ? { xUserId: handle, screenName: handle } : {})
  const data = { accountId, ...sealAt(vault, accountId, 0), scopes: [], expiresAt: new Date() }
  await store.prisma.accountCredential.create({ data })
  return accountId
}
/** A process with this ring renews an account's tokens. */
const renew = (vault: Vault, accountId: string, what: number | string) =>
  store.prisma.accountCredential.update({ where: { accountId }, data: sealAt(vault, accountId, what) })
async function read(vault: Vault, accountId: string): Promise<[string, string]> {
  const row = await store.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
  return [
    vault.open(row.accessToken, at(accountId, 'access_token')),
    vault.open(row.refreshToken ?? '', at(accountId, 'refresh_token')),
  ]
}
const texts = (what: number | string) => [`access ${what}`, `refresh ${what}`]

describe('sealing anew', () => {
  it('leaves alone what somebody changes meanwhile, and two at once do no harm', async () => {
    const accountId = await createCredential(old)
    for (let n = 1; n <= 30; n++) {
      await Promise.all([
        reseal(store.prisma, ring),
        renew(n % 2 ? old : ring, accountId, n),
        reseal(store.prisma, ring),
      ])
      expect(await read(ring, accountId)).toEqual(texts(n))
    }
  })

  it('looks again at what changed under its hands', async () => {
    const accountId = await createCredential(old)
    let resealing: ReturnType<typeof reseal> | undefined
    await store.prisma.$transaction(async (db) => {
      await db.accountCredential.update({ where: { accountId }, data: sealAt(old, accountId, 'renewed') })
      resealing = reseal(store.prisma, ring)
      // It has read what was there before, and waits for the row.
      const waiting = () =>
        store.prisma.$queryRaw<unknown[]>`
          SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      await expect.poll(waiting, { timeout: 5_000, interval: 10 }).toHaveLength(1)
    })
    expect(await resealing).toEqual({ total: 2, done: 2, unopened: [], unsettled: false })
    expect(await read(fresh, accountId)).toEqual(texts('renewed'))
  })

  it('says so when a process goes on sealing with another secret', async () => {
    const accountId = await createCredential(old)
    await store.prisma.$executeRawUnsafe(`
      CREATE FUNCTION restore() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW.access_token := OLD.access_token; RETURN NEW; END $$`)
    await store.prisma.$executeRawUnsafe(
      'CREATE TRIGGER restore BEFORE UPDATE ON account_credential FOR EACH ROW EXECUTE FUNCTION restore()',
    )
    expect(await reseal(store.prisma, ring)).toMatchObject({ unopened: [], unsettled: true })
    expect(await read(ring, accountId)).toEqual(texts(0))
  })

  it('ends after the row at hand when it is told to, and goes on another time', async () => {
    const accountId = await createCredential(old)
    const stop = new AbortController()
    const reason = new Error('enough')
    const stopped = reseal(store.prisma, ring, {
      onProgress: ({ done }) => done === 1 && stop.abort(reason),
      signal: stop.signal,
    })
    await expect(stopped).rejects.toBe(reason)
    expect(await reseal(store.prisma, ring)).toMatchObject({ total: 1, done: 1 })
    expect(await read(fresh, accountId)).toEqual(texts(0))
  })

  it('keeps what does not open as it is, and names it', async () => {
    const accountId = await createCredential(createVault('a secret that nobody knows any more'))
    const before = await store.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
    const { done, unopened, unsettled } = await reseal(store.prisma, ring)
    expect([done, unsettled]).toEqual([0, false])
    expect(unopened.map(({ place }) => place)).toEqual(
      ['access_token', 'refresh_token'].map((column) => at(accountId, column)),
    )
    expect(await store.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })).toEqual(before)
  })
})

it('two processes that go over to another secret in the order of the README open all that either sealed', async () => {
  const rings = [old, createVault(OLD, [NEW]), ring, fresh]
  const [one, two] = [await createCredential(old, '1'), await createCredential(old, '2')]
  const untouched = await createCredential(old, '3')
  const both = async (here: Vault, there: Vault, step: string) => {
    for (const vault of [here, there]) {
      for (const accountId of [one, two]) expect((await read(vault, accountId))[0]).toMatch(/^access /)
      expect(await read(vault, untouched)).toEqual(texts(0))
    }
    await renew(here, one, step)
    await renew(there, two, step)
    for (const vault of [here, there]) {
      expect(await read(vault, one)).toEqual(texts(step))
      expect(await read(vault, two)).toEqual(texts(step))
    }
  }
  for (const [step, next] of rings.entries()) {
    const before = rings[step - 1]
    // What nobody renews waits for the rotation, which comes before the old secret is forgotten.
    if (next === fresh) expect(await reseal(store.prisma, ring)).toMatchObject({ done: 2, unsettled: false })
    // One process is restarted, and then the other.
    if (before) await both(next, before, `${step} begun`)
    await both(next, next, `${step} done`)
  }
})

it('knows every column that holds a sealed value', async () => {
  // Texts of the schema that could hold one, by what they are called; what is not sealed says so here.
  const columns = await store.prisma.$queryRaw<{ name: string }[]>`
    SELECT table_name || '.' || column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'text'
      AND (column_name LIKE '%token%' OR column_name LIKE '%secret%' OR column_name LIKE '%verifier%'
        OR column_name LIKE '%password%' OR column_name LIKE '%key%')`
  const notSealed = ['ticket.thread_key', 'account_xchat.key_version', 'bulk_update_job.idempotency_key']
  expect(
    columns
      .map(({ name }) => name)
      .filter((name) => !notSealed.includes(name))
      .toSorted(),
  ).toEqual(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted())
})

it('knows values by the places that they were sealed for', () => {
  const id = randomUUID()
  const places = [
    tokenPlace.access(id),
    tokenPlace.refresh(id),
    xchatKeyPlace(id),
    authorizationPlace(id),
    signInPlace(id),
    revocationPlace.access(id),
    revocationPlace.refresh(id),
  ]
  expect(SEALED_COLUMNS.map(({ table, column }) => `${table}/${id}/${column}`)).toEqual(places)
})
