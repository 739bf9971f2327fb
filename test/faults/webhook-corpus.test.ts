import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { SIMULATED_APP, SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { freePort } from '../helpers/redis-server.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** The Activity API by stream and by webhook, with nothing that polls meanwhile. */

type Mode = 'stream' | 'webhook' | 'both' | 'off'

const NEVER_MS = 24 * 3_600_000

let x: ValidatedSimulator
let database: TestDatabase
let accountId: string
const apps = new Set<App>()
beforeEach(async () => {
  ;[x, database] = await Promise.all([validatedSimulator(), testDatabase()])
  x.simulator.setPolicy({ webhookRetryMs: [20, 100, 200, 500, 1_000] })
  x.simulator.createUser({ username: 'mira_test' })
  accountId = await connectBrand(database.url, x.simulator)
})
afterEach(async () => {
  for (const app of apps) await app.close()
  apps.clear()
  await x?.simulator.close()
  await database?.drop()
  x?.assertNoViolations()
})

let port: number
async function start(mode: Mode, role?: 'api' | 'worker'): Promise<App> {
  if (role !== 'worker') port = await freePort()
  const app = await startPerch(
    {
      databaseUrl: database.url,
      simulatorUrl: x.simulator.url,
      ...(role && { role, redisUrl: testRedisUrl() }),
      env: {
        X_ACTIVITY: mode,
        X_CONSUMER_SECRET: SIMULATED_APP.consumerSecret,
        PORT: role === 'worker' ? '0' : String(port),
        PERCH_URL: `http://127.0.0.1:${port}`,
      },
    },
    { pollMs: NEVER_MS },
  )
  apps.add(app)
  return app
}
async function stop(app: App): Promise<void> {
  apps.delete(app)
  await app.close()
}

const subscribed = () => x.simulator.state.subscriptions.map(({ eventType }) => eventType).sort()
const ALWAYS = ['oauth.revoke', 'post.create', 'post.delete', 'post.mention.create', 'post.reply.create']
/** Resolves when X knows what to tell, and how. */
async function listening(mode: Mode): Promise<void> {
  await expect.poll(subscribed, { timeout: 10_000 }).toEqual(ALWAYS)
  const streams = mode === 'webhook' ? 0 : 1
  await expect.poll(() => x.simulator.state.streams, { timeout: 10_000 }).toBe(streams)
}

/** Mentions, answers by the owner and by the customer, a deletion, odd characters; each told when the one before is known. */
async function tellCorpus(app: App): Promise<void> {
  const { simulator } = x
  const first = simulator.createPost({ from: 'mira_test', text: '@acme where is my parcel? 📦\n<b>&amp;' })
  await known(app, [[false]])
  const answer = simulator.createPost({ from: 'acme', text: '@mira_test on its way', inReplyTo: first.id })
  await known(app, [[false, false]])
  simulator.createPost({ from: 'mira_test', text: '@acme thanks', inReplyTo: answer.id })
  for (let n = 1; n <= 20; n++) simulator.createPost({ from: 'mira_test', text: `@acme number ${n}` })
  const others = Array.from({ length: 20 }, () => [false])
  await known(app, [[false, false, false], ...others])
  simulator.deletePost(answer.id)
  await known(app, [[false, true, false], ...others])
  await expect.poll(() => left(app), { timeout: 10_000 }).toBe(0)
}
/** Resolves when there are these tickets with so many comments, some of them deleted. */
const known = (app: App, deleted: readonly (readonly boolean[])[]) =>
  expect
    .poll(async () => (await tickets(app)).map(({ comments }) => comments.map((each) => each.deleted)), {
      timeout: 10_000,
    })
    .toEqual(deleted)

const ticket = (subject: string, ...comments: readonly [body: string, direction?: string, deleted?: boolean][]) => ({
  subject,
  status: 'NEW',
  channel: 'X_CORP',
  comments: comments.map(([body, direction = 'INBOUND', deleted = false]) => ({ body, direction, deleted })),
})
const CORPUS = [
  ticket(
    'where is my parcel? 📦',
    ['@acme where is my parcel? 📦\n<b>&amp;'],
    ['', 'OUTBOUND', true],
    ['@acme thanks'],
  ),
  ...Array.from({ length: 20 }, (_, n) => ticket(`number ${n + 1}`, [`@acme number ${n + 1}`])),
]

/** All that the corpus is in the database, by what it says. */
async function tickets(app: App) {
  const found = await app.store.prisma.ticket.findMany({
    select: {
      subject: true,
      status: true,
      channel: true,
      comments: {
        select: { body: true, direction: true, deletedAt: true },
        orderBy: [{ postedAt: 'asc' }, { externalId: 'asc' }],
      },
    },
    orderBy: { sourcePostId: 'asc' },
  })
  return found.map(({ comments, ...ticket }) => ({
    ...ticket,
    comments: comments.map(({ deletedAt, ...comment }) => ({ ...comment, deleted: deletedAt !== null })),
  }))
}
const left = (app: App) => app.store.prisma.activityDelivery.count()

describe('what X tells', { timeout: 30_000 }, () => {
  it.each<Mode>(['stream', 'webhook', 'both'])('by %s becomes the same tickets, each comment once', async (mode) => {
    const app = await start(mode)
    await listening(mode)
    await tellCorpus(app)
    expect(await tickets(app)).toEqual(CORPUS)
    expect(await app.store.prisma.deadLetter.findMany()).toEqual([])
    // Both bring every event; only the stream brings it where X was given no webhook.
    const webhooks = x.simulator.state.webhooks.map(({ delivered, failed }) => [delivered >= 24, failed])
    expect(webhooks).toEqual(mode === 'stream' ? [] : [[true, 0]])
  })
})

describe('a webhook', { timeout: 30_000 }, () => {
  it('that is told the same again changes nothing', async () => {
    const app = await start('webhook')
    await listening('webhook')
    const { prisma } = app.store
    // A copy of all that comes, to be told again.
    await prisma.$executeRaw`CREATE FUNCTION keep_copy() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO copies VALUES (NEW.body); RETURN NEW; END'`
    await prisma.$executeRaw`CREATE TABLE copies (body text)`
    await prisma.$executeRaw`CREATE TRIGGER keep_copy AFTER INSERT ON activity_delivery
      FOR EACH ROW EXECUTE FUNCTION keep_copy()`
    await tellCorpus(app)
    const before = [await tickets(app), app.feed.position()]
    const told = (await prisma.$queryRaw<{ body: string }[]>`SELECT body FROM copies`).map(({ body }) => body)
    expect(told.length).toBeGreaterThanOrEqual(24)
    const answers = await Promise.all(
      told.toReversed().map(async (body) => {
        const signature = createHmac('sha256', SIMULATED_APP.consumerSecret).update(body).digest('base64')
        const headers = { 'x-twitter-webhooks-signature': `sha256=${signature}` }
        return (await fetch(`${app.url}/webhooks/x`, { method: 'POST', body, headers })).status
      }),
    )
    expect(new Set(answers)).toEqual(new Set([200]))
    await expect.poll(() => left(app), { timeout: 10_000 }).toBe(0)
    expect([await tickets(app), app.feed.position()]).toEqual(before)
  })

  it('keeps what X tells while no worker runs; the next one reads it', async () => {
    const api = await start('webhook', 'api')
    const worker = await start('webhook', 'worker')
    await listening('webhook')
    await stop(worker)
    for (let n = 1; n <= 20; n++) x.simulator.createPost({ from: 'mira_test', text: `@acme number ${n}` })
    await expect.poll(() => x.simulator.state.webhooks[0]?.delivered, { timeout: 10_000 }).toBe(20)
    expect([await tickets(api), await left(api)]).toEqual([[], 20])
    await start('webhook', 'worker')
    await expect.poll(() => tickets(api), { timeout: 10_000 }).toEqual(CORPUS.slice(1))
    await expect.poll(() => left(api), { timeout: 10_000 }).toBe(0)
  })

  it('tells of a removed app', async () => {
    const app = await start('webhook')
    await listening('webhook')
    x.simulator.revoke({ user: SIMULATED_BRAND.id })
    const account = () => app.store.prisma.account.findUniqueOrThrow({ where: { id: accountId } })
    await expect.poll(async () => (await account()).deauthorizationCause, { timeout: 10_000 }).toBe('APP_REMOVED')
    // Whoever is shut out is subscribed to no longer.
    await expect.poll(subscribed, { timeout: 10_000 }).toEqual(['oauth.revoke'])
  })

  it('that leads nowhere is no obstacle to the stream', async () => {
    x.simulator.addFault({ match: { method: 'POST', path: '/2/webhooks' }, kind: 'status', status: 503, times: 1_000 })
    const app = await start('both')
    await listening('both')
    x.simulator.createPost({ from: 'mira_test', text: '@acme number 1' })
    await known(app, [[false]])
    expect(x.simulator.state.webhooks).toEqual([])
    x.simulator.clearFaults()
    await expect.poll(() => x.simulator.state.webhooks, { timeout: 20_000 }).toMatchObject([{ valid: true }])
  })
})

describe('X’s subscriptions', { timeout: 30_000 }, () => {
  it('follow an account’s settings at once', async () => {
    const app = await start('stream')
    await listening('stream')
    const set = (data: object) =>
      app.store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
        await db.account.update({ where: { id: accountId }, data })
        emit({ type: 'account.updated', accountId, changed: Object.keys(data) })
      })
    await app.store.prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUITE' } })
    await set({ trackLikes: true, captureDirectMessages: true })
    const more = ['chat.received', 'chat.sent', 'dm.received', 'dm.sent', 'like.create']
    await expect.poll(subscribed, { timeout: 5_000 }).toEqual([...more, ...ALWAYS])
    await set({ trackLikes: false })
    await expect.poll(subscribed, { timeout: 5_000 }).toEqual([...more.slice(0, 4), ...ALWAYS])
  })

  it('and the webhook end where the Activity API is switched off', async () => {
    const app = await start('webhook')
    await listening('webhook')
    await stop(app)
    expect([subscribed(), x.simulator.state.webhooks.length]).toEqual([ALWAYS, 1])
    await start('off')
    await expect.poll(() => [subscribed(), x.simulator.state.webhooks], { timeout: 10_000 }).toEqual([[], []])
  })
})
