import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepDeadLetters } from '../../src/ingest/dead-letters.ts'
import { createInbox, type Inbox, InboxClosedError } from '../../src/ingest/inbox.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount, received } from '../helpers/posts.ts'
import { silent, testStore } from '../helpers/stores.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'

let database: TestDatabase
let proxy: TcpProxy
/** Through the proxy, which can be cut. */
let store: Store
let inbox: Inbox
let accountId: string

beforeEach(async () => {
  database = await testDatabase()
  const target = new URL(database.url)
  proxy = await startProxy(target.hostname, Number(target.port || 5432))
  const through = new URL(database.url)
  through.host = `127.0.0.1:${proxy.port}`
  store = await testStore(through.href)
  accountId = await createAccount(store)
  inbox = createInbox({ store, logger: silent, capacity: 20, maxBatch: 10 })
})
afterEach(async () => {
  await proxy?.open()
  await inbox?.close()
  await store?.close()
  await proxy?.close()
  await database?.drop()
})

const posts = (from: number, count: number) => Array.from({ length: count }, (_, n) => received(String(from + n)))
const captured = async () =>
  (await store.prisma.comment.findMany({ orderBy: { postedAt: 'asc' } })).map(({ externalId }) => externalId)
const ids = (from: number, count: number) => posts(from, count).map(({ post }) => post.id)
/** Makes the database refuse what contains the word. */
const refuse = (table: string, column: string, word: string) =>
  store.prisma.$executeRawUnsafe(
    `ALTER TABLE ${table} ADD CONSTRAINT refuse_${table} CHECK (${column} NOT LIKE '%${word}%')`,
  )

