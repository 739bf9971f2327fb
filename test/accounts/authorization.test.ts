import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ParsedMail, simpleParser } from 'mailparser'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { watchInactivity } from '../../src/accounts/inactivity.ts'
import { type App, startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createVault } from '../../src/store/vault.ts'
import { type Watched, watch } from '../helpers/console.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, SECRET, settings, tokenFor } from '../helpers/perch.ts'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts'
import { silent } from '../helpers/stores.ts'
import { type AccountSeen, accounts, brands, connect, consent, mutate } from './graphql.ts'

/** F46-F49: how Perch notices that X shuts an account out, what it says, and how the account comes back. */

interface EventSeen {
  readonly type: string
  readonly cause: string | null
  readonly days: number | null
}
const EVENTS = 'subscription { accountEvents { type cause days } }'
/** Quick ones: that they must be consistent is tested, and the real numbers are a table (test/domain/authorization). */
const PATIENCE = { CALL: { count: 3, ms: 600 }, GRANT: { count: 2, ms: 300 } }

let database: TestDatabase
let x: ValidatedSimulator
let smtp: TestSmtp
let app: App
let account: AccountSeen
let brand: string
let events: Watched<EventSeen>
beforeEach(async () => {
  database = await testDatabase()
  x = await validatedSimulator()
  smtp = await startSmtp()
  app = await start({ SMTP_URL: smtp.url })
  ;[brand = ''] = brands(x.simulator, 1)
  const { account: connected } = await connect(app, brand)
  if (!connected) throw new Error('not connected')
  account = connected
  events = watch<EventSeen>(app.url, await tokenFor(app, 'admin'), 'accountEvents', EVENTS)
  await expect.poll(() => x.simulator.state.streams).toBe(1)
})
afterEach(async () => {
  await events?.close()
  await app?.close()
  await smtp?.close()
  await x?.simulator.close()
  await database?.drop()
})

function start(more: Record<string, string>): Promise<App> {
  const env = { ...settings({ databaseUrl: database.url, simulatorUrl: x.simulator.url }), ...more }
  return startApp(readConfig(env), pino({ level: 'silent' }), { pollMs: 150, patience: PATIENCE })
}
const one = async () => (await accounts(app))[0]
const post = (text: string) => {
  const from =
    x.simulator.users().find(({ username }) => username !== 'acme' && !username.startsWith('brand'))?.id ?? ''
  return x.simulator.createPost({ from, text: `@brand_0 ${text}` })
}
async function tickets(): Promise<string[]> {
  const text = '{ tickets(first: 100) { nodes { subject } } }'
  const { tickets } = await query<{ tickets: { nodes: { subject: string }[] } }>(app.url, await tokenFor(app), text)
  return tickets.nodes.map(({ subject }) => subject).toSorted()
}
const linkIn = (mail: ParsedMail | undefined) =>
  /http\S+\/oauth\/x\/start\?ticket=\S+/.exec(mail?.text ?? '')?.[0] ?? ''

describe('an owner who removes the app', () => {
  it('is noticed at once; administrators are written to once, and their link brings the account back as it was', async () => {
    await mutate(app, 'updateAccount', { accountId: account.id, isDefault: true, trackLikes: true })
    const before = await one()
    post('before')
    await expect.poll(tickets).toEqual(['before'])
    const removedAt = performance.now()
    x.simulator.revoke({ user: brand })
    await events.find(({ type, cause }) => type === 'DEAUTHORIZED' && cause === 'APP_REMOVED')
    // A fraction of a second where nothing else runs (test/faults looks closer).
    expect(performance.now() - removedAt).toBeLessThan(3_000)
    expect(await one()).toMatchObject({ status: 'DEAUTHORIZED', canReply: false, isDefault: true })
    expect(await app.store.prisma.accountCredential.count()).toBe(0)

    await expect.poll(() => smtp.mails.length).toBe(1)
    const [mail] = smtp.mails
    expect(mail?.subject).toBe('@brand_0 must be authorized anew on X')
    for (let n = 1; n <= 3; n++) post(`meanwhile ${n}`)
    const start = await fetch(linkIn(mail), { redirect: 'manual' })
    const page = await fetch(await consent(start.headers.get('location') ?? '', brand))
    expect(page.status).toBe(200)
    await events.find(({ type }) => type === 'REAUTHORIZED')
    expect(await one()).toEqual(before)
    // What was missed is fetched, once.
    await expect.poll(tickets, { timeout: 10_000 }).toEqual(['before', 'meanwhile 1', 'meanwhile 2', 'meanwhile 3'])
    expect(smtp.mails).toHaveLength(1)
  })

  it('is not believed of an event that is told again after a new authorization', async () => {
    x.simulator.revoke({ user: brand })
    await events.find(({ type }) => type === 'DEAUTHORIZED')
    await connect(app, brand)
    // A dropped stream is connected again with backfill, and X repeats what it told.
    x.simulator.dropStreams()
    await expect.poll(() => x.simulator.state.streams).toBe(1)
    post('after')
    await expect.poll(tickets, { timeout: 10_000 }).toEqual(['after'])
    expect(await one()).toMatchObject({ status: 'ACTIVE' })
    expect(events.seen.map(({ type }) => type)).toEqual(['DEAUTHORIZED', 'REAUTHORIZED'])
  })
})

