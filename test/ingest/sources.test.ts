import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { XCHAT_CURSORS } from '../../src/domain/xchat-cursor.ts'
import { createInbox, type Inbox } from '../../src/ingest/inbox.ts'
import { readLag } from '../../src/ingest/lag.ts'
import { saveCursors } from '../../src/ingest/rows-cursors.ts'
import { deletions } from '../../src/ingest/sources/deletions.ts'
import { directMessages } from '../../src/ingest/sources/direct-messages.ts'
import { likes } from '../../src/ingest/sources/likes.ts'
import { mentions } from '../../src/ingest/sources/mentions.ts'
import type { Source } from '../../src/ingest/sources/source.ts'
import { type Standing, wantsOf } from '../../src/ingest/subscriptions.ts'
import { keepTold } from '../../src/ingest/told.ts'
import { createTelling } from '../../src/ingest/xchat-hearing.ts'
import { SIMULATED_APP, SIMULATED_BRAND } from '../../src/simulated-x.ts'
import type { Store } from '../../src/store/store.ts'
import type { XClient } from '../../src/x/client.ts'
import { createXClient } from '../../src/x/twitter-client.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { createAccount } from '../helpers/posts.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { silent, testStore } from '../helpers/stores.ts'

/** Each source against the simulator, a round at a time; every round begins with what the database remembers. */

let database: TestDatabase
let store: Store
let inbox: Inbox
let sim: ValidatedSimulator
let x: XClient
let token: string
let accountId: string
beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  inbox = createInbox({ store, logger: silent })
  sim = await validatedSimulator()
  x = createXClient({ ...SIMULATED_APP, apiUrl: new URL(sim.simulator.url) })
  token = sim.simulator.issueTokens({ userId: SIMULATED_BRAND.id }).access_token
  sim.simulator.createUser({ username: 'ann' })
  const settings = { captureDirectMessages: true, trackLikes: true }
  accountId = await createAccount(store, { xUserId: SIMULATED_BRAND.id, ...settings })
})
afterEach(async () => {
  x?.close()
  await inbox?.close()
  await store?.close()
  await sim?.simulator.close()
  await database?.drop()
  expect(sim?.violations()).toEqual([])
})

async function round(source: Source): Promise<void> {
  const account = await store.prisma.account.findUniqueOrThrow({ where: { id: accountId } })
  const { signal } = new AbortController()
  const services = { store, x, inbox, logger: silent, calls: freeCalls(() => token) }
  await source.round(services, account, signal)
}
const startNow = () => store.prisma.account.update({ where: { id: accountId }, data: { capturesFrom: new Date() } })
const say = (text: string) => sim.simulator.createPost({ from: 'ann', text }).id
const like = (postId: string) => sim.simulator.like({ user: 'acme', postId })
const sources = async () =>
  (await store.prisma.ticket.findMany({ orderBy: { number: 'asc' } })).map(({ sourcePostId }) => sourcePostId)

describe('mentions', () => {
  it('beyond the 800 that X keeps in reach are found by searching', async () => {
    const { ids } = await sim.simulator.burst({ count: 1_000 })
    await round(mentions)
    expect((await sources()).toSorted()).toEqual(ids.toSorted())
    const searches = () => sim.exchanges.filter(({ path }) => path === '/2/tweets/search/recent').length
    const before = searches()
    expect(before).toBeGreaterThan(0)
    // The cursor has moved: nothing is searched for again.
    const late = say('@acme one more')
    await round(mentions)
    expect(await sources()).toContain(late)
    expect(searches()).toBe(before)
  })
})

describe('likes', () => {
  it('of before are history; later ones count, however old the post', async () => {
    const [old, older, fresh] = [say('old'), say('older'), say('fresh')]
    like(fresh)
    await startNow()
    await round(likes)
    expect(await sources()).toEqual([])
    like(old)
    await round(likes)
    expect(await sources()).toEqual([old])
    like(older)
    await round(likes)
    await round(likes)
    expect(await sources()).toEqual([old, older])
  })

  it('more than a page of them are all found', async () => {
    const posts = Array.from({ length: 120 }, (_, n) => say(`post ${n}`))
    await startNow()
    await round(likes)
    for (const id of posts) like(id)
    await round(likes)
    expect((await sources()).toSorted()).toEqual(posts.toSorted())
  })

  it('that are taken back make no old ones new', async () => {
    const posts = Array.from({ length: 110 }, (_, n) => say(`post ${n}`))
    for (const id of posts) like(id)
    await startNow()
    await round(likes)
    for (const postId of posts.slice(100)) sim.simulator.unlike({ user: 'acme', postId })
    await round(likes)
    expect(await sources()).toEqual([])
  })
})

describe('direct messages', () => {
  it('are read once, and only those since', async () => {
    const send = (text: string) => sim.simulator.sendDirectMessage({ from: 'ann', to: 'acme', text })
    send('before')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await startNow()
    await round(directMessages)
    send('one')
    await round(directMessages)
    send('two')
    await round(directMessages)
    await round(directMessages)
    const comments = await store.prisma.comment.findMany({ orderBy: { postedAt: 'asc' } })
    expect(comments.map(({ body }) => body).toSorted()).toEqual(['one', 'two'])
  })
})

const anHourLater = () => store.prisma.$executeRaw`UPDATE comment SET created_at = created_at - interval '1 hour'`