describe('the inbox', () => {
  it('resolves a delivery when it is committed', async () => {
    await inbox.deliver({
      source: 'mentions',
      items: posts(1, 3),
      rejects: [],
      cursors: [{ accountId, source: 'mentions', sinceId: '3' }],
    })
    expect(await captured()).toEqual(['1', '2', '3'])
    expect(await store.prisma.sourceCursor.findMany()).toMatchObject([{ sinceId: '3' }])
    expect(inbox.size()).toBe(0)
  })

  it('loses nothing when the database goes away and comes back', async () => {
    await inbox.deliver({ source: 'mentions', items: posts(1, 2), rejects: [] })
    await proxy.cut()
    const deliveries = [3, 5, 7].map((from) =>
      inbox.deliver({
        source: 'mentions',
        items: posts(from, 2),
        rejects: [{ payload: `bad ${from}`, reason: 'bad' }],
      }),
    )
    // Long enough for more than three attempts: an outage is not a refusal.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(inbox.size()).toBe(9)
    await proxy.open()
    await Promise.all(deliveries)
    expect(await captured()).toEqual(ids(1, 8))
    const letters = await store.prisma.deadLetter.findMany({ orderBy: { payload: 'asc' } })
    expect(letters.map(({ payload }) => payload)).toEqual(['bad 3', 'bad 5', 'bad 7'])
  })

  it('sets a post aside that the database refuses; its neighbours and the cursor go on', async () => {
    await refuse('comment', 'body', 'poison')
    const bad = received('5', { text: '@acme poison' })
    const all = [...posts(1, 4), bad, ...posts(6, 3)]
    const cursors = [{ accountId, source: 'mentions', sinceId: '8' }]
    await inbox.deliver({ source: 'mentions', items: all, rejects: [{ payload: 'half', reason: 'not JSON' }], cursors })
    expect(await captured()).toEqual([...ids(1, 4), ...ids(6, 3)])
    expect(await store.prisma.sourceCursor.findMany()).toMatchObject([{ sinceId: '8' }])
    const letters = await store.prisma.deadLetter.findMany({ orderBy: { reason: 'asc' } })
    expect(letters).toMatchObject([
      { source: 'mentions', reason: expect.stringMatching(/^cannot be stored: .*refuse_comment/), occurrences: 1 },
      { source: 'mentions', reason: 'not JSON', payload: 'half', occurrences: 1 },
    ])
    expect(JSON.parse(letters[0]?.payload ?? '')).toEqual(bad)
  })

  it('waits for a database that answers but takes nothing, as one that is read-only', async () => {
    await refuse('comment', 'body', 'post')
    await refuse('dead_letter', 'payload', 'post')
    let done = false
    const delivery = inbox.deliver({ source: 'mentions', items: posts(1, 2), rejects: [] }).then(() => {
      done = true
    })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(done).toBe(false)
    await store.prisma.$executeRaw`ALTER TABLE comment DROP CONSTRAINT refuse_comment`
    await delivery
    expect(await captured()).toEqual(['1', '2'])
    expect(await store.prisma.deadLetter.count()).toBe(0)
  })

  it('does not hold the others up for the cursor of an account that is gone', async () => {
    const gone = { accountId: '00000000-0000-4000-8000-000000000001', source: 'mentions', sinceId: '9' }
    await Promise.all([
      inbox.deliver({ source: 'mentions', items: [], rejects: [], cursors: [gone] }),
      inbox.deliver({
        source: 'activity',
        items: posts(1, 2),
        rejects: [],
        cursors: [{ accountId, source: 'mentions', sinceId: '2' }],
      }),
    ])
    expect(await captured()).toEqual(['1', '2'])
    expect(await store.prisma.sourceCursor.findMany()).toMatchObject([{ accountId, sinceId: '2' }])
  })

  it('goes on at once when a delivery follows in the same breath as the one before ends', async () => {
    const deliver = (from: number) => inbox.deliver({ source: 'mentions', items: posts(from, 1), rejects: [] })
    await deliver(1).then(() => deliver(2))
    expect(await captured()).toEqual(['1', '2'])
  })

  it('has no room while what could not be read fills it', async () => {
    await proxy.cut()
    const rejects = Array.from({ length: 20 }, (_, n) => ({ payload: `bad ${n}`, reason: 'bad' }))
    const delivery = inbox.deliver({ source: 'activity', items: [], rejects })
    let room = false
    const waiting = inbox.room().then(() => {
      room = true
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(room).toBe(false)
    await proxy.open()
    await Promise.all([delivery, waiting])
    expect(await store.prisma.deadLetter.count()).toBe(20)
  })

  it('blames no post for a database whose connections are cut again and again', async () => {
    const delivery = inbox.deliver({ source: 'mentions', items: posts(1, 3), rejects: [] })
    for (let n = 0; n < 8; n++) {
      await proxy.cut()
      await proxy.open()
      await new Promise((resolve) => setTimeout(resolve, 50 * n))
    }
    await delivery
    expect(await captured()).toEqual(ids(1, 3))
    expect(await store.prisma.deadLetter.count()).toBe(0)
  })

  it('has no room while it is full, and has room again afterwards', async () => {
    await proxy.cut()
    const delivery = inbox.deliver({ source: 'activity', items: posts(1, 20), rejects: [] })
    let room = false
    const waiting = inbox.room().then(() => {
      room = true
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([room, inbox.size()]).toEqual([false, 20])
    await proxy.open()
    await delivery
    await waiting
    expect(inbox.size()).toBe(0)
    await inbox.room()
  })

  it('rejects what waits when it closes, and what comes later', async () => {
    await proxy.cut()
    const deliver = (from: number) => inbox.deliver({ source: 'activity', items: posts(from, 10), rejects: [] })
    const outcomes = Promise.allSettled([deliver(1), deliver(11)])
    const waiting = inbox.room()
    await inbox.close()
    await waiting
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(InboxClosedError) })
    await expect(deliver(21)).rejects.toThrow(InboxClosedError)
  })
})

describe('a dead letter', () => {
  it('is kept once for one source and counted', async () => {
    const letter = { payload: 'nonsense \u0000\ud800', reason: 'not\u0000 JSON' }
    await keepDeadLetters(store, 'activity', [letter, letter])
    await keepDeadLetters(store, 'activity', [letter])
    await keepDeadLetters(store, 'mentions', [letter])
    await keepDeadLetters(store, 'mentions', [])
    const letters = await store.prisma.deadLetter.findMany({ orderBy: { source: 'asc' } })
    expect(letters).toMatchObject([
      { source: 'activity', payload: 'nonsense \ufffd', reason: 'not JSON', occurrences: 2 },
      { source: 'mentions', occurrences: 1 },
    ])
  })

  it('of any size is kept as far as it may be', async () => {
    await keepDeadLetters(store, 'activity', [{ payload: 'x'.repeat(1_000_000), reason: 'too long' }])
    expect((await store.prisma.deadLetter.findFirst())?.payload.length).toBe(256 * 1024)
  })
})
