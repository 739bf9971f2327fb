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
/** The second account, which captures nothing by itself. */
let desk: string
const deployments = new Map<(typeof MODES)[number], Deployment>()

beforeAll(async () => {
  simulator = await createSimulator()
  for (const username of ['ann', 'bob']) simulator.createUser({ username })
  desk = simulator.createUser({ username: 'acme_desk' }).id
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
    await connectBrand(database.url, simulator, credentials.clientId, desk)
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
      const { id } = await db.account.findFirstOrThrow({ where: { xUserId: { not: desk } } })
      await db.account.update({ where: { id }, data: { captureDirectMessages: true, trackLikes: true } })
      await db.account.update({ where: { xUserId: desk }, data: { captureMentions: false } })
      emit({ type: 'account.updated', accountId: id, changed: ['captureDirectMessages', 'trackLikes'] })
    })
  }
}, 180_000)
afterAll(async () => {
  for (const { app, database } of deployments.values()) {
    await app.close()
    await database.drop()
  }
  await simulator?.close()
}, 180_000)

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
  await expect.poll(() => Promise.all(stores().map(begun)), PATIENCE).toEqual(MODES.map(() => 4))
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

/** The same change in every deployment. */
const everywhere = (change: (prisma: App['store']['prisma']) => Promise<unknown>) =>
  Promise.all(stores().map(({ prisma }) => change(prisma)))
const same = async (sql: (prisma: App['store']['prisma']) => Promise<number>, count: number) =>
  expect.poll(() => everywhere(sql), PATIENCE).toEqual(MODES.map(() => count))

it('gives the same of what comes in one breath, whoever is told of what first', async () => {
  const before = await stores()[0]?.prisma.comment.count()
  const asked = simulator.createPost({ from: 'ann', text: '@acme does it ship today?' })
  const waits = simulator.createPost({ from: 'bob', text: 'hello @acme_desk' })
  const gone = simulator.createPost({ from: 'bob', text: 'goodbye @acme_desk' })
  const both = simulator.createPost({ from: 'bob', text: '@acme_desk and @acme, which of you?' })
  const praise = simulator.createPost({ from: 'ann', text: 'they ship today' })
  simulator.like({ user: 'acme', postId: praise.id })
  simulator.like({ user: 'acme', postId: asked.id })
  const thanks = simulator.createPost({ from: 'acme', text: 'thank you', inReplyTo: praise.id })
  const deeper = simulator.createPost({ from: 'ann', text: 'and tomorrow', inReplyTo: praise.id })
  simulator.repost({ user: 'acme', postId: praise.id })
  const answer = simulator.createPost({ from: 'acme', text: '@ann it does', inReplyTo: asked.id })
  const desked = simulator.createPost({ from: 'acme_desk', text: '@bob I am', inReplyTo: both.id })
  const said = [asked, both, praise, thanks, deeper, answer, desked]
  await heard((before ?? 0) + said.length)
  await same((prisma) => prisma.incomingPost.count({ where: { state: 'WAITING' } }), 2)
  await same((prisma) => prisma.comment.count({ where: { retweeted: true } }), 1)
  await same((prisma) => prisma.comment.count({ where: { favorited: true, externalId: asked.id } }), 1)

  // X tells of our own deletions; others' are found when X is asked, about once a day: that day is over.
  await everywhere((prisma) =>
    prisma.ticket.updateMany({ where: { sourcePostId: asked.id }, data: { status: 'CLOSED' } }),
  )
  const follow = simulator.createPost({ from: 'ann', text: '@acme it did not', inReplyTo: answer.id })
  for (const { id } of [gone, deeper, desked]) simulator.deletePost(id)
  await everywhere((prisma) => prisma.$executeRaw`UPDATE comment SET created_at = now() - interval '2 hours'`)
  await everywhere((prisma) => prisma.$executeRaw`UPDATE incoming_post SET look_due_at = now() - interval '1 hour'`)
  await everywhere((prisma) => prisma.$executeRaw`DELETE FROM source_cursor WHERE source = 'deletions'`)
  await heard((before ?? 0) + said.length + 1)
  await same((prisma) => prisma.comment.count({ where: { deletedAt: { not: null } } }), 2)
  await same((prisma) => prisma.incomingPost.count({ where: { state: 'WAITING' } }), 1)

  const [streamed, ...others] = await Promise.all(stores().map((store) => contents(store)))
  for (const other of others) expect(other).toEqual(streamed)
  // And it is what it should be.
  const tickets = await stores()[0]?.prisma.ticket.findMany({
    where: { sourcePostId: { in: [asked.id, both.id, praise.id, follow.id] } },
    include: { followUpOf: true, comments: { orderBy: { postedAt: 'asc' } } },
    orderBy: { sourcePostId: 'asc' },
  })
  expect(
    tickets?.map(({ channel, sourcePostId, followUpOf, comments }) => [
      channel,
      sourcePostId,
      followUpOf?.sourcePostId,
      comments.map(({ externalId }) => externalId),
    ]),
  ).toEqual([
    ['X_CORP', asked.id, undefined, [asked.id, answer.id]],
    ['X_CORP', both.id, undefined, [both.id, desked.id]],
    ['X_CORP_LIKE', praise.id, undefined, [praise.id, thanks.id, deeper.id]],
    ['X_CORP', follow.id, asked.id, [follow.id]],
  ])
  expect(await stores()[0]?.prisma.incomingPost.findUnique({ where: { id: waits.id } })).toMatchObject({
    state: 'WAITING',
    reason: 'CAPTURE_OFF',
  })
}, 240_000)
