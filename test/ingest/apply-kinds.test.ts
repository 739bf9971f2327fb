import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_COMMENTS } from '../../src/domain/capture.ts'
import { applyItems } from '../../src/ingest/apply.ts'
import type { Item } from '../../src/ingest/item.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { contents, deleted, edited, liked, message, reposted } from '../helpers/items.ts'
import { BRAND_ID, createAccount, profile, received } from '../helpers/posts.ts'
import { seeded, testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
let accountId: string

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  accountId = await createAccount(store, { captureDirectMessages: true, trackLikes: true })
})
afterEach(async () => {
  await store?.close()
  await database?.drop()
})

const apply = (...items: Item[]) => applyItems(store, items)
const set = (data: object) => store.prisma.account.updateMany({ data })
const tickets = () =>
  store.prisma.ticket.findMany({
    orderBy: { number: 'asc' },
    include: { comments: { orderBy: [{ postedAt: 'asc' }, { id: 'asc' }], include: { versions: true } } },
  })
const events = async (after = 0) => (await store.log.read(after, 1_000)).map(({ body }) => body)
const head = async () => (await store.log.head()).head

describe('the ticket of an account that is off', () => {
  it('takes nothing, and stands in nobody’s way', async () => {
    const other = await createAccount(store, { xUserId: '200', screenName: 'other' })
    const mentions = (id: string, ...xUserIds: string[]) => received(id, { conversation: '10', mentions: xUserIds })
    const onlyActive = async (id: string) => {
      await store.prisma.account.updateMany({ data: { status: 'DEACTIVATED', deactivatedAt: new Date() } })
      await store.prisma.account.update({ where: { id }, data: { status: 'ACTIVE', deactivatedAt: null } })
    }
    await apply(mentions('10', '200'))
    await onlyActive(accountId)
    await apply(mentions('11', BRAND_ID, '200'), mentions('12', BRAND_ID))
    await onlyActive(other)
    // Its own ticket is open still, though the other's is newer.
    await apply(mentions('13', BRAND_ID, '200'))
    const said = (await tickets()).map(({ accountId, comments }) => [
      accountId,
      comments.map((each) => each.externalId),
    ])
    expect(said).toEqual([
      [other, ['10', '13']],
      [accountId, ['11', '12']],
    ])
  })
})

describe('a direct message', () => {
  it('opens a ticket of its sender, and the next one goes on in it, also in the other format', async () => {
    await apply(message('10'), message('11', { channel: 'X_CHAT', id: '900/abc' }))
    expect(await tickets()).toMatchObject([
      {
        channel: 'X_CORP_DM',
        threadKey: '900',
        subject: 'message 10',
        sourcePostId: null,
        commentCount: 2,
        comments: [
          { channel: 'X_DM', externalId: '10', direction: 'INBOUND', visibility: 'PUBLIC' },
          { channel: 'X_CHAT', externalId: '900/abc', direction: 'INBOUND' },
        ],
      },
    ])
    expect((await events()).map(({ type }) => type)).toEqual(['ticket.created', 'comment.created'])
  })

  it('counts once, however often it comes', async () => {
    await apply(message('10'), message('10'))
    await apply(message('10'))
    expect(await tickets()).toMatchObject([{ commentCount: 1 }])
  })

  it('that comes after the ticket is closed opens a follow-up', async () => {
    await apply(message('10'))
    await store.prisma.ticket.updateMany({ data: { status: 'CLOSED' } })
    await apply(message('11'))
    const [closed, followUp] = await tickets()
    expect(followUp).toMatchObject({ followUpOfId: closed?.id, status: 'NEW', commentCount: 1 })
  })

  it('of our own, written in the X app, is an agent’s comment on the ticket, and opens none', async () => {
    await apply(message('9', { from: BRAND_ID }), message('10'), message('11', { from: BRAND_ID }))
    expect(await tickets()).toMatchObject([
      {
        commentCount: 2,
        comments: [{ externalId: '10' }, { externalId: '11', direction: 'OUTBOUND', authorId: null }],
      },
    ])
  })

  it('and a post of our own make no requester of us', async () => {
    await apply(received('9'), received('10', { author: BRAND_ID, conversation: '9', answers: '900' }))
    await apply(message('11'), message('12', { from: BRAND_ID }))
    expect((await tickets()).map(({ commentCount }) => commentCount)).toEqual([2, 2])
    expect(await store.prisma.user.count({ where: { xProfileId: BRAND_ID } })).toBe(0)
  })

  it('says in a private note what came along (F42)', async () => {
    await apply(message('10', { text: '', attachments: ['video', 'image', 'image'] }))
    expect(await tickets()).toMatchObject([
      {
        subject: 'Post without text',
        commentCount: 2,
        comments: [
          { body: 'Message without text', visibility: 'PUBLIC' },
          {
            body: 'The message came with what is not shown here: image, video.',
            visibility: 'PRIVATE',
            authorId: null,
          },
        ],
      },
    ])
  })

  it('of two people are two tickets, and a public post of one of them is a third', async () => {
    await apply(message('10'), message('11', { from: '901' }), received('12'))
    expect((await tickets()).map(({ channel, threadKey }) => `${channel} ${threadKey}`).sort()).toEqual([
      'X_CORP 12',
      'X_CORP_DM 900',
      'X_CORP_DM 901',
    ])
  })
})

