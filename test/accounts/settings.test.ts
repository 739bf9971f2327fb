import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { validatedSimulator } from '../helpers/simulator.ts'
import { type AccountSeen, accounts, brands, connect, empty, mutate } from './graphql.ts'

/** F3, F5, F9-F17: settings and what depends on what, through GraphQL and in the database. */

let simulator: Simulator
let database: TestDatabase
let app: App
let ids: string[]
beforeAll(async () => {
  simulator = (await validatedSimulator()).simulator
  ids = brands(simulator, 5)
  database = await testDatabase()
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
})
afterAll(async () => {
  await app?.close()
  await simulator?.close()
  await database?.drop()
})
// A plan has room for five.
beforeEach(() => empty(app, 'account', 'event'))

async function connected(n = 0): Promise<AccountSeen> {
  const { account } = await connect(app, ids[n] ?? '')
  if (!account) throw new Error('not connected')
  return account
}
const update = (account: AccountSeen, settings: object) =>
  mutate(app, 'updateAccount', { accountId: account.id, ...settings }, 'admin', 'warnings { code }')
const codes = ({ userErrors }: { userErrors: readonly { code: string }[] }) => userErrors.map(({ code }) => code)

describe('the default account', () => {
  it('must allow replies, and is none any more when it does not (F10)', async () => {
    const account = await connected()
    expect(codes(await update(account, { isDefault: true, allowReplies: false }))).toEqual(['DEFAULT_NEEDS_REPLIES'])
    expect((await update(account, { isDefault: true })).account).toMatchObject({ isDefault: true })
    expect((await update(account, { allowReplies: false })).account).toMatchObject({
      isDefault: false,
      canReply: false,
    })
    expect(codes(await update(account, { isDefault: true }))).toEqual(['DEFAULT_NEEDS_REPLIES'])
    expect((await update(account, { isDefault: true, allowReplies: true })).account).toMatchObject({ isDefault: true })
  })

  it('takes the place of the one before (F11)', async () => {
    const [one, two] = [await connected(0), await connected(1)]
    await update(one, { isDefault: true })
    await update(two, { isDefault: true })
    expect((await accounts(app)).map(({ isDefault }) => isDefault)).toEqual([false, true])
  })

  it('is exactly one, whatever 100 updates claim at once (F11)', async () => {
    const all = [await connected(0), await connected(1), await connected(2), await connected(3), await connected(4)]
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => update(all[n % 5] as AccountSeen, { isDefault: true })),
    )
    expect(answers.flatMap(codes)).toEqual([])
    const now = await accounts(app)
    expect(now.filter(({ isDefault }) => isDefault)).toHaveLength(1)
    // The log tells the same story: each claim that changed something unset exactly the one before.
    const events = await app.store.prisma.$queryRaw<{ account: string; changed: string[] }[]>`
      SELECT account_id::text AS account, ARRAY(SELECT jsonb_array_elements_text(data->'changed')) AS changed
      FROM event WHERE type = 'account.updated' ORDER BY "offset"`
    const last = events.filter(({ changed }) => changed.includes('isDefault')).at(-1)
    const [winner] = await app.store.prisma.account.findMany({ where: { isDefault: true } })
    expect(last?.account).toBe(winner?.id)
  })
})

describe('manual conversion', () => {
  it('is off while mentions are captured, and follows the capture (F15)', async () => {
    const account = await connected()
    expect(account).toMatchObject({ captureMentions: true, manualConversion: false })
    expect(codes(await update(account, { manualConversion: true }))).toEqual(['CONVERSION_NEEDS_CAPTURE_OFF'])
    expect((await update(account, { captureMentions: false })).account).toMatchObject({ manualConversion: true })
    expect((await update(account, { captureMentions: true })).account).toMatchObject({ manualConversion: false })
    expect((await update(account, { captureMentions: false, manualConversion: false })).account).toMatchObject({
      manualConversion: false,
    })
    expect((await update(account, { trackLikes: true })).account).toMatchObject({ manualConversion: false })
    expect(codes(await update(account, { captureMentions: true, manualConversion: true }))).toEqual([
      'CONVERSION_NEEDS_CAPTURE_OFF',
    ])
  })
})

