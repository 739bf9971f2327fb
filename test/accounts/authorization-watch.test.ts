import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAuthorizationWatch } from '../../src/accounts/authorization-watch.ts'
import { tokenPlace } from '../../src/accounts/sealed-places.ts'
import type { Refusal } from '../../src/domain/authorization.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { silent, testStore } from '../helpers/stores.ts'

/** F46, F47 with the real numbers: time passes by moving `refused_since` back. */

const vault = createVault('a secret that only this test knows of')
let database: TestDatabase
let store: Store
let accountId: string
/** The end of the log when the test began. */
let began: number
beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  const people = [
    { email: 'one@example.com', active: true },
    { email: 'two@example.com', active: true },
    { email: 'gone@example.com', active: false },
  ]
  for (const person of people)
    await store.prisma.user.create({ data: { id: randomUUID(), role: 'ADMIN', name: 'A', ...person } })
})
beforeEach(async () => {
  await store.prisma.account.deleteMany()
  await store.prisma.xProfile.deleteMany()
  await store.prisma.$executeRaw`DELETE FROM graphile_worker._private_jobs`
  began = (await store.log.head()).head
  accountId = await createAccount(store)
  await store.prisma.accountCredential.create({
    data: {
      accountId,
      accessToken: vault.seal('access', tokenPlace.access(accountId)),
      refreshToken: vault.seal('refresh', tokenPlace.refresh(accountId)),
      scopes: [],
      expiresAt: new Date(Date.now() + 3_600_000),
    },
  })
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

/** A process of its own. */
const watcher = () => createAuthorizationWatch({ store, vault, logger: silent })
const TOKEN = { CALL: 'access', GRANT: 'refresh' }
const refuse = (kind: Refusal, watch = watcher(), token = TOKEN[kind]) => watch.refused(accountId, kind, token)
const pass = (seconds: number) =>
  store.prisma.$executeRaw`
    UPDATE account_credential SET refused_since = refused_since - ${seconds} * interval '1 second'`
const counted = async () => (await store.prisma.accountCredential.findUnique({ where: { accountId } }))?.refusals
const cause = async () =>
  (await store.prisma.account.findUniqueOrThrow({ where: { id: accountId } })).deauthorizationCause
const events = async () => (await store.log.read(began, 100)).map(({ body }) => body)
async function mailed(): Promise<string[]> {
  const rows = await store.prisma.$queryRaw<{ email: string }[]>`
    SELECT u.email FROM graphile_worker._private_jobs j JOIN "user" u ON u.id = (j.payload->>'userId')::uuid
    WHERE u.email LIKE '%example.com' ORDER BY 1`
  return rows.map(({ email }) => email)
}

describe('calls that X refuses', () => {
  it('twenty times in one bad minute shut nobody out', async () => {
    for (let n = 1; n <= 20; n++) await refuse('CALL')
    await pass(60)
    await refuse('CALL')
    expect([await counted(), await cause(), await events()]).toEqual([21, null, []])
  })

  it('five times over ten minutes do, whichever processes made them', async () => {
    for (let n = 1; n <= 4; n++) await refuse('CALL')
    await pass(600)
    expect(await cause()).toBeNull()
    await refuse('CALL')
    expect(await cause()).toBe('REFUSED')
  })

  it('start over after one that X takes, whichever process made it', async () => {
    const [one, other] = [watcher(), watcher()]
    await one.accepted(accountId)
    await other.accepted(accountId)
    for (let n = 1; n <= 4; n++) await refuse('CALL', other)
    await pass(86_400)
    await one.accepted(accountId)
    expect(await counted()).toBe(0)
    await refuse('CALL', other)
    expect([await counted(), await cause()]).toEqual([1, null])
  })

  it.each(['CALL', 'GRANT'] as const)('%s: of a token that was replaced meanwhile count for nothing', async (kind) => {
    await refuse(kind, watcher(), 'the one before')
    expect(await counted()).toBe(0)
  })

  it('count for nothing while another process refreshes', async () => {
    await store.prisma.$transaction(async (db) => {
      await db.$queryRaw`SELECT 1 FROM account_credential FOR UPDATE`
      await refuse('CALL')
    })
    expect(await counted()).toBe(0)
  })
})

it('a grant that X refuses twice, five seconds apart, is over', async () => {
  await refuse('GRANT')
  await refuse('GRANT')
  expect(await cause()).toBeNull()
  await pass(5)
  await refuse('GRANT')
  expect(await cause()).toBe('PASSWORD_CHANGED')
})

it('processes that notice at once tell it once: one event, one e-mail for each active administrator', async () => {
  for (let n = 1; n <= 4; n++) await refuse('CALL')
  await pass(600)
  const stores = await Promise.all([1, 2, 3].map(() => testStore(database.url)))
  try {
    const processes = [store, ...stores].map((mine) => createAuthorizationWatch({ store: mine, vault, logger: silent }))
    await Promise.all([...processes, ...processes].map((watch) => refuse('CALL', watch)))
    expect(await events()).toEqual([
      { type: 'account.updated', accountId, changed: ['status'], what: 'DEAUTHORIZED', cause: 'REFUSED' },
    ])
    expect(await mailed()).toEqual(['one@example.com', 'two@example.com'])
    expect(await counted()).toBeUndefined()
  } finally {
    await Promise.all(stores.map((mine) => mine.close()))
  }
})
