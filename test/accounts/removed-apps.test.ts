import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deauthorize } from '../../src/accounts/deauthorize.ts'
import { createRemovedApps } from '../../src/accounts/removed-apps.ts'
import { tokenPlace } from '../../src/accounts/sealed-places.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { XError } from '../../src/x/errors.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { BRAND_ID, createAccount } from '../helpers/posts.ts'
import { silent, testStore } from '../helpers/stores.ts'

/** F46: when X's `oauth.revoke` is believed. */

const vault = createVault('a secret that only this test knows of')
const ACTOR = { kind: 'system', part: 'test' } as const
const GRANTED = new Date('2026-11-01T12:00:00Z')
const TIMES = { before: new Date('2026-11-01T11:59:00Z'), after: new Date('2026-11-01T12:01:00Z') }

let database: TestDatabase
let store: Store
let accountId: string
/** The end of the log when the test began. */
let began: number
beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  await store.prisma.user.create({ data: { id: randomUUID(), role: 'ADMIN', name: 'A', email: 'a@example.com' } })
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
      scopes: [],
      grantedAt: GRANTED,
      expiresAt: new Date(Date.now() + 3_600_000),
    },
  })
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

/** Acts on events; `me` is what X answers when it is asked. */
function removedApps(me: () => Promise<void>) {
  const x = {
    me: async () => {
      await me()
      return { body: {} }
    },
  }
  const tokens = { get: async () => 'access' }
  return createRemovedApps({ store, vault, x, tokens, calls: freeCalls(), logger: silent })
}
const ANSWERS = {
  'lets it in': async () => {},
  'answers 401': () => Promise.reject(new XError('UNAUTHORIZED', 'no')),
  'is away': () => Promise.reject(new XError('UNAVAILABLE', 'no answer')),
}
const seen = async () => {
  const { status, deauthorizationCause } = await store.prisma.account.findUniqueOrThrow({ where: { id: accountId } })
  return [status, deauthorizationCause]
}
const events = async () => (await store.log.read(began, 100)).map(({ body }) => body)
const mails = () => store.prisma.$queryRaw<unknown[]>`SELECT 1 FROM graphile_worker._private_jobs`

describe('that an app was removed', () => {
  it.each([
    ['lets it in', 'after', 'ACTIVE', null],
    ['lets it in', 'before', 'ACTIVE', null],
    ['answers 401', 'after', 'DEAUTHORIZED', 'APP_REMOVED'],
    ['answers 401', 'before', 'DEAUTHORIZED', 'APP_REMOVED'],
    ['is away', 'after', 'DEAUTHORIZED', 'APP_REMOVED'],
    ['is away', 'before', 'ACTIVE', null],
  ] as const)('while X %s, told of %s the grant, leaves the account %s', async (answer, at, ...expected) => {
    await removedApps(ANSWERS[answer]).heard(BRAND_ID, TIMES[at])
    expect(await seen()).toEqual(expected)
    // Told again, it changes nothing.
    const before = await events()
    await removedApps(ANSWERS[answer]).heard(BRAND_ID, TIMES[at])
    expect(await events()).toEqual(before)
  })

  it('is nothing when the account was authorized anew while X was asked', async () => {
    const removed = removedApps(async () => {
      await store.prisma.accountCredential.update({ where: { accountId }, data: { grantedAt: new Date() } })
      throw new XError('UNAUTHORIZED', 'the old token')
    })
    await removed.heard(BRAND_ID, TIMES.after)
    expect(await seen()).toEqual(['ACTIVE', null])
  })

  it('is nothing to accounts that are not ours', async () => {
    await removedApps(ANSWERS['answers 401']).heard('999', TIMES.after)
    expect(await seen()).toEqual(['ACTIVE', null])
  })
})

describe('refusals that were quicker than X’s word', () => {
  const shutOut = () => store.change(ACTOR, (scope) => deauthorize(scope, vault, accountId, 'PASSWORD_CHANGED'))
  it.each([
    ['before it came', async () => void (await shutOut()), ANSWERS['answers 401']],
    ['while X was asked', async () => {}, () => shutOut().then(ANSWERS['answers 401'])],
  ])('%s have their cause corrected, without a second e-mail', async (_when, first, me) => {
    await first()
    await removedApps(me).heard(BRAND_ID, new Date())
    expect(await seen()).toEqual(['DEAUTHORIZED', 'APP_REMOVED'])
    const common = { type: 'account.updated', accountId }
    expect(await events()).toEqual([
      { ...common, changed: ['status'], what: 'DEAUTHORIZED', cause: 'PASSWORD_CHANGED' },
      { ...common, changed: ['deauthorization'] },
    ])
    expect(await mails()).toHaveLength(1)
  })

  it('keep it when X’s word is of another occasion', async () => {
    await shutOut()
    await removedApps(ANSWERS['answers 401']).heard(BRAND_ID, new Date(Date.now() - 2 * 3_600_000))
    expect(await seen()).toEqual(['DEAUTHORIZED', 'PASSWORD_CHANGED'])
  })
})
