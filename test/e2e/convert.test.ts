import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { MAX_COMMENTS } from '../../src/domain/capture.ts'
import { applyItems } from '../../src/ingest/apply.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { type Watched, watch } from '../helpers/console.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { deleted, edited } from '../helpers/items.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { received } from '../helpers/posts.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { convertPost, convertPosts, dismiss, EVENTS, type EventSeen, idOf } from './incoming-posts.ts'

/** F15, F19-F21 over HTTP and WebSocket, with the simulator for X: posts that wait, and what administrators make of them. */

let database: TestDatabase
let validated: ValidatedSimulator
let simulator: Simulator
let app: App
let account: string
let accountId: string
let brand: string
let events: Watched<EventSeen>

beforeAll(async () => {
  ;[validated, database] = await Promise.all([validatedSimulator(), testDatabase()])
  simulator = validated.simulator
  account = await connectBrand(database.url, simulator)
  accountId = encodeGlobalId('Account', account)
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  await byHand(true)
  brand = (await app.store.prisma.account.findUniqueOrThrow({ where: { id: account } })).xUserId
  events = watch<EventSeen>(app.url, await tokenFor(app, 'admin'), 'incomingPostEvents', EVENTS, { after: await end() })
})
afterAll(async () => {
  await events?.close()
  await app?.close()
  await simulator?.close()
  await database?.drop()
})

afterEach(() => byHand(true))

const end = async () => {
  const { epoch, head } = await app.store.log.head()
  return `${epoch}:${head}`
}
/** Posts wait to be converted by hand, or become tickets by themselves. */
const byHand = (manualConversion: boolean) =>
  app.store.prisma.account.updateMany({ data: { manualConversion, captureMentions: !manualConversion } })
let next = 10_000_000
/** Said after the account was connected. */
const post = (change: Parameters<typeof received>[1] = {}) => {
  next += 1
  const made = received(String(next), { mentions: [brand], ...change })
  return { ...made, post: { ...made.post, postedAt: new Date(Date.now() + next).toISOString() } }
}
const waiting = async (...posts: ReturnType<typeof post>[]) => {
  await applyItems(app.store, posts)
  return posts.map(({ post }) => post.id)
}
const ticketsOf = (author: string) =>
  app.store.prisma.ticket.findMany({
    where: { requester: { xProfileId: author } },
    orderBy: { number: 'asc' },
    include: { comments: { orderBy: { postedAt: 'asc' } } },
  })
const xCalls = () => validated.exchanges.filter(({ method, path }) => method === 'GET' && path === '/2/tweets').length