describe('a like by the account', () => {
  it('makes a ticket of the liked post’s author (F14)', async () => {
    await apply(liked(received('10', { mentions: [] })))
    expect(await tickets()).toMatchObject([
      { channel: 'X_CORP_LIKE', sourcePostId: '10', comments: [{ externalId: '10', favorited: true }] },
    ])
  })

  it('of what is on a ticket marks the comment (F77), once', async () => {
    const post = received('10')
    await apply(post)
    const before = await head()
    await apply(liked(post))
    await apply(liked(post))
    expect(await tickets()).toMatchObject([{ channel: 'X_CORP', commentCount: 1, comments: [{ favorited: true }] }])
    expect(await events(before)).toMatchObject([{ type: 'comment.updated', changed: ['favorited'] }])
  })

  it('of a post that waits makes a ticket of it', async () => {
    await set({ captureMentions: false })
    const post = received('10')
    await apply(post)
    const before = await head()
    await apply(liked(post))
    const [ticket] = await tickets()
    expect(ticket).toMatchObject({ channel: 'X_CORP_LIKE', commentCount: 1 })
    expect(await store.prisma.incomingPost.findMany()).toMatchObject([{ state: 'CONVERTED', ticketId: ticket?.id }])
    expect(await events(before)).toMatchObject([
      { type: 'ticket.created' },
      { type: 'incomingPost.updated', state: 'CONVERTED', changed: ['state'] },
    ])
  })

  it('is followed by what its author says next, on the same ticket', async () => {
    await apply(liked(received('10', { mentions: [] })))
    await apply(received('11', { conversation: '10' }))
    expect(await tickets()).toMatchObject([{ channel: 'X_CORP_LIKE', commentCount: 2 }])
  })
})

describe('our own repost', () => {
  it('of what is on a ticket marks the comment (F77)', async () => {
    await apply(received('10'))
    await apply(reposted('11', '10'), reposted('12', '10', '901'))
    expect(await tickets()).toMatchObject([{ commentCount: 1, comments: [{ retweeted: true }] }])
  })
})

describe('an edited post', () => {
  it('says what it says now, and keeps what it said', async () => {
    const post = received('10')
    await apply(post)
    const before = await head()
    await apply(edited(post, '11', '@acme better'), post)
    await apply(edited(post, '13', '@acme best'), edited(post, '12', '@acme late'))
    expect(await tickets()).toMatchObject([
      {
        commentCount: 1,
        subject: 'post 10',
        comments: [{ externalId: '10', versionId: '13', body: '@acme best', editedAt: expect.any(Date) }],
      },
    ])
    const [ticket] = await tickets()
    expect(ticket?.comments[0]?.versions.map(({ versionId, body }) => `${versionId} ${body}`).sort()).toEqual([
      '10 @acme post 10',
      '11 @acme better',
      '12 @acme late',
    ])
    expect(await events(before)).toMatchObject([
      { type: 'comment.updated', changed: ['body', 'editedAt'] },
      { type: 'comment.updated', changed: ['body', 'editedAt'] },
    ])
  })

  it('is one comment when X only tells of the newest version, and its first version comes late', async () => {
    const post = received('10')
    await apply(edited(post, '11', '@acme better'))
    await apply(post)
    expect(await tickets()).toMatchObject([{ commentCount: 1, comments: [{ externalId: '10', body: '@acme better' }] }])
  })

  it('that waits is changed where it waits', async () => {
    await set({ captureMentions: false })
    const post = received('10')
    await apply(post)
    await apply(edited(post, '11', '@acme better'))
    expect(await store.prisma.incomingPost.findMany()).toMatchObject([
      { id: '10', versionId: '11', text: '@acme better', state: 'WAITING' },
    ])
  })
})

