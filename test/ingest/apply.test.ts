import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyItems } from '../../src/ingest/apply.ts'
import type { ReceivedPost } from '../../src/ingest/item.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { BRAND_ID, createAccount, profile, received } from '../helpers/posts.ts'
import { seeded, testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
let accountId: string

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  accountId = await createAccount(store)
})
afterEach(async () => {
  await store?.close()
  await database?.drop()
})

const tickets = () =>
  store.prisma.ticket.findMany({ orderBy: { number: 'asc' }, include: { comments: { orderBy: { postedAt: 'asc' } } } })
const bodies = async (after = 0) => (await store.log.read(after, 1_000)).map(({ body }) => body)

/** Conversations of several people each: everybody names us in every post. */
function corpus(random: () => number): ReceivedPost[] {
  const posts: ReceivedPost[] = []
  for (let n = 0; n < 300; n++) {
    const conversation = String(1_000_000 + Math.floor(random() * 25))
    const author = String(900 + Math.floor(random() * 4))
    posts.push(received(String(2_000_000 + n), { conversation, author }))
  }
  return posts
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T)
}

function parts<T>(items: readonly T[], random: () => number): T[][] {
  const found: T[][] = []
  for (let at = 0; at < items.length; at += found.at(-1)?.length ?? 0) {
    found.push(items.slice(at, at + 1 + Math.floor(random() * 40)))
  }
  return found
}

describe('posts delivered twice, out of order and to four processes at once', () => {
  it.each([1, 3])('are one comment each, in one open ticket a conversation and requester (seed %i)', async (seed) => {
    const random = seeded(seed)
    const posts = corpus(random)
    const stores = await Promise.all([1, 2, 3, 4].map(() => testStore(database.url)))
    await Promise.all(
      stores.map(async (mine) => {
        for (const part of parts(shuffled([...posts, ...posts.slice(0, 100)], random), random))
          await applyItems(mine, part)
      }),
    )
    await Promise.all(stores.map((mine) => mine.close()))

    const all = await tickets()
    const threads = new Set(posts.map(({ post }) => `${post.conversationId}/${post.authorId}`))
    const users = new Map(
      (await store.prisma.user.findMany({ where: { xProfileId: { not: null } } })).map((user) => [
        user.id,
        user.xProfileId,
      ]),
    )
    expect(all.map((ticket) => `${ticket.threadKey}/${users.get(ticket.requesterId)}`).sort()).toEqual(
      [...threads].sort(),
    )
    const comments = all.flatMap((ticket) =>
      ticket.comments.map((comment) => ({
        ...comment,
        thread: `${ticket.threadKey}/${users.get(ticket.requesterId)}`,
      })),
    )
    expect(comments.map(({ externalId, thread }) => `${externalId} ${thread}`).sort()).toEqual(
      posts.map(({ post }) => `${post.id} ${post.conversationId}/${post.authorId}`).sort(),
    )
    for (const ticket of all) expect(ticket.commentCount).toBe(ticket.comments.length)
    expect(await store.prisma.incomingPost.count()).toBe(0)

    const events = await bodies()
    const created = events.flatMap((body) => (body.type === 'ticket.created' ? [body] : []))
    expect(created.map(({ ticket }) => ticket.number).sort()).toEqual(all.map(({ number }) => number).sort())
    const told = events.flatMap((body) =>
      body.type === 'ticket.created' ? [body.commentId] : body.type === 'comment.created' ? [body.comment.id] : [],
    )
    expect(told.sort()).toEqual(comments.map(({ id }) => id).sort())
  })
})