describe('direct messages', () => {
  it('that another channel reads too are warned of, and saved (F17)', async () => {
    const account = await connected()
    expect((await update(account, { captureDirectMessages: true })).warnings).toEqual([])
    const both = await update(account, { otherDirectMessageChannel: true })
    expect([both.warnings, both.userErrors]).toEqual([[{ code: 'DUPLICATE_TICKETS' }], []])
    expect((await update(account, { captureDirectMessages: false })).warnings).toEqual([])
    expect((await update(account, { captureDirectMessages: true })).warnings).toEqual([{ code: 'DUPLICATE_TICKETS' }])
  })

  it('that are no longer captured take the XChat key with them (F39)', async () => {
    const account = await connected()
    await update(account, { captureDirectMessages: true })
    const [{ id } = { id: '' }] = await app.store.prisma.account.findMany()
    await app.store.prisma.accountXChat.create({
      data: { accountId: id, status: 'CONFIRMED', secretKey: 'sealed', keyVersion: '1', confirmedAt: new Date() },
    })
    await update(account, { captureDirectMessages: false })
    expect(await app.store.prisma.accountXChat.count()).toBe(0)
  })
})

describe('the database', () => {
  it.each([
    ['a default without replies', { isDefault: true, allowReplies: false }],
    ['manual conversion beside capture', { manualConversion: true, captureMentions: true }],
    ['a deauthorization without a cause', { status: 'DEAUTHORIZED', deauthorizedAt: new Date() }],
    ['an unlinked account without a time', { status: 'UNLINKED' }],
    ['an active account that is deactivated', { status: 'ACTIVE', deactivatedAt: new Date() }],
  ] as const)('takes no account with %s', async (_what, data) => {
    await connected()
    await expect(app.store.prisma.account.updateMany({ data })).rejects.toThrow()
  })

  it('takes no second default', async () => {
    await connected(0)
    await connected(1)
    await expect(app.store.prisma.account.updateMany({ data: { isDefault: true } })).rejects.toThrow()
  })

  it('takes no XChat without direct messages (F39)', async () => {
    await connected()
    const [{ id } = { id: '' }] = await app.store.prisma.account.findMany()
    await expect(app.store.prisma.accountXChat.create({ data: { accountId: id } })).rejects.toThrow()
    await expect(
      app.store.prisma.accountXChat.create({ data: { accountId: id, captureDirectMessages: false } }),
    ).rejects.toThrow()
  })
})

describe('agents', () => {
  it('see what they need to reply, and nothing of how X lets us in (F3, F5)', async () => {
    const account = await connected()
    const token = await tokenFor(app, 'agent')
    expect(await accounts(app, 'agent')).toEqual([account])
    for (const field of ['grant { scopes }', 'capturesFrom', 'otherDirectMessageChannel']) {
      await expect(query(app.url, token, `{ accounts { ${field} } }`)).rejects.toThrow(/is for administrators/)
    }
  })

  it.each([
    ['updateAccount', { allowReplies: false }],
    ['deactivateAccount', {}],
    ['reactivateAccount', {}],
    ['unlinkAccount', { screenName: 'brand_0' }],
  ])('cannot %s (F3)', async (mutation, input) => {
    const account = await connected()
    await expect(mutate(app, mutation, { accountId: account.id, ...input }, 'agent')).rejects.toThrow(
      /is for administrators/,
    )
    expect(await accounts(app)).toEqual([account])
  })
})

it('an account that is not there, or an id of something else, is said to be so', async () => {
  const none = Buffer.from('Account:00000000-0000-4000-8000-000000000000').toString('base64')
  expect(codes(await mutate(app, 'updateAccount', { accountId: none }))).toEqual(['NOT_FOUND'])
  expect(codes(await mutate(app, 'updateAccount', { accountId: 'nonsense' }))).toEqual(['INVALID_INPUT'])
  const account = await connected()
  expect((await update(account, { brandId: '  ' })).userErrors).toMatchObject([
    { code: 'INVALID_INPUT', field: ['brandId'] },
  ])
})

it('an update that changes nothing leaves no event', async () => {
  const account = await connected()
  const before = await app.store.log.head()
  await update(account, { allowReplies: true, captureMentions: true })
  expect(await app.store.log.head()).toEqual(before)
})
