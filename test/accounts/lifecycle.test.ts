import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { type Watched, watch } from '../helpers/console.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { type AccountSeen, accounts, brands, connect, mutate } from './graphql.ts'

/** F6, F7 and accountEvents: switching off, on, and letting go. */

interface EventSeen {
  readonly type: string
  readonly changed: readonly string[]
  readonly position: string
  readonly actor: { readonly kind: string }
  readonly account: { readonly screenName: string; readonly status: string } | null
}
const EVENTS = `subscription ($after: Position) { accountEvents(after: $after) {
  type changed position actor { kind } account { screenName status } } }`

let database: TestDatabase
let x: ValidatedSimulator
let app: App
let account: AccountSeen
let events: Watched<EventSeen>
beforeEach(async () => {
  database = await testDatabase()
  x = await validatedSimulator()
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
  events = watch<EventSeen>(app.url, await tokenFor(app, 'agent'), 'accountEvents', EVENTS, { after: await end() })
  const { account: connected } = await connect(app, brands(x.simulator, 1)[0] ?? '')
  if (!connected) throw new Error('not connected')
  account = connected
})
afterEach(async () => {
  await events?.close()
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

async function end(): Promise<string> {
  const { epoch, head } = await app.store.log.head()
  return `${epoch}:${head}`
}
const customer = () =>
  x.simulator.users().find(({ username }) => username !== 'acme' && !username.startsWith('brand'))?.id ?? ''
const post = (text: string) => x.simulator.createPost({ from: customer(), text })
async function tickets(): Promise<string[]> {
  const answer = await query<{ tickets: { nodes: { subject: string }[] } }>(
    app.url,
    await tokenFor(app),
    '{ tickets { nodes { subject } } }',
  )
  return answer.tickets.nodes.map(({ subject }) => subject).toSorted()
}
const on = { accountId: '' }
beforeEach(() => {
  on.accountId = account.id
})

describe('an account that was switched off', () => {
  it('makes no tickets and answers nobody, until it is switched on again (F6)', async () => {
    post('@brand_0 before')
    await expect.poll(tickets).toEqual(['before'])
    expect((await mutate(app, 'deactivateAccount', on)).account).toMatchObject({
      status: 'DEACTIVATED',
      canReply: false,
    })
    await events.find(({ type }) => type === 'DEACTIVATED')
    post('@brand_0 meanwhile')
    expect((await mutate(app, 'reactivateAccount', on)).account).toMatchObject({ status: 'ACTIVE', canReply: true })
    post('@brand_0 after')
    await expect.poll(tickets, { timeout: 10_000 }).toEqual(['after', 'before'])
    expect(events.seen.map(({ type }) => type)).toEqual(['CONNECTED', 'DEACTIVATED', 'REACTIVATED'])
    expect(events.seen[1]).toMatchObject({
      actor: { kind: 'USER' },
      changed: ['status'],
      account: { screenName: 'brand_0' },
    })
  })

  it('stays off through a new authorization, and is not switched on twice', async () => {
    await mutate(app, 'deactivateAccount', on)
    const before = await end()
    await mutate(app, 'deactivateAccount', on)
    expect(await end()).toBe(before)
    await connect(app, x.simulator.users().find(({ username }) => username === 'brand_0')?.id ?? '', account.id)
    expect(await accounts(app)).toMatchObject([{ status: 'DEACTIVATED' }])
    await mutate(app, 'reactivateAccount', on)
    expect((await mutate(app, 'reactivateAccount', on)).userErrors).toEqual([])
  })
})

describe('an account that X shut out', () => {
  beforeEach(async () => {
    await app.store.prisma.accountCredential.deleteMany()
    await app.store.prisma.account.updateMany({
      data: { status: 'DEAUTHORIZED', deauthorizedAt: new Date(), deauthorizationCause: 'APP_REMOVED' },
    })
  })
  it('does not come back by being switched on', async () => {
    expect((await mutate(app, 'reactivateAccount', on)).userErrors).toMatchObject([{ code: 'ACCOUNT_DEAUTHORIZED' }])
  })
  it('says why', async () => {
    const text = '{ accounts { status canReply deauthorization { cause at } } }'
    expect(await query(app.url, await tokenFor(app), text)).toEqual({
      accounts: [
        { status: 'DEAUTHORIZED', canReply: false, deauthorization: { cause: 'APP_REMOVED', at: expect.any(String) } },
      ],
    })
  })
  it('comes back switched off if it was switched off meanwhile', async () => {
    await mutate(app, 'deactivateAccount', on)
    expect(await accounts(app)).toMatchObject([{ status: 'DEAUTHORIZED' }])
    await connect(app, x.simulator.users().find(({ username }) => username === 'brand_0')?.id ?? '')
    expect(await accounts(app)).toMatchObject([{ status: 'DEACTIVATED' }])
  })
})

describe('an account that was let go', () => {
  it('must be named to confirm it (F7)', async () => {
    for (const screenName of ['', 'brand', 'brand_1', '@']) {
      const { userErrors } = await mutate(app, 'unlinkAccount', { ...on, screenName })
      expect(userErrors).toMatchObject([{ code: 'CONFIRMATION_MISMATCH', field: ['screenName'] }])
    }
    expect(await accounts(app)).toHaveLength(1)
    expect((await mutate(app, 'unlinkAccount', { ...on, screenName: ' @Brand_0 ' })).userErrors).toEqual([])
  })

  it('leaves its tickets, and neither tokens nor a place in the plan (F7)', async () => {
    post('@brand_0 before')
    await expect.poll(tickets).toEqual(['before'])
    await mutate(app, 'updateAccount', { ...on, isDefault: true })
    await mutate(app, 'unlinkAccount', { ...on, screenName: 'brand_0' })
    await events.find(({ type }) => type === 'UNLINKED')
    post('@brand_0 after')
    expect(await accounts(app)).toEqual([])
    const all =
      '{ accounts(includeUnlinked: true) { status isDefault } tickets { nodes { subject account { screenName status } } } }'
    expect(await query(app.url, await tokenFor(app), all)).toEqual({
      accounts: [{ status: 'UNLINKED', isDefault: false }],
      tickets: { nodes: [{ subject: 'before', account: { screenName: 'brand_0', status: 'UNLINKED' } }] },
    })
    expect(await app.store.prisma.accountCredential.count()).toBe(0)
    for (const name of ['updateAccount', 'deactivateAccount', 'reactivateAccount']) {
      expect((await mutate(app, name, on)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    }
  })

  it('can be connected again, as new, with its old tickets', async () => {
    post('@brand_0 before')
    await expect.poll(tickets).toEqual(['before'])
    await mutate(app, 'updateAccount', { ...on, captureMentions: false })
    await mutate(app, 'unlinkAccount', { ...on, screenName: 'brand_0' })
    const { account: again } = await connect(
      app,
      x.simulator.users().find(({ username }) => username === 'brand_0')?.id ?? '',
    )
    expect(again).toEqual(account)
    expect(await tickets()).toEqual(['before'])
    post('@brand_0 again')
    await expect.poll(tickets, { timeout: 10_000 }).toEqual(['again', 'before'])
  })
})

it('account events are resumed without a gap, and carry the position that the mutation answered', async () => {
  const { position } = await mutate(app, 'deactivateAccount', on)
  await events.find((event) => event.position === position)
  await mutate(app, 'reactivateAccount', on)
  const later = watch<EventSeen>(app.url, await tokenFor(app, 'admin'), 'accountEvents', EVENTS, { after: position })
  await later.find(({ type }) => type === 'REACTIVATED')
  expect(later.seen).toHaveLength(1)
  await later.close()
})
