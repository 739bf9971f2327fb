import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { contents } from '../helpers/items.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { freePort } from '../helpers/redis-server.ts'

/*
 * One corpus, heard by four deployments that differ in nothing but how X tells them of it: by stream, by webhook, by both,
 * and by polling alone. Each is an app of its own, as X gives an app two streams at most.
 */

const MODES = ['stream', 'webhook', 'both', 'off'] as const

interface Deployment {
  readonly app: App
  readonly database: TestDatabase
}

let simulator: Simulator
const deployments = new Map<(typeof MODES)[number], Deployment>()

beforeAll(async () => {
  simulator = await createSimulator()
  for (const username of ['ann', 'bob']) simulator.createUser({ username })
  for (const mode of MODES) {
    const database = await testDatabase()
    const credentials = {
      clientId: `app-${mode}`,
      clientSecret: `secret-${mode}`,
      bearerToken: `bearer-${mode}`,
      consumerSecret: `consumer-${mode}`,
    }
    simulator.registerApp(credentials)
    await connectBrand(database.url, simulator, credentials.clientId)
    const port = await freePort()
    const app = await startPerch({
      databaseUrl: database.url,
      simulatorUrl: simulator.url,
      env: {
        X_ACTIVITY: mode,
        X_CLIENT_ID: credentials.clientId,
        X_CLIENT_SECRET: credentials.clientSecret,
        X_BEARER_TOKEN: credentials.bearerToken,
        X_CONSUMER_SECRET: credentials.consumerSecret,
        PORT: String(port),
        PERCH_URL: `http://127.0.0.1:${port}`,
      },
    })
    deployments.set(mode, { app, database })
    await app.store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
      const { id } = await db.account.findFirstOrThrow()
      await db.account.update({ where: { id }, data: { captureDirectMessages: true, trackLikes: true } })
      emit({ type: 'account.updated', accountId: id, changed: ['captureDirectMessages', 'trackLikes'] })
    })
  }
}, 60_000)
afterAll(async () => {
  for (const { app, database } of deployments.values()) {
    await app.close()
    await database.drop()
  }
  await simulator?.close()
}, 60_000)

const stores = () => [...deployments.values()].map(({ app }) => app.store)
const PATIENCE = { timeout: 60_000, interval: 200 }
/** Resolves when all of them have so many comments, by whatever way. */
const heard = (count: number) =>
  expect
    .poll(() => Promise.all(stores().map(({ prisma }) => prisma.comment.count())), PATIENCE)
    .toEqual(MODES.map(() => count))

it('gives the same tickets, comments and incoming posts', async () => {
  // Each has looked at likes once, and knows where messages begin.
  const begun = ({ prisma }: App['store']) =>
    prisma.sourceCursor.count({
      where: { source: { in: ['likes', 'direct-messages', 'mentions'] }, syncedAt: { not: null } },
    })
  await expect.poll(() => Promise.all(stores().map(begun)), PATIENCE).toEqual(MODES.map(() => 3))
  await expect.poll(() => simulator.state.streams, PATIENCE).toBe(2)

  const lost = simulator.createPost({ from: 'ann', text: '@acme my parcel is lost 📦' })
  const praise = simulator.createPost({ from: 'bob', text: 'what a lovely shop' })
  await heard(1)
  // Answered in X's own app, and thanked for without a name.
  const answer = simulator.createPost({ from: 'acme', text: '@ann we look into it', inReplyTo: lost.id })
  await heard(2)
  simulator.createPost({ from: 'ann', text: 'thank you', inReplyTo: answer.id })
  await heard(3)
  simulator.editPost({ id: lost.id, text: '@acme my parcel is lost and wet 📦' })
  simulator.like({ user: 'acme', postId: praise.id })
  await heard(4)
  simulator.sendDirectMessage({ from: 'bob', to: 'acme', text: 'my order number is 7' })
  await heard(5)
  simulator.sendDirectMessage({ from: 'acme', to: 'bob', text: 'thank you' })
  simulator.sendDirectMessage({ from: 'bob', to: 'acme', attachment: 'photo' })
  await heard(8)
  const { conversationId } = simulator.createDirectGroup({ from: 'ann', members: ['acme', 'bob'] })
  simulator.sendDirectMessage({ from: 'ann', conversationId, text: 'hello all' })
  simulator.like({ user: 'acme', postId: lost.id })
  for (let n = 1; n <= 30; n++) simulator.createPost({ from: 'bob', text: `@acme number ${n}` })
  await heard(38)

  const all = () => Promise.all(stores().map((store) => contents(store)))
  const marked = ({ prisma }: App['store']) => prisma.comment.count({ where: { favorited: true } })
  await expect.poll(() => Promise.all(stores().map(marked)), PATIENCE).toEqual(MODES.map(() => 2))
  const [streamed, ...others] = await all()
  for (const other of others) expect(other).toEqual(streamed)
  // And it is what it should be.
  expect(JSON.stringify(streamed)).toContain('lost and wet')
  expect(
    await stores()[0]?.prisma.ticket.groupBy({ by: ['channel'], _count: true, orderBy: { channel: 'asc' } }),
  ).toEqual([
    { channel: 'X_CORP', _count: 31 },
    { channel: 'X_CORP_DM', _count: 1 },
    { channel: 'X_CORP_LIKE', _count: 1 },
  ])
  expect(await stores()[0]?.prisma.comment.count({ where: { favorited: true } })).toBe(2)
}, 240_000)