describe('a post that its author deletes', () => {
  it('is marked, and its text is erased everywhere, also from the subject and of older versions', async () => {
    const post = received('10')
    await apply(post, edited(post, '11', '@acme better'))
    await apply(edited(post, '12', '@acme best'))
    const before = await head()
    await apply(deleted('12'))
    await apply(deleted('10'))
    expect(await tickets()).toMatchObject([
      { subject: 'Deleted post', commentCount: 1, comments: [{ body: '', deletedAt: expect.any(Date), versions: [] }] },
    ])
    expect(await events(before)).toMatchObject([
      { type: 'comment.updated', changed: ['deletedAt', 'body'] },
      { type: 'ticket.updated', changed: ['subject'] },
    ])
  })

  it('leaves the subject that an agent gave', async () => {
    await apply(received('10'))
    await store.prisma.ticket.updateMany({ data: { subject: 'Refund' } })
    await apply(deleted('10'))
    expect(await tickets()).toMatchObject([{ subject: 'Refund', comments: [{ body: '' }] }])
  })

  it('is only marked when the workspace says so', async () => {
    await store.prisma.workspace.updateMany({ data: { redactDeletedPosts: false } })
    await apply(received('10'))
    await apply(deleted('10'))
    expect(await tickets()).toMatchObject([
      { subject: 'post 10', comments: [{ body: '@acme post 10', deletedAt: expect.any(Date) }] },
    ])
  })

  it('and is told of before the post itself, is nothing', async () => {
    await apply(deleted('10'))
    await apply(received('10'), liked(received('10')))
    expect(await tickets()).toEqual([])
  })

  it('no longer waits', async () => {
    await set({ captureMentions: false })
    await apply(received('10'))
    const before = await head()
    await apply(deleted('10'))
    expect(await store.prisma.incomingPost.findMany()).toMatchObject([
      { state: 'IGNORED', reason: 'DELETED', text: '' },
    ])
    expect(await events(before)).toMatchObject([{ type: 'incomingPost.updated', state: 'IGNORED' }])
  })
})

describe('a post that quotes another', () => {
  const quoting = (id: string, quotedUserId: string | null) => {
    const item = received(id)
    return { ...item, post: { ...item.post, quotedUserId } }
  }
  const quoted = async () => ({
    comments: (await store.prisma.comment.findMany()).map(({ quotedUserId }) => quotedUserId),
    incoming: (await store.prisma.incomingPost.findMany()).map(({ quotedUserId }) => quotedUserId),
  })

  it('is kept with whose it is', async () => {
    await apply(quoting('5', '700'))
    expect(await quoted()).toEqual({ comments: ['700'], incoming: [] })
  })

  it.each([
    ['on a ticket', true, { comments: ['700'], incoming: [] }],
    ['among those that wait', false, { comments: [], incoming: ['700'] }],
  ])('and was first told without that, is completed by whoever tells it next: %s', async (_where, captures, known) => {
    await set({ captureMentions: captures })
    await apply(quoting('5', null))
    const before = await head()
    await apply(quoting('5', '700'))
    expect(await quoted()).toEqual(known)
    // It is not forgotten when it is told without it again; and nobody is told of it.
    await apply(quoting('5', null))
    expect(await quoted()).toEqual(known)
    expect(await events(before)).toEqual([])
  })
})