describe('deletions', () => {
  it('are found, of posts that are gone and of no others', async () => {
    const [kept, gone] = [say('@acme kept'), say('@acme gone')]
    await round(mentions)
    sim.simulator.deletePost(gone)
    await round(deletions)
    // What has just come is not looked up.
    expect(sim.exchanges.filter(({ path }) => path === '/2/tweets')).toEqual([])
    await anHourLater()
    await round(deletions)
    const comments = await store.prisma.comment.findMany()
    expect(comments.filter(({ deletedAt }) => deletedAt !== null).map(({ externalId }) => externalId)).toEqual([gone])
    expect(comments.map(({ externalId }) => externalId)).toContain(kept)
  })

  it('are looked for once a day', async () => {
    say('@acme hello')
    await round(mentions)
    await anHourLater()
    for (let n = 0; n < 4; n++) await round(deletions)
    expect(sim.exchanges.filter(({ path }) => path === '/2/tweets')).toHaveLength(1)
  })
})

describe('lag', () => {
  const lagOf = async () => (await readLag(store.prisma, [accountId])).get(accountId)
  const readXChat = () =>
    saveCursors(store.prisma, [{ accountId, source: XCHAT_CURSORS, sinceId: null, begunAt: performance.now() }])
  async function readTwoMinutesAgo(): Promise<void> {
    for (const source of [mentions, likes, directMessages]) await round(source)
    await readXChat()
    await store.prisma.$executeRaw`UPDATE source_cursor SET synced_at = now() - interval '2 minutes'`
  }
  const standings = (): readonly Standing[] =>
    wantsOf([{ id: accountId, xUserId: '1', captureDirectMessages: true, trackLikes: true }]).map((want) => ({
      want,
      standing: 'BEFORE',
    }))
  /** The stream has been connected, and told of everything, for three minutes. */
  async function streaming(): Promise<void> {
    await keepTold(store, standings())
    await store.prisma.$executeRaw`
      UPDATE source_cursor SET synced_at = now() - interval '3 minutes' WHERE source LIKE 'told:%'`
    await store.prisma.$executeRaw`
      INSERT INTO activity_stream (id, connected_at, alive_at) VALUES (1, now() - interval '3 minutes', now())
      ON CONFLICT (id) DO UPDATE SET connected_at = excluded.connected_at, alive_at = excluded.alive_at`
  }

  it('is the time since the source that was read longest ago, whatever our clock says', async () => {
    for (const source of [mentions, likes, directMessages]) await round(source)
    // Never read: since the account captures, in 1970.
    expect((await lagOf())?.seconds).toBeGreaterThan(1_000_000)
    await readXChat()
    expect((await lagOf())?.seconds).toBeLessThan(30)
    expect((await lagOf())?.sources.map(({ source }) => source)).toEqual([
      'MENTIONS',
      'CONVERSATIONS',
      'LIKES',
      'MESSAGES',
      'XCHAT',
    ])
    // Where an administrator switched XChat off, nobody reads it.
    await store.prisma.accountXChat.create({ data: { accountId, status: 'DISABLED' } })
    expect((await lagOf())?.sources.map(({ source }) => source)).not.toContain('XCHAT')
  })

  it('does not grow while the stream carries what was read', async () => {
    await readTwoMinutesAgo()
    expect((await lagOf())?.seconds).toBeGreaterThan(100)
    await streaming()
    expect((await lagOf())?.seconds).toBeLessThan(30)
    // A connection that is younger than the reading proves nothing of the time between.
    await store.prisma.$executeRaw`UPDATE activity_stream SET connected_at = now() - interval '1 minute'`
    expect((await lagOf())?.seconds).toBeGreaterThan(100)
  })

  it.each([
    ['MENTIONS', 'post.reply.create'],
    ['LIKES', 'like.create'],
    ['MESSAGES', 'dm.received'],
    ['XCHAT', 'chat.received'],
  ] as const)('of %s grows where X is not asked to tell %s, or did not take it', async (source, event) => {
    await readTwoMinutesAgo()
    await streaming()
    const others = standings().filter(({ want }) => want.topic.eventType !== event)
    const behind = async () =>
      (await lagOf())?.sources.flatMap(({ source, seconds }) => (seconds > 100 ? [source] : []))
    for (const standing of ['REFUSED', 'MADE'] as const) {
      const [missing] = standings().filter(({ want }) => want.topic.eventType === event)
      if (!missing) throw new Error('not wanted')
      await keepTold(store, [...others, { ...missing, standing }])
      // What is made now tells from now on: what was before is as old as the reading.
      expect(await behind()).toEqual([source])
    }
    await keepTold(store, [])
    expect(await behind()).toEqual(['MENTIONS', 'LIKES', 'MESSAGES', 'XCHAT'])
  })

  it('of XChat grows from the news that X told until they are read', async () => {
    await readTwoMinutesAgo()
    await streaming()
    const { xUserId } = await store.prisma.account.findUniqueOrThrow({ where: { id: accountId } })
    await createTelling(store, silent)(xUserId)
    expect((await lagOf())?.sources.find(({ source }) => source === 'XCHAT')?.seconds).toBeGreaterThan(100)
    await readXChat()
    expect((await lagOf())?.seconds).toBeLessThan(30)
  })
})