it('a changed password is noticed when X refuses the refresh token, again', async () => {
  x.simulator.changePassword({ user: brand })
  await events.find(({ type, cause }) => type === 'DEAUTHORIZED' && cause === 'PASSWORD_CHANGED')
  await expect.poll(() => smtp.mails.length).toBe(1)
  expect(smtp.mails[0]?.text).toContain('password')
})

describe('refusals', () => {
  it('that are few, or in a bad quarter of an hour of X, shut nobody out', async () => {
    x.simulator.addFault({ match: { path: '/2/users/*' }, kind: 'status', status: 401, times: 3 })
    for (const status of [500, 503, 429]) {
      x.simulator.addFault({ match: { path: '/2/oauth2/token' }, kind: 'status', status, times: 2 })
      x.simulator.addFault({ match: { path: '/2/users/*' }, kind: 'status', status, times: 2, resetSeconds: 1 })
    }
    x.simulator.addFault({ match: { path: '/2/users/*' }, kind: 'html', times: 1 })
    post('through it all')
    await expect
      .poll(() => x.exchanges.filter(({ status }) => status >= 400).length, { timeout: 10_000 })
      .toBeGreaterThan(5)
    x.simulator.clearFaults()
    await expect
      .poll(async () => (await app.store.prisma.accountCredential.findFirst())?.refusals, { timeout: 15_000 })
      .toBe(0)
    expect(events.seen).toEqual([])
    await expect.poll(tickets, { timeout: 15_000 }).toEqual(['through it all'])
  })

  it('that are consistent, with fresh tokens, do', async () => {
    x.simulator.addFault({ match: { path: '/2/users/*' }, kind: 'status', status: 401, times: 1_000 })
    x.simulator.addFault({ match: { path: '/2/tweets/search/*' }, kind: 'status', status: 401, times: 1_000 })
    await events.find(({ type, cause }) => type === 'DEAUTHORIZED' && cause === 'REFUSED', 15_000)
    // Calls at the same moment share a fresh token.
    expect(x.exchanges.filter(({ path }) => path === '/2/oauth2/token').length).toBeGreaterThan(1)
    await expect.poll(() => smtp.mails.length).toBe(1)
  })

  it('of an account that X suspended (403) are no loss of authorization: it works again when X lets it back', async () => {
    x.simulator.suspend({ user: brand, suspended: true })
    const refused = () => x.exchanges.filter(({ path, status }) => path.endsWith('/mentions') && status === 403).length
    await expect.poll(refused, { timeout: 10_000 }).toBeGreaterThan(1)
    x.simulator.suspend({ user: brand, suspended: false })
    post('back again')
    await expect.poll(tickets, { timeout: 10_000 }).toEqual(['back again'])
    expect((await app.store.prisma.accountCredential.findFirst())?.refusals).toBe(0)
    expect(events.seen).toEqual([])
  })

  it('of our app’s own credentials are never the account’s fault', async () => {
    await app.store.prisma.$executeRaw`UPDATE account_credential SET expires_at = now()`
    x.simulator.addFault({ match: { path: '/2/oauth2/token' }, kind: 'status', status: 401, times: 4 })
    await expect.poll(() => x.exchanges.filter(({ fault }) => fault).length, { timeout: 15_000 }).toBe(4)
    expect((await app.store.prisma.accountCredential.findFirst())?.refusals).toBe(0)
    expect(await one()).toMatchObject({ status: 'ACTIVE' })
  })
})