describe('a full ticket (F24)', () => {
  const fill = () => store.prisma.ticket.updateMany({ data: { commentCount: MAX_COMMENTS - 1 } })

  it('takes the 5,000th post; the next ones wait with the reason, and a note says so once', async () => {
    await apply(received('10'))
    await fill()
    const next = (id: string) => received(id, { conversation: '10' })
    await apply(next('11'), next('12'))
    await apply(next('13'))
    const [ticket, ...others] = await tickets()
    expect(others).toEqual([])
    expect(ticket).toMatchObject({ commentCount: MAX_COMMENTS + 1, importStoppedAt: expect.any(Date) })
    expect(ticket?.comments.map(({ externalId, visibility }) => externalId ?? visibility).sort()).toEqual([
      '10',
      '11',
      'PRIVATE',
    ])
    expect(await store.prisma.incomingPost.findMany({ orderBy: { id: 'asc' } })).toMatchObject([
      { id: '12', reason: 'TICKET_FULL' },
      { id: '13', reason: 'TICKET_FULL' },
    ])
  })

  it('takes no answer of ours either, which waits; and is told of once by two workers at a time', async () => {
    await apply(received('10'))
    await store.prisma.ticket.updateMany({ data: { commentCount: MAX_COMMENTS } })
    const answer = received('11', { conversation: '10', author: BRAND_ID, mentions: [], answers: '900' })
    const other = await testStore(database.url)
    const next = (id: string) => received(id, { conversation: '10' })
    await Promise.all([
      apply(answer, next('12')),
      applyItems(other, [next('13'), next('14')]),
      applyItems(other, [next('15')]),
    ])
    await other.close()
    const [ticket] = await tickets()
    expect(ticket?.comments.filter(({ visibility }) => visibility === 'PRIVATE')).toHaveLength(1)
    expect(ticket).toMatchObject({ commentCount: MAX_COMMENTS + 1 })
    expect(await store.prisma.incomingPost.findMany({ orderBy: { id: 'asc' } })).toMatchObject(
      ['11', '12', '13', '14', '15'].map((id) => ({ id, reason: 'TICKET_FULL' })),
    )
  })

  it('knows an answer of Perch again that X tells of before it is known to be sent', async () => {
    await apply(received('10'))
    const [ticket] = await tickets()
    const ticketId = ticket?.id ?? ''
    const answer = received('11', { conversation: '10', author: BRAND_ID, mentions: [], answers: '900' })
    const said = new Date(answer.post.postedAt)
    const { id: commentId } = await store.prisma.comment.create({
      data: {
        ...{ id: crypto.randomUUID(), ticketId, direction: 'OUTBOUND', visibility: 'PUBLIC', channel: 'X_POST' },
        ...{ body: answer.post.text, postedAt: said },
      },
    })
    await store.prisma.delivery.create({
      data: { commentId, ticketId, accountId, channel: 'X_POST', target: '10', state: 'SENDING', begunAt: said },
    })
    await store.prisma.ticket.updateMany({ data: { commentCount: MAX_COMMENTS } })
    await apply(answer)
    expect(await store.prisma.incomingPost.count()).toBe(0)
    expect(await store.prisma.delivery.findMany()).toMatchObject([{ state: 'SENT' }])
    expect(await store.prisma.comment.findUnique({ where: { id: commentId } })).toMatchObject({ externalId: '11' })
  })

  it('never has more than 5,000 comments and the note, whatever came with a message', async () => {
    await apply(message('10'))
    await fill()
    await apply(message('11', { attachments: ['photo'] }))
    const [full, followUp] = await tickets()
    expect(full).toMatchObject({ commentCount: MAX_COMMENTS, importStoppedAt: expect.any(Date) })
    expect(followUp).toMatchObject({ followUpOfId: full?.id, commentCount: 2 })
  })

  it('of direct messages goes on in a follow-up, beside it', async () => {
    await apply(message('10'))
    await fill()
    await apply(message('11'), message('12'), message('13'))
    const [full, followUp, ...others] = await tickets()
    expect(others).toEqual([])
    expect(full).toMatchObject({ status: 'NEW', importStoppedAt: expect.any(Date) })
    expect(followUp).toMatchObject({ followUpOfId: full?.id, commentCount: 2 })
  })

  it('gives an administrator who converts the next post a follow-up', async () => {
    await apply(received('10'))
    await fill()
    const post = received('12', { conversation: '10' })
    await apply(received('11', { conversation: '10' }), post)
    const userId = (
      await store.prisma.user.create({ data: { id: crypto.randomUUID(), role: 'ADMIN', name: 'A', email: 'a@b' } })
    ).id
    await apply({ ...post, kind: 'conversion', accountId, userId })
    const [full, followUp] = await tickets()
    expect(followUp).toMatchObject({ followUpOfId: full?.id, comments: [{ externalId: '12' }] })
    expect((await store.log.read(0, 1_000)).filter(({ body }) => body.type === 'ticket.created').at(-1)?.actor).toEqual(
      {
        kind: 'user',
        id: userId,
      },
    )
    // And that is where the conversation goes on.
    await apply(received('14', { conversation: '10' }))
    expect((await tickets())[1]).toMatchObject({ commentCount: 2 })
  })
})