describe('a batch', () => {
  it('is decided in the order of time, whatever the order of delivery', async () => {
    // Only the first names us: the others belong to the ticket that it opens.
    const rest = { conversation: '10', mentions: [] }
    await applyItems(store, [
      received('12', rest),
      received('11', { ...rest, author: BRAND_ID, answers: '900' }),
      received('10'),
    ])
    const [ticket, ...others] = await tickets()
    expect(others).toEqual([])
    expect(
      ticket?.comments.map(({ externalId, direction, authorId }) => [
        externalId,
        direction,
        authorId === ticket.requesterId,
      ]),
    ).toEqual([
      ['10', 'INBOUND', true],
      ['11', 'OUTBOUND', false],
      ['12', 'INBOUND', true],
    ])
    expect(ticket).toMatchObject({ subject: 'post 10', sourcePostId: '10', accountId, status: 'NEW', commentCount: 3 })
  })

  it('tells of a ticket that it reopens what it was before', async () => {
    await applyItems(store, [received('10')])
    await store.prisma.ticket.updateMany({ data: { status: 'SOLVED', solvedAt: new Date() } })
    const { head } = await store.log.head()
    await applyItems(store, [received('11', { conversation: '10' })])
    expect(await bodies(head)).toMatchObject([
      { type: 'comment.created', ticket: { status: 'OPEN' }, comment: { direction: 'INBOUND', visibility: 'PUBLIC' } },
      { type: 'ticket.updated', before: { status: 'SOLVED' }, changed: ['status'], ticket: { status: 'OPEN' } },
    ])
    expect(await tickets()).toMatchObject([{ status: 'OPEN', solvedAt: null, commentCount: 2 }])
  })

  it('that comes too late for an account moves no cursor: it is read again when the account is back', async () => {
    const shutOut = { status: 'DEAUTHORIZED', deauthorizedAt: new Date(), deauthorizationCause: 'REFUSED' } as const
    await store.prisma.account.updateMany({ data: shutOut })
    const cursor = { accountId, source: 'mentions', sinceId: '10' }
    await applyItems(store, [received('10')], [cursor])
    expect([await tickets(), await store.prisma.sourceCursor.count()]).toEqual([[], 0])

    const back = { status: 'ACTIVE', deauthorizedAt: null, deauthorizationCause: null } as const
    await store.prisma.account.updateMany({ data: back })
    await applyItems(store, [received('10')], [cursor])
    expect(await tickets()).toMatchObject([{ subject: 'post 10' }])
    expect(await store.prisma.sourceCursor.findMany()).toMatchObject([cursor])
  })

  it('goes on in a follow-up when the ticket is closed, and then stays in it', async () => {
    await applyItems(store, [received('10')])
    await store.prisma.ticket.updateMany({ data: { status: 'CLOSED' } })
    await applyItems(store, [received('11', { conversation: '10', mentions: [] })])
    await applyItems(store, [received('12', { conversation: '10', mentions: [] })])
    const [closed, followUp, ...others] = await tickets()
    expect(others).toEqual([])
    expect(closed).toMatchObject({ status: 'CLOSED', commentCount: 1 })
    expect(followUp).toMatchObject({ status: 'NEW', followUpOfId: closed?.id, commentCount: 2, sourcePostId: '11' })
  })

  it('keeps what arrives with capture off, once', async () => {
    await store.prisma.account.update({ where: { id: accountId }, data: { captureMentions: false } })
    const { head } = await store.log.head()
    await applyItems(store, [received('10'), received('10')])
    await applyItems(store, [received('10')])
    expect(await store.prisma.incomingPost.findMany()).toMatchObject([
      { id: '10', accountId, authorId: '900', state: 'WAITING', reason: 'CAPTURE_OFF', text: '@acme post 10' },
    ])
    expect(await tickets()).toEqual([])
    expect(await bodies(head)).toEqual([{ type: 'incomingPost.created', postId: '10', accountId, state: 'WAITING' }])
  })

  it('that brings nothing for us changes nothing but the cursors', async () => {
    const { head } = await store.log.head()
    const move = (sinceId: string | null) => ({ accountId, source: 'mentions', sinceId })
    await applyItems(store, [received('10', { mentions: [] })], [move('10')])
    expect(await bodies(head)).toEqual([])
    expect(await store.prisma.user.count({ where: { xProfileId: '900' } })).toBe(0)
    expect(await store.prisma.sourceCursor.findMany()).toMatchObject([{ source: 'mentions', sinceId: '10' }])
  })

  it('renews what it sees of an author, and forgets nothing for an author it does not see', async () => {
    await applyItems(store, [received('10')])
    await applyItems(store, [
      { ...received('11'), author: { ...profile('900'), name: 'Renamed', followersCount: null } },
    ])
    const nameless = { ...profile('900'), username: null, name: null, avatarUrl: null }
    await applyItems(store, [{ ...received('12'), author: nameless }])
    expect(await store.prisma.xProfile.findUnique({ where: { id: '900' } })).toMatchObject({
      username: 'user900',
      name: 'Renamed',
      followersCount: 900,
    })
  })
})