describe('a post that waits', () => {
  it('is told of, and becomes a ticket by the administrator who converts it; X says so once', async () => {
    simulator.createUser({ username: 'mira_test', name: 'Mira' })
    const { id } = simulator.createPost({ from: 'mira_test', text: '@acme my parcel is late' })
    await events.find(({ type, incomingPost }) => type === 'CREATED' && incomingPost?.xPostId === id)

    const first = await convertPost(app, { id: idOf(id) })
    expect(first).toMatchObject({
      outcome: 'CONVERTED',
      ticket: { subject: 'my parcel is late' },
      incomingPost: { xPostId: id, state: 'CONVERTED', reason: 'CAPTURE_OFF', ticket: { id: first.ticket?.id } },
      userErrors: [],
    })
    expect(await convertPost(app, { id: idOf(id) })).toMatchObject({
      outcome: 'ALREADY_CONVERTED',
      ticket: first.ticket,
      userErrors: [],
    })
    const told = await events.find(({ type, incomingPost }) => type === 'CONVERTED' && incomingPost?.xPostId === id)
    expect(told).toMatchObject({ state: 'CONVERTED', actor: { kind: 'USER', user: { role: 'ADMIN' } } })

    const log = await app.store.log.read(0, 1_000)
    const created = log.find(
      ({ body }) => body.type === 'ticket.created' && body.ticket.number === first.ticket?.number,
    )
    expect(created?.actor).toEqual({ kind: 'user', id: FIRST_USERS.admin.id })
  })

  it('is looked up first when X was not asked for long: what is deleted is refused, what was edited says so', async () => {
    simulator.createUser({ username: 'mo_test' })
    const said = ['@acme gone', '@acme stays', '@acme new'].map((text) =>
      simulator.createPost({ from: 'mo_test', text }),
    )
    for (const { id } of said)
      await events.find(({ type, incomingPost }) => type === 'CREATED' && incomingPost?.xPostId === id)
    const [gone = '', edit = '', fresh = ''] = said.map(({ id }) => id)
    await app.store.prisma.$executeRaw`
      UPDATE incoming_post SET looked_at = now() - interval '2 hours' WHERE id = ANY(${[gone, edit]})`
    simulator.deletePost(gone)
    simulator.setStreamMode({ lost: true })
    simulator.editPost({ id: edit, text: '@acme stays otherwise' })
    const before = xCalls()
    const { results } = await convertPosts(app, { ids: [gone, edit, fresh].map(idOf) })
    simulator.setStreamMode({ lost: false })
    expect(results.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['REFUSED', 'POST_DELETED'],
      ['CONVERTED', undefined],
      ['CONVERTED', undefined],
    ])
    // Asked for the version that is known, X shows that one, and names the newer.
    expect(xCalls() - before).toBe(2)
    expect(await app.store.prisma.incomingPost.findUnique({ where: { id: gone } })).toMatchObject({ text: '' })
    expect(await app.store.prisma.comment.findFirst({ where: { externalId: edit } })).toMatchObject({
      body: '@acme stays otherwise',
    })
  })

  it('is taken as it is where X does not answer', async () => {
    const [id = ''] = await waiting(post({ author: '8991' }))
    await app.store.prisma.$executeRaw`UPDATE incoming_post SET looked_at = now() - interval '2 hours' WHERE id = ${id}`
    simulator.addFault({ match: { path: '/2/tweets' }, kind: 'status', status: 503, times: 1 })
    expect(await convertPost(app, { id: idOf(id) })).toMatchObject({ outcome: 'CONVERTED', userErrors: [] })
  })

  it('joins the open ticket that its author has in that conversation', async () => {
    const [one = '', two = ''] = await waiting(
      post({ author: '801', conversation: '8010' }),
      post({ author: '801', conversation: '8010' }),
    )
    const first = await convertPost(app, { id: idOf(one) })
    expect(await convertPost(app, { id: idOf(two) })).toMatchObject({ outcome: 'CONVERTED', ticket: first.ticket })
    expect(await ticketsOf('801')).toMatchObject([{ comments: [{ externalId: one }, { externalId: two }] }])
  })

  it('says on the ticket what it says at that moment, and goes on following its author', async () => {
    const original = post({ author: '802' })
    const [id = ''] = await waiting(original)
    const position = await end()
    await applyItems(app.store, [edited(original, String(++next), '@acme better')])
    await convertPost(app, { id: idOf(id) })
    expect(await ticketsOf('802')).toMatchObject([{ subject: 'better', comments: [{ body: '@acme better' }] }])
    await applyItems(app.store, [deleted(id)])
    expect(await app.store.prisma.incomingPost.findUnique({ where: { id } })).toMatchObject({
      state: 'CONVERTED',
      text: '',
    })
    const again = watch<EventSeen>(app.url, await tokenFor(app, 'admin'), 'incomingPostEvents', EVENTS, {
      after: position,
      filter: { accountIds: [accountId] },
    })
    await again.find(({ type }) => type === 'DELETED')
    const about = again.seen.filter(({ incomingPost }) => incomingPost?.xPostId === id)
    expect(about.map(({ type, state }) => `${type} ${state}`)).toEqual([
      'EDITED WAITING',
      'CONVERTED CONVERTED',
      'DELETED CONVERTED',
    ])
    await again.close()
  })

  it('that its author deletes cannot be converted', async () => {
    const [id = ''] = await waiting(post({ author: '803' }))
    await applyItems(app.store, [deleted(id)])
    expect(await convertPost(app, { id: idOf(id) })).toMatchObject({
      outcome: 'REFUSED',
      ticket: null,
      incomingPost: { state: 'IGNORED', reason: 'DELETED' },
      userErrors: [{ code: 'POST_DELETED', field: ['id'] }],
    })
  })

  it('is refused where mentions become tickets by themselves (F15), but for what did not fit into a full ticket', async () => {
    await byHand(false)
    const [opening = ''] = await waiting(post({ author: '804', conversation: '8040' }))
    const [opened] = await ticketsOf('804')
    await app.store.prisma.ticket.update({ where: { id: opened?.id ?? '' }, data: { commentCount: MAX_COMMENTS } })
    const [full = '', after = ''] = await waiting(
      post({ author: '804', conversation: '8040' }),
      post({ author: '804', conversation: '8040' }),
    )
    expect(await convertPost(app, { id: idOf(opening) })).toMatchObject({ outcome: 'ALREADY_CONVERTED' })
    const { results } = await convertPosts(app, { ids: [idOf(full), idOf(after)] })
    expect(results).toMatchObject([
      { outcome: 'CONVERTED', incomingPost: { reason: 'TICKET_FULL' } },
      { outcome: 'CONVERTED', ticket: { id: results[0]?.ticket?.id } },
    ])
    expect(await ticketsOf('804')).toMatchObject([
      { importStoppedAt: expect.any(Date) },
      { followUpOfId: opened?.id, comments: [{ externalId: full }, { externalId: after }] },
    ])

    await byHand(true)
    const [id = ''] = await waiting(post({ author: '805' }))
    await byHand(false)
    expect(await convertPost(app, { id: idOf(id) })).toMatchObject({
      outcome: 'REFUSED',
      userErrors: [{ code: 'MANUAL_CONVERSION_OFF', field: ['id'] }],
    })
  })

  it('is dismissed, told of, and can be converted all the same', async () => {
    const [id = '', other = ''] = await waiting(post({ author: '806' }), post({ author: '806' }))
    const taken = await convertPost(app, { id: idOf(other) })
    expect(await dismiss(app, [idOf(id), idOf(other)])).toMatchObject({
      incomingPosts: [
        { xPostId: id, state: 'IGNORED', reason: 'DISMISSED' },
        { xPostId: other, state: 'CONVERTED', ticket: taken.ticket },
      ],
      userErrors: [],
    })
    await events.find(({ type, incomingPost }) => type === 'DISMISSED' && incomingPost?.xPostId === id)
    expect(await dismiss(app, [idOf(id), idOf('42'), 'nonsense'])).toMatchObject({
      incomingPosts: [],
      userErrors: [{ code: 'INVALID_INPUT', field: ['ids', '2'] }],
    })
    expect(await dismiss(app, [idOf(id), idOf('42')])).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', field: ['ids', '1'] }],
    })
    expect(await convertPost(app, { id: idOf(id) })).toMatchObject({ outcome: 'CONVERTED' })
  })
})

