import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { timeOfId } from '../../src/domain/x-id.ts'
import { XCHAT_CURSORS } from '../../src/domain/xchat-cursor.ts'
import { createInbox, type Inbox } from '../../src/ingest/inbox.ts'
import { readLag } from '../../src/ingest/lag.ts'
import { saveCursors } from '../../src/ingest/rows-cursors.ts'
import { conversations } from '../../src/ingest/sources/conversations.ts'
import { deletions } from '../../src/ingest/sources/deletions.ts'
import { directMessages } from '../../src/ingest/sources/direct-messages.ts'
import { likes } from '../../src/ingest/sources/likes.ts'
import { mentions } from '../../src/ingest/sources/mentions.ts'
import { ownPosts } from '../../src/ingest/sources/own-posts.ts'
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

const answer = (from: string, inReplyTo: string, text = 'and more') =>
  sim.simulator.createPost({ from, text, inReplyTo }).id
const comments = async () =>
  (await store.prisma.comment.findMany({ orderBy: { postedAt: 'asc' } })).map(({ externalId }) => externalId)
const quietFor = (days: number) =>
  store.prisma.$executeRaw`UPDATE ticket SET updated_at = now() - ${days}::int * interval '1 day'`

describe('conversations', () => {
  it('bring what the author of a liked post says next, naming nobody', async () => {
    const liked = say('what a lovely shop')
    like(liked)
    await round(ownPosts)
    await store.prisma.sourceCursor.create({ data: { accountId, source: 'likes', syncedAt: new Date() } })
    await round(likes)
    const next = answer('ann', liked)
    await round(conversations)
    expect(await comments()).toEqual([liked, next])
  })

  it.each([
    [8, true],
    [29, true],
    [31, false],
  ])('bring what is said deeper in one that was quiet for %i days: %s', async (days, found) => {
    sim.simulator.createUser({ username: 'bob' })
    const talk = sim.simulator.createPost({ from: 'bob', text: 'who knows a good shop?' }).id
    const asked = answer('ann', talk, 'not @acme')
    await round(mentions)
    const deeper = answer('ann', talk, 'or any other')
    await quietFor(days)
    await round(conversations)
    expect(await comments()).toEqual(found ? [asked, deeper] : [asked])
  })
})

describe('a search of conversations', () => {
  const searches = () => sim.exchanges.filter(({ path }) => path === '/2/tweets/search/recent')
  const shown = () =>
    searches().flatMap(({ responseBody }) => {
      const { data = [] } = z.object({ data: z.array(z.object({ id: z.string() })).optional() }).parse(responseBody)
      return data.map(({ id }) => id)
    })

  it('pays for nothing that others say in a thread that went viral', async () => {
    sim.simulator.createUser({ username: 'bob' })
    const talk = sim.simulator.createPost({ from: 'bob', text: 'look at this' }).id
    const asked = answer('ann', talk, 'ask @acme')
    await round(mentions)
    for (let n = 0; n < 20; n++) answer('bob', talk, `me too ${n}`)
    const deeper = answer('ann', talk, 'they know')
    await round(conversations)
    expect(await comments()).toEqual([asked, deeper])
    expect(shown().toSorted()).toEqual([asked, deeper])
  })

  it('finds what somebody says before their ticket is here, also where another has one already', async () => {
    sim.simulator.createUser({ username: 'bob' })
    const talk = sim.simulator.createPost({ from: 'bob', text: '@acme look at this' }).id
    await round(mentions)
    await round(conversations)
    const quoted = sim.simulator.createPost({ from: 'ann', text: 'and this', inReplyTo: talk }).id
    const root = sim.simulator.createPost({ from: 'bob', text: 'elsewhere' }).id
    const first = answer('ann', root, 'hear, @acme')
    const next = answer('ann', root, 'do you?')
    const other = answer('bob', root, '@acme and I')
    await round(conversations)
    await round(mentions)
    await round(conversations)
    expect((await comments()).toSorted()).toEqual([talk, quoted, first, next, other].toSorted())
  })

  it('are searched though a ticket goes on by e-mail, or on the requester’s page, and lag counts none of those', async () => {
    sim.simulator.createUser({ username: 'bob' })
    const asked = say('@acme help')
    sim.simulator.createPost({ from: 'bob', text: '@acme me too' })
    await round(mentions)
    const bobs = { sourcePostId: { not: asked } }
    const elsewhere = { threadKey: 'email:abc@mail.example', sourcePostId: null, createdAt: new Date(0) }
    await store.prisma.ticket.updateMany({ where: bobs, data: elsewhere })
    await store.prisma.account.updateMany({ data: { capturesFrom: new Date(0) } })
    const { sources: lags = [] } = (await readLag(store.prisma, null)).get(accountId) ?? {}
    expect(lags.find(({ source }) => source === 'CONVERSATIONS')?.seconds).toBeLessThan(60)
    const further = answer('ann', asked)
    await round(conversations)
    expect(shown()).toEqual([further])
    expect(
      searches()
        .map(({ query }) => JSON.stringify(query))
        .join(),
    ).not.toContain('email')
  })

  it('asks again for what it may not have been shown, and for nothing once it was', async () => {
    const asked = say('@acme help')
    await round(mentions)
    const further = answer('ann', asked)
    await round(conversations)
    await round(conversations)
    expect(shown()).toEqual([further, further])
    await store.prisma.$executeRaw`UPDATE source_cursor SET synced_at = now() WHERE source LIKE 'conversation:%'`
    await round(conversations)
    expect(shown()).toEqual([further, further])
  })
})