describe('an author', () => {
  const bare = { ...profile('900'), username: null, name: null, followersCount: null, verified: null, protected: null }
  const requester = () => store.prisma.user.findUniqueOrThrow({ where: { xProfileId: '900' } })

  it('who is seen in full and by id alone in one batch is the one seen', async () => {
    await applyItems(store, [received('10'), { ...received('11'), author: bare }])
    expect((await requester()).name).toBe('User 900')
  })

  it('who was known by id alone has a name as soon as X shows one', async () => {
    await applyItems(store, [{ ...received('10'), author: bare }])
    expect((await requester()).name).toBe('Unknown')
    await applyItems(store, [received('11')])
    expect((await requester()).name).toBe('User 900')
    await store.prisma.user.updateMany({ data: { name: 'Named by an agent' } })
    await applyItems(store, [{ ...received('12'), author: { ...profile('900'), name: 'Renamed on X' } }])
    expect((await requester()).name).toBe('Named by an agent')
  })

  it('is who they were last, whatever comes late', async () => {
    const known = () => store.prisma.xProfile.findUnique({ where: { id: '900' } })
    const seen = (id: string, name: string, change: object = {}) => {
      const post = received(id)
      return { ...post, author: { ...profile('900'), name, followersCount: Number(id), ...change } }
    }
    await applyItems(store, [seen('20', 'Second')])
    await applyItems(store, [seen('10', 'First', { avatarUrl: 'https://pbs.twimg.com/first.jpg' })])
    // Only what nobody has said since is taken from it.
    expect(await known()).toMatchObject({
      name: 'Second',
      followersCount: 20,
      avatarUrl: 'https://pbs.twimg.com/first.jpg',
    })
    // An old post in a page that was read just now shows its author as they are now.
    const seenAt = new Date(Date.UTC(2026, 0, 2)).toISOString()
    await applyItems(store, [seen('5', 'Third', { seenAt })])
    expect(await known()).toMatchObject({ name: 'Third', followersCount: 5 })
    await applyItems(store, [seen('30', 'Between')])
    expect(await known()).toMatchObject({ name: 'Third' })
    // In one batch, too: the page's is newer than the event's.
    const later = new Date(Date.UTC(2026, 0, 3)).toISOString()
    await applyItems(store, [seen('40', 'Fourth', { seenAt: later }), seen('50', 'Late')])
    expect(await known()).toMatchObject({ name: 'Fourth', followersCount: 40 })
  })

  it('keeps what a poorer view of them leaves out', async () => {
    const rich = { ...profile('900'), verified: true, verifiedType: 'blue', protected: true, avatarUrl: 'https://a/b' }
    await applyItems(store, [{ ...received('10'), author: rich }])
    const poor = { ...profile('900'), verified: null, verifiedType: null, protected: null }
    await applyItems(store, [{ ...received('11'), author: poor }])
    const known = () => store.prisma.xProfile.findUnique({ where: { id: '900' } })
    expect(await known()).toMatchObject({
      verified: true,
      verifiedType: 'blue',
      protected: true,
      avatarUrl: 'https://a/b',
    })
    await applyItems(store, [{ ...received('12'), author: profile('900') }])
    expect(await known()).toMatchObject({ verified: false, verifiedType: null, protected: false })
  })
})

describe('a cursor', () => {
  it('never moves back, and compares as a number', async () => {
    const since = async (...ids: (string | null)[]) => {
      await applyItems(
        store,
        [],
        ids.map((sinceId) => ({ accountId, source: 'mentions', sinceId })),
      )
      return (await store.prisma.sourceCursor.findMany())[0]?.sinceId
    }
    expect(await since(null)).toBeNull()
    expect(await since('99', '100', '98')).toBe('100')
    expect(await since('99')).toBe('100')
    expect(await since(null)).toBe('100')
    expect(await since('1900000000000000001', null)).toBe('1900000000000000001')
    expect(await since('1900000000000000000')).toBe('1900000000000000001')
  })

  it('claims the time of its last reading, and none of before the database’s clock went back', async () => {
    const read = async (agoMs: number) => {
      const begunAt = performance.now() - agoMs
      await applyItems(store, [], [{ accountId, source: 'mentions', sinceId: null, begunAt }])
      return Date.now() - Number((await store.prisma.sourceCursor.findFirst())?.syncedAt)
    }
    expect(await read(60_000)).toBeGreaterThan(59_000)
    expect(await read(0)).toBeLessThan(30_000)
    expect(await read(60_000)).toBeLessThan(30_000)
    await store.prisma.$executeRaw`UPDATE source_cursor SET synced_at = now() + interval '1 hour'`
    expect(await read(60_000)).toBeGreaterThan(59_000)
  })

  it('moves only with the posts that it passes', async () => {
    const bad = { ...received('10'), post: { ...received('10').post, text: 'a\u0000b' } }
    await expect(applyItems(store, [bad], [{ accountId, source: 'mentions', sinceId: '10' }])).rejects.toThrow()
    expect(await store.prisma.sourceCursor.count()).toBe(0)
  })
})