describe('a post that did not come in', () => {
  it('is fetched from X by its link, once', async () => {
    const author = simulator.createUser({ username: 'far_away', name: 'Far' })
    const { id } = simulator.createPost({ from: 'far_away', text: 'parcels are a pity' })
    const before = xCalls()
    const input = { xPostId: `https://x.com/far_away/status/${id}?s=20`, accountId }
    const first = await convertPost(app, input)
    expect(first).toMatchObject({
      outcome: 'CONVERTED',
      ticket: { subject: 'parcels are a pity' },
      incomingPost: null,
      userErrors: [],
    })
    expect(await convertPost(app, input)).toMatchObject({ outcome: 'ALREADY_CONVERTED', ticket: first.ticket })
    expect(xCalls() - before).toBe(1)
    expect(await ticketsOf(author.id)).toMatchObject([{ accountId: account, comments: [{ externalId: id }] }])
  })

  it('and is gone at X, or was never there, is refused', async () => {
    const { id } = simulator.createPost({ from: 'mira_test', text: 'never mind' })
    simulator.deletePost(id)
    expect(await convertPost(app, { xPostId: id, accountId })).toMatchObject({
      outcome: 'REFUSED',
      userErrors: [{ code: 'NOT_FOUND', field: ['xPostId'] }],
    })
    // What X does not show now may be shown tomorrow: it is not taken for deleted.
    expect(await app.store.prisma.deletedPost.findUnique({ where: { id } })).toBeNull()
  })

  it('is not asked for where nothing can come of it', async () => {
    const before = xCalls()
    const { id } = simulator.createPost({ from: 'mira_test', text: 'hello' })
    await byHand(false)
    expect(await convertPost(app, { xPostId: id, accountId })).toMatchObject({
      userErrors: [{ code: 'MANUAL_CONVERSION_OFF', field: ['accountId'] }],
    })
    await byHand(true)
    await app.store.prisma.account.updateMany({ data: { status: 'DEACTIVATED', deactivatedAt: new Date() } })
    expect(await convertPost(app, { xPostId: id, accountId })).toMatchObject({
      userErrors: [{ code: 'ACCOUNT_NOT_ACTIVE', field: ['accountId'] }],
    })
    await app.store.prisma.account.updateMany({ data: { status: 'ACTIVE', deactivatedAt: null } })
    const nobody = encodeGlobalId('Account', '00000000-0000-4000-8000-000000000000')
    expect(await convertPost(app, { xPostId: id, accountId: nobody })).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', field: ['accountId'] }],
    })
    expect(xCalls()).toBe(before)
  })

  it('of our own is refused', async () => {
    const { id } = simulator.createPost({ from: 'acme', text: 'our news' })
    expect(await convertPost(app, { xPostId: id, accountId })).toMatchObject({
      userErrors: [{ code: 'OWN_POST', field: ['xPostId'] }],
    })
  })

  it('is X’s fault when X does not answer', async () => {
    const { id } = simulator.createPost({ from: 'mira_test', text: 'are you there' })
    simulator.addFault({ match: { method: 'GET', path: '/2/tweets' }, kind: 'status', status: 503 })
    expect(await convertPost(app, { xPostId: id, accountId })).toMatchObject({
      outcome: 'REFUSED',
      userErrors: [{ code: 'X_UNAVAILABLE' }],
    })
    expect(await convertPost(app, { xPostId: id, accountId })).toMatchObject({ outcome: 'CONVERTED' })
  })
})