describe('own posts', () => {
  it('bring an answer that was given in the app on a ticket that nobody searches for any more', async () => {
    const asked = say('@acme help')
    await round(mentions)
    await quietFor(60)
    const answered = answer('acme', asked, '@ann we look into it')
    await round(ownPosts)
    const [, comment] = await store.prisma.comment.findMany({ orderBy: { postedAt: 'asc' } })
    expect(comment).toMatchObject({ externalId: answered, direction: 'OUTBOUND', visibility: 'PUBLIC' })
    // The ticket is not quiet any more.
    const thanks = answer('ann', answer('acme', answered, 'and mended it'), 'good')
    await round(conversations)
    expect(await comments()).toContain(thanks)
  })

  it('bring an answer on the ticket of a like, and a repost', async () => {
    await store.prisma.sourceCursor.create({ data: { accountId, source: 'likes', syncedAt: new Date() } })
    const praise = say('what a lovely shop')
    like(praise)
    await round(likes)
    const thanks = answer('acme', praise, 'thank you')
    sim.simulator.repost({ user: 'acme', postId: praise })
    await round(ownPosts)
    expect(await comments()).toEqual([praise, thanks])
    expect(await store.prisma.comment.findFirst({ where: { retweeted: true } })).toMatchObject({ externalId: praise })
  })

  it('of before the account was switched on again are history, and each is read once', async () => {
    const asked = say('@acme help')
    await round(mentions)
    answer('acme', asked, 'while it was off')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await startNow()
    await round(ownPosts)
    expect(await comments()).toEqual([asked])
    answer('acme', asked, 'now')
    await round(ownPosts)
    await round(ownPosts)
    expect(await comments()).toHaveLength(2)
    const timelines = sim.exchanges.filter(({ path }) => path.endsWith('/tweets'))
    expect(timelines).toHaveLength(3)
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

  it('are found of posts that wait, which are asked about daily at first and less often later', async () => {
    await store.prisma.account.update({ where: { id: accountId }, data: { captureMentions: false } })
    const [kept, gone] = [say('@acme kept'), say('@acme gone')]
    await round(mentions)
    sim.simulator.deletePost(gone)
    await round(deletions)
    const lookups = () => sim.exchanges.filter(({ path }) => path === '/2/tweets')
    expect(lookups()).toHaveLength(0)
    const daysLater = (days: number) => store.prisma.$executeRaw`
      UPDATE incoming_post SET posted_at = posted_at - ${days}::int * interval '1 day',
        look_due_at = look_due_at - ${days}::int * interval '1 day'`
    await daysLater(1)
    for (let n = 0; n < 3; n++) await round(deletions)
    expect(lookups()).toHaveLength(1)
    const waiting = () => store.prisma.incomingPost.findMany({ orderBy: { id: 'asc' } })
    expect(await waiting()).toMatchObject([
      { id: kept, state: 'WAITING', text: '@acme kept' },
      { id: gone, state: 'IGNORED', reason: 'DELETED', text: '' },
    ])
    await daysLater(90)
    await round(deletions)
    const [{ lookDueAt, lookedAt } = { lookDueAt: new Date(), lookedAt: new Date() }] = await waiting()
    expect(Number(lookDueAt) - Number(lookedAt)).toBeGreaterThan(10 * 24 * 3600_000)
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
    for (const source of [mentions, ownPosts, likes, directMessages]) await round(source)
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
    for (const source of [mentions, ownPosts, likes, directMessages]) await round(source)
    // Never read: since the account captures, in 1970.
    expect((await lagOf())?.seconds).toBeGreaterThan(1_000_000)
    await readXChat()
    expect((await lagOf())?.seconds).toBeLessThan(30)
    expect((await lagOf())?.sources.map(({ source }) => source)).toEqual([
      'MENTIONS',
      'CONVERSATIONS',
      'OWN_POSTS',
      'LIKES',
      'MESSAGES',
      'XCHAT',
    ])
    // Where an administrator switched XChat off, nobody reads it.
    await store.prisma.accountXChat.create({ data: { accountId, status: 'DISABLED' } })
    expect((await lagOf())?.sources.map(({ source }) => source)).not.toContain('XCHAT')
  })

  const behindOf = async (source: string) =>
    (await lagOf())?.sources.find((each) => each.source === source)?.seconds ?? Number.NaN
  /** Seconds since the oldest of these was said that is not here. */
  const missingFor = async (posts: readonly string[]) => {
    const here = new Set(await comments())
    const missing = posts.filter((id) => !here.has(id)).map(timeOfId)
    return missing.length === 0 ? 0 : (Date.now() - Math.min(...missing)) / 1_000
  }
  const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  it('of conversations does not jump to the account’s age with every new ticket', async () => {
    say('@acme help')
    await round(mentions)
    expect(await behindOf('CONVERSATIONS')).toBeLessThan(30)
    await store.prisma.sourceCursor.create({ data: { accountId, source: 'likes', syncedAt: new Date() } })
    like(say('what a lovely shop'))
    await round(likes)
    expect(await behindOf('CONVERSATIONS')).toBeLessThan(30)
  })

  it('of conversations claims no more than X’s search shows', async () => {
    say('@acme help')
    await round(mentions)
    await store.prisma.$executeRaw`UPDATE ticket SET created_at = now() - interval '1 hour'`
    await round(conversations)
    const seconds = await behindOf('CONVERSATIONS')
    expect(seconds).toBeGreaterThanOrEqual(30)
    expect(seconds).toBeLessThan(60)
  })

  it('is never less than the age of what is missing', async () => {
    sim.simulator.createUser({ username: 'bob' })
    const talk = sim.simulator.createPost({ from: 'bob', text: 'who knows a good shop?' }).id
    await startNow()
    const all: string[] = []
    const expectTrue = async () => {
      const behind = (await lagOf())?.sources.filter(({ source }) => source !== 'XCHAT').map(({ seconds }) => seconds)
      expect(Math.max(...(behind ?? []))).toBeGreaterThanOrEqual((await missingFor(all)) - 0.1)
    }
    const rounds = [mentions, conversations, ownPosts]
    for (const author of ['ann', 'bob']) {
      // Told late: what was said meanwhile is missing longer than the ticket is here.
      all.push(answer(author, talk, 'not @acme'))
      await later(50)
      all.push(answer(author, talk, 'or any other'))
      await later(1_500)
      for (const source of [...rounds, ...rounds]) {
        await round(source)
        await expectTrue()
      }
      expect(await missingFor(all)).toBe(0)
    }
    const asked = all[0] ?? ''
    all.push(answer('acme', asked, 'why not?'))
    all.push(answer('ann', talk, 'for no reason'))
    await later(1_500)
    await expectTrue()
    for (const source of rounds) {
      await round(source)
      await expectTrue()
    }
    expect(await missingFor(all)).toBe(0)
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
    ['OWN_POSTS', 'post.create'],
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
    expect(await behind()).toEqual(['MENTIONS', 'OWN_POSTS', 'LIKES', 'MESSAGES', 'XCHAT'])
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