describe('an author', () => {
  it('who is protected is captured: X shows their posts to whom they let in', async () => {
    await apply({ ...received('10'), author: { ...profile('900'), protected: true } })
    expect(await store.prisma.xProfile.findUnique({ where: { id: '900' } })).toMatchObject({ protected: true })
    expect(await tickets()).toHaveLength(1)
  })

  it('who is suspended here keeps waiting', async () => {
    await apply(received('10'))
    await store.prisma.user.updateMany({ where: { xProfileId: '900' }, data: { active: false } })
    await apply(received('11', { conversation: '10' }), message('12'))
    expect(await tickets()).toMatchObject([{ commentCount: 1 }])
    expect(await store.prisma.incomingPost.findMany()).toMatchObject([{ id: '11', reason: 'AUTHOR_SUSPENDED' }])
  })

  it('is kept current by posts that are known already: the rules ask for followers', async () => {
    await apply(received('10'))
    await apply({ ...received('10'), author: { ...profile('900'), followersCount: 12_345, postsCount: 9 } })
    expect(await store.prisma.xProfile.findUnique({ where: { id: '900' } })).toMatchObject({
      followersCount: 12_345,
      postsCount: 9,
    })
  })
})

describe('somebody whom X shows unchanged', () => {
  it('is not taken for who they were before, when that comes late', async () => {
    const seen = (id: string, name: string, day: number) =>
      apply({
        ...received(id),
        author: { ...profile('900'), name, seenAt: new Date(Date.UTC(2026, 0, day)).toISOString() },
      })
    await seen('10', 'Ann', 5)
    await seen('11', 'Ann', 7)
    await seen('12', 'Anna', 6)
    expect(await store.prisma.xProfile.findUnique({ where: { id: '900' } })).toMatchObject({ name: 'Ann' })
  })
})

/**
 * A story in the order of time: posts with replies, edits, likes, reposts, deletions, messages. Everybody names us, and
 * we answer only whom we heard: what was said before there is a ticket joins it when it is told again.
 */
function story(random: () => number, likes: boolean): Item[] {
  const any = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T
  const posts = new Map<string, ReturnType<typeof received>>()
  const items: Item[] = []
  const heard = new Set<string>()
  for (let n = 0; n < 80; n++) {
    const id = String(1_000 + n)
    const known = any([...posts.keys(), id])
    const post = posts.get(known)
    const what = random()
    if (post && what < 0.12) {
      const version = edited(post, id, `@acme version ${id}`)
      posts.set(known, version)
      items.push(version)
    } else if (post && likes && what < 0.2) items.push(liked(post))
    else if (post && what < 0.26) items.push(reposted(id, known))
    else if (post && what < 0.32) {
      posts.delete(known)
      items.push(deleted(known))
    } else if (what < 0.5) {
      const from = any(heard.has('900') ? ['900', '901', BRAND_ID] : ['900', '901'])
      heard.add(from)
      items.push(message(id, { from }))
    } else {
      const author = any(['900', '901', '902'])
      const fresh = received(id, {
        author,
        conversation: post ? post.post.conversationId : id,
      })
      posts.set(id, fresh)
      items.push(fresh)
    }
  }
  return items
}

describe('whatever happens', () => {
  it.each([
    [1, true],
    // Without likes: what waits joins a ticket that a like opens, or not, by which of them comes first.
    [2, false],
  ])(
    'gives the same in one batch as one by one, and again nothing new (seed %i, capturing %s)',
    async (seed, captureMentions) => {
      await set({ captureMentions })
      const items = story(seeded(seed), captureMentions)
      for (const item of items) await apply(item)
      const one = await contents(store)
      for (const item of items) await apply(item)
      expect(await contents(store)).toEqual(one)

      const other = await testDatabase()
      const another = await testStore(other.url)
      await createAccount(another, { captureMentions, captureDirectMessages: true, trackLikes: true })
      // Parts in the order of time, each applied at once.
      for (let at = 0; at < items.length; at += 17) await applyItems(another, items.slice(at, at + 17))
      const parts = await contents(another)
      await another.close()
      await other.drop()
      expect(parts).toEqual(one)
    },
  )
})

describe('whom the account follows (F77)', () => {
  const follows = async () =>
    (await store.prisma.xFollow.findMany()).map(({ xUserId, following }) => `${xUserId} ${following}`)
  const follow = (following: boolean): Item => ({ kind: 'follow', followerId: BRAND_ID, personId: '900', following })

  it('is told by events, and seen beside posts', async () => {
    await apply(follow(false))
    expect(await follows()).toEqual([])
    await apply(follow(true), follow(false), follow(true))
    expect(await follows()).toEqual(['900 true'])
    await apply({
      ...received('10'),
      author: { ...profile('900'), follow: { followerId: BRAND_ID, following: false } },
    })
    expect(await follows()).toEqual(['900 false'])
  })
})