describe('many at once', () => {
  it('are a thousand in one call, each judged by itself', async () => {
    const posts = Array.from({ length: 1_000 }, (_, n) => post({ author: `9${n % 700}` }))
    const ids = await waiting(...posts)
    const gone = ids[10] ?? ''
    await applyItems(app.store, [deleted(gone)])
    const input = { ids: [...ids.slice(0, 998).map(idOf), 'nonsense', idOf(ids[0] ?? '')] }
    const started = performance.now()
    const { results, userErrors } = await convertPosts(app, input)
    const ms = performance.now() - started
    expect(userErrors).toEqual([])
    expect(results.map(({ index }) => index)).toEqual(input.ids.map((_, index) => index))
    const odd = new Map(results.flatMap((result) => (result.outcome === 'CONVERTED' ? [] : [[result.index, result]])))
    expect(odd).toMatchObject(
      new Map<number, object>([
        [10, { outcome: 'REFUSED', error: { code: 'POST_DELETED', field: ['ids', '10'] } }],
        [998, { outcome: 'REFUSED', error: { code: 'INVALID_INPUT', field: ['ids', '998'] } }],
        [999, { outcome: 'ALREADY_CONVERTED', ticket: { id: results[0]?.ticket?.id } }],
      ]),
    )
    const subjects = results.slice(0, 998).filter(({ outcome }) => outcome === 'CONVERTED')
    expect(subjects.every(({ index, ticket }) => ticket?.subject === `post ${ids[index]}`)).toBe(true)
    expect(new Set(results.map(({ ticket }) => ticket?.id)).size).toBe(997 + 1)
    if (process.env['TEST_TIMES']) console.log(`1,000 posts converted in ${Math.round(ms)} ms`)
  })

  it('are fetched a hundred a call', async () => {
    const made = Array.from({ length: 150 }, (_, n) => simulator.createPost({ from: 'far_away', text: `bulk ${n}` }))
    const posts = made.map(({ id }) => ({ xPostId: `https://twitter.com/i/web/status/${id}`, accountId }))
    const before = xCalls()
    const { results } = await convertPosts(app, { posts: [...posts, { xPostId: 'https://example.org/1', accountId }] })
    expect(xCalls() - before).toBe(2)
    expect(results.slice(0, 150).map(({ ticket }) => ticket?.subject)).toEqual(made.map((_, n) => `bulk ${n}`))
    expect(results[150]).toMatchObject({
      outcome: 'REFUSED',
      error: { code: 'INVALID_INPUT', field: ['posts', '150', 'xPostId'] },
    })
  })

  it('are one ticket each, whoever converts them at the same time', async () => {
    const ids = await waiting(...Array.from({ length: 60 }, (_, n) => post({ author: `7${n % 50}` })))
    const inputs = [ids, ids.toReversed(), ids].map((list) => ({ ids: list.map(idOf) }))
    const answers = await Promise.all(inputs.map((input) => convertPosts(app, input)))
    const outcomes = answers.flatMap(({ results }) => results)
    expect(outcomes.filter(({ outcome }) => outcome === 'CONVERTED')).toHaveLength(60)
    expect(outcomes.filter(({ outcome }) => outcome === 'ALREADY_CONVERTED')).toHaveLength(120)
    expect(new Set(outcomes.map(({ ticket }) => ticket?.id)).size).toBe(60)
    expect(await app.store.prisma.ticket.count({ where: { sourcePostId: { in: ids } } })).toBe(60)
  })

  it('are too many beyond a thousand, and too few when there are none', async () => {
    const one = idOf('1')
    expect(await convertPosts(app, { ids: Array.from({ length: 1_001 }, () => one) })).toMatchObject({
      results: [],
      userErrors: [{ code: 'INVALID_INPUT', field: ['ids'] }],
    })
    expect(await convertPosts(app, {})).toMatchObject({ results: [], userErrors: [{ code: 'INVALID_INPUT' }] })
    // A thousand links with their accounts are a message that every door takes.
    const link = 'https://x.com/somebody_or_so/status/2000000000000000000?s=20&t=abcdefghijk'
    const posts = Array.from({ length: 1_000 }, () => ({
      xPostId: link,
      accountId: encodeGlobalId('Account', account),
    }))
    expect((await convertPosts(app, { posts })).results).toHaveLength(1_000)
  })
})