describe('silence', () => {
  const silentFor = (days: number) =>
    app.store.prisma.$executeRaw`UPDATE account SET last_traffic_at = now() - ${days} * interval '1 day'`
  const look = () => watchInactivity({ store: app.store, vault: createVault(SECRET), logger: silent })

  it('is warned of at 10, 15 and 19 days, once each, and ends at 20; whoever looks, and how often', async () => {
    for (const days of [9, 10, 12, 15, 19, 19.5]) {
      await silentFor(days)
      await Promise.all([look(), look(), look()])
    }
    await events.find(({ days }) => days === 19)
    expect(events.seen).toEqual([10, 15, 19].map((days) => ({ type: 'INACTIVITY_WARNING', cause: null, days })))
    await expect.poll(() => smtp.mails.length).toBe(3)
    const countdown = '{ accounts { inactivity { daysWithoutTraffic daysLeft deauthorizesAt } } }'
    expect(await query(app.url, await tokenFor(app, 'admin'), countdown)).toMatchObject({
      accounts: [{ inactivity: { daysWithoutTraffic: 19, daysLeft: 1 } }],
    })
    await silentFor(20)
    await Promise.all([look(), look()])
    await events.find(({ type, cause }) => type === 'DEAUTHORIZED' && cause === 'INACTIVE')
    await expect.poll(() => smtp.mails.length).toBe(4)
    // We no longer want what X would still give.
    await expect.poll(() => x.exchanges.filter(({ path }) => path === '/2/oauth2/revoke').length).toBe(2)
    expect(await app.store.prisma.grantRevocation.count()).toBe(0)
    await connect(app, brand)
    await look()
    expect(await one()).toMatchObject({ status: 'ACTIVE' })
  })

  it('ends with a post that becomes a ticket', async () => {
    await silentFor(16)
    await look()
    await events.find(({ days }) => days === 15)
    post('at last')
    await expect.poll(tickets).toEqual(['at last'])
    await look()
    const row = await app.store.prisma.account.findFirstOrThrow()
    expect([row.inactivityWarnedDays, Date.now() - row.lastTrafficAt.getTime() < 60_000]).toEqual([0, true])
    expect(events.seen).toHaveLength(1)
  })
})

describe('an account that was let go', () => {
  it('has its grant ended at X, also when X is down at first (F7)', async () => {
    const told = () => x.simulator.state.subscriptions.filter(({ userId }) => userId === brand)
    await expect.poll(told, { timeout: 10_000 }).toHaveLength(4)
    x.simulator.addFault({ match: { path: '/2/oauth2/revoke' }, kind: 'status', status: 503, times: 1 })
    await mutate(app, 'unlinkAccount', { accountId: account.id, screenName: 'brand_0' })
    await expect.poll(() => app.store.prisma.grantRevocation.count(), { timeout: 10_000 }).toBe(0)
    const revoked = x.exchanges.filter(({ path, status }) => path === '/2/oauth2/revoke' && status === 200)
    expect(revoked.length).toBeGreaterThanOrEqual(2)
    // X tells of the account no more: events cost money.
    await expect.poll(told, { timeout: 10_000 }).toEqual([])
  })
})

it('several processes that notice at once shut an account out once, and write once', async () => {
  const redis: TestRedis = await startRedis()
  const role = (name: 'api' | 'worker') =>
    start({ REDIS_URL: redis.url, PERCH_ROLE: name, PERCH_URL: 'https://support.example', SMTP_URL: smtp.url })
  const others = [await role('worker'), await role('worker')]
  try {
    await events.close()
    x.simulator.revoke({ user: brand })
    await expect.poll(one).toMatchObject({ status: 'DEAUTHORIZED' })
    await expect.poll(() => smtp.mails.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 700))
    const rows = await app.store.prisma.event.findMany({ where: { type: 'account.updated' } })
    expect(rows.filter(({ data }) => JSON.stringify(data).includes('DEAUTHORIZED'))).toHaveLength(1)
    expect(smtp.mails).toHaveLength(1)
  } finally {
    await Promise.all(others.map((other) => other.close()))
    await redis.dispose()
  }
})

it('without SMTP the e-mail is a file in the data directory', async () => {
  await app.close()
  const folder = join(process.cwd(), 'node_modules', '.cache', `perch-mail-${randomUUID()}`)
  app = await start({ PERCH_DATA_DIR: folder })
  x.simulator.revoke({ user: brand })
  // Written under another name first, so that it is there as a whole or not at all.
  const files = async () =>
    (await readdir(join(folder, 'mail')).catch(() => [])).filter((file) => file.endsWith('.eml'))
  await expect.poll(files, { timeout: 10_000 }).toHaveLength(1)
  const [name = ''] = await files()
  const mail = await simpleParser(await readFile(join(folder, 'mail', name)))
  expect(linkIn(mail)).toContain(app.url)
})