describe('agents', () => {
  it.each([
    ['{ incomingPosts { totalCount } }'],
    ['mutation { convertPost(input: { id: "x" }) { position } }'],
    ['mutation { convertPosts(input: { ids: ["x"] }) { position } }'],
    ['mutation { dismissIncomingPosts(input: { ids: ["x"] }) { position } }'],
  ])('may not: %s (F19)', async (text) => {
    await expect(query(app.url, await tokenFor(app), text)).rejects.toThrow('is for administrators')
  })

  it('do not find one by its id', async () => {
    const [id = ''] = await waiting(post({ author: '807' }))
    const text = `{ node(id: "${idOf(id)}") { id } nodes(ids: ["${idOf(id)}"]) { id } }`
    expect(await query(app.url, await tokenFor(app), text)).toEqual({ node: null, nodes: [null] })
    expect(await query(app.url, await tokenFor(app, 'admin'), text)).toEqual({
      node: { id: idOf(id) },
      nodes: [{ id: idOf(id) }],
    })
  })

  it('are not told, from the moment on that they are no administrators', async () => {
    const name = { role: 'ADMIN', name: 'Once', email: 'once@example.org' } as const
    const { id: userId } = await app.store.prisma.user.create({ data: { id: crypto.randomUUID(), ...name } })
    const token = await app.signer.sign({ sub: userId, role: 'ADMIN', ttlSeconds: 600 })
    const lost = watch<EventSeen>(app.url, token, 'incomingPostEvents', EVENTS, { after: await end() })
    const [first = ''] = await waiting(post({ author: '808' }))
    await lost.find(({ incomingPost }) => incomingPost?.xPostId === first)
    await app.store.prisma.user.update({ where: { id: userId }, data: { role: 'AGENT' } })
    await expect.poll(lost.failure, { timeout: 5_000 }).toBeDefined()
    await waiting(post({ author: '808' }))
    expect(lost.seen).toHaveLength(1)
    await lost.close()

    const refused = watch<EventSeen>(app.url, await tokenFor(app), 'incomingPostEvents', EVENTS)
    await expect.poll(() => JSON.stringify(refused.failure())).toContain('is for administrators')
    await refused.close()
  })
})

it('asks X nothing that X’s document does not know', () => {
  validated.assertNoViolations()
})
