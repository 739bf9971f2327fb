import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type OpenStream, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

const APP = DEFAULT_APP.bearerToken
let now: Date
let x: ValidatedSimulator
let streams: OpenStream[]
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00Z')
  x = await validatedSimulator({ clock: () => now })
  for (const username of ['ann', 'bob']) x.simulator.createUser({ username })
  x.simulator.issueTokens({ userId: 'acme' })
  streams = []
})
afterEach(async () => {
  for (const stream of streams) stream.close()
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const subscribe = (event_type: string, further: Record<string, unknown> = {}, token = APP) => {
  const body = { event_type, filter: { user_id: BRAND.id }, ...further }
  return call(x.simulator, 'POST', '/2/activity/subscriptions', { token, body })
}
const stream = async (query = '', token = APP) => {
  const opened = await openStream(x.simulator, token, query)
  streams.push(opened)
  return opened
}
const say = (from: string, text: string, inReplyTo?: string) =>
  x.simulator.createPost({ from, text, ...(inReplyTo !== undefined && { inReplyTo }) }).id
const idOf = (event: { payload: Record<string, unknown> } | undefined) => event?.payload['id']

describe('subscriptions', () => {
  test('are made, listed, changed and removed', async () => {
    const made = await subscribe('post.mention.create', { tag: 'mentions' })
    expect(made.status).toBe(200)
    const { subscription } = made.body['data'] as { subscription: { subscription_id: string } }
    expect(subscription).toMatchObject({
      event_type: 'post.mention.create',
      filter: { user_id: BRAND.id },
      tag: 'mentions',
    })
    const path = `/2/activity/subscriptions/${subscription.subscription_id}`
    const list = async () => (await call(x.simulator, 'GET', '/2/activity/subscriptions', { token: APP })).body
    expect(await list()).toEqual({ data: [subscription], meta: { total_subscriptions: 1 } })
    const changed = await call(x.simulator, 'PUT', path, { token: APP, body: { tag: 'other' } })
    expect(changed.body).toMatchObject({ data: { subscription: { tag: 'other' } } })
    expect((await call(x.simulator, 'DELETE', path, { token: APP })).body).toEqual({ data: { deleted: true } })
    expect(await list()).toEqual({ data: [], meta: { total_subscriptions: 0 } })
    expect((await call(x.simulator, 'DELETE', path, { token: APP })).status).toBe(404)
  })

  test('are listed in pages', async () => {
    for (const type of ['post.create', 'post.delete', 'post.mention.create']) await subscribe(type)
    const page = (query: string) =>
      call(x.simulator, 'GET', `/2/activity/subscriptions?max_results=2${query}`, { token: APP })
    const first = (await page('')).body as { data: unknown[]; meta: { next_token: string } }
    const second = (await page(`&pagination_token=${first.meta.next_token}`)).body as typeof first
    expect([first.data.length, second.data.length, second.meta.next_token]).toEqual([2, 1, undefined])
  })

  test('several are removed at once, and what is not there is said', async () => {
    const made = (await subscribe('post.create')).body['data'] as { subscription: { subscription_id: string } }
    const id = made.subscription.subscription_id
    const { body } = await call(x.simulator, 'DELETE', `/2/activity/subscriptions?ids=${id},42`, { token: APP })
    expect(body).toMatchObject({
      data: [{ subscription_id: id, deleted: true }],
      errors: [{ subscription_id: '42' }],
      meta: { total_subscriptions: 0 },
    })
  })

  test('to private events need the user’s consent with the right scope', async () => {
    const { id } = x.simulator.createUser({ username: 'stranger' })
    expect((await subscribe('post.mention.create', { filter: { user_id: id } })).status).toBe(403)
    expect((await subscribe('post.create', { filter: { user_id: id } })).status).toBe(200)
    x.simulator.issueTokens({ userId: id, scopes: ['users.read'] })
    expect((await subscribe('post.mention.create', { filter: { user_id: id } })).status).toBe(403)
    const { access_token: token } = x.simulator.issueTokens({ userId: id, scopes: ['users.read', 'tweet.read'] })
    expect((await subscribe('post.mention.create', { filter: { user_id: id } }, token)).status).toBe(200)
    expect((await subscribe('post.reply.create', {}, token)).status).toBe(403)
  })

  test.each([
    ['an unknown type', { event_type: 'post.burn' }],
    ['no user', { filter: {} }],
    ['a direction where there is none', { filter: { user_id: BRAND.id, direction: 'inbound' } }],
    ['an unknown webhook', { webhook_id: '42' }],
    ['an empty tag', { tag: '' }],
  ])('with %s are 400', async (_, further) => {
    expect((await subscribe('post.mention.create', further)).status).toBe(400)
  })

  test('the same one twice is refused', async () => {
    expect((await subscribe('post.mention.create')).status).toBe(200)
    expect((await subscribe('post.mention.create')).status).toBe(400)
  })
})

describe('the stream', () => {
  test('tells a typed mention within the envelope, with the people and posts around it', async () => {
    await subscribe('post.mention.create', { tag: 'mentions' })
    const open = await stream()
    expect(open.headers['x-rate-limit-remaining']).toBe('449')
    const id = say('ann', 'Hello @acme')
    const [event] = await open.until(1)
    expect(event).toMatchObject({
      event_uuid: expect.stringMatching(/^\d{1,19}$/),
      filter: { user_id: BRAND.id },
      event_type: 'post.mention.create',
      tag: 'mentions',
      payload: { id, text: 'Hello @acme', author_id: expect.any(String), conversation_id: id },
    })
    expect(event?.includes?.users?.map((user) => user.id)).toEqual([event?.payload['author_id'], BRAND.id])
    expect(event?.includes?.tweets?.map((tweet) => tweet.id)).toEqual([id])
  })

  test('tells direct replies, and neither deeper ones nor auto-mentions', async () => {
    for (const type of ['post.mention.create', 'post.reply.create', 'post.create']) await subscribe(type)
    const open = await stream()
    const root = say('ann', 'Hello @acme')
    const ours = say('acme', 'Hello', root)
    const direct = say('ann', 'Thanks', ours)
    const deep = say('bob', 'Me too', direct)
    const typedDeep = say('bob', 'What now @acme', deep)
    const events = await open.until(4)
    expect(events.map((event) => [event.event_type, idOf(event)])).toEqual([
      ['post.mention.create', root],
      ['post.create', ours],
      ['post.reply.create', direct],
      ['post.mention.create', typedDeep],
    ])
    expect(events[2]?.payload).toMatchObject({ in_reply_to_tweet_id: ours, in_reply_to_user_id: BRAND.id })
  })

  test('tells quotes, deletions, likes in their direction, messages and revocations', async () => {
    for (const type of ['post.quote.create', 'post.delete', 'dm.received', 'dm.sent']) await subscribe(type)
    await subscribe('like.create', { filter: { user_id: BRAND.id, direction: 'outbound' } })
    await subscribe('oauth.revoke', { filter: {} })
    const open = await stream()
    const ours = say('acme', 'We are open')
    const theirs = say('ann', 'Lovely')
    const quote = x.simulator.createPost({ from: 'ann', text: 'See', quoteOf: ours }).id
    x.simulator.like({ user: 'ann', postId: ours })
    x.simulator.like({ user: 'acme', postId: theirs })
    x.simulator.sendDirectMessage({ from: 'ann', to: 'acme', text: 'Psst' })
    x.simulator.deletePost(ours)
    x.simulator.revoke({ user: 'acme' })
    const events = await open.until(5)
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'post.quote.create',
      'like.create',
      'dm.received',
      'post.delete',
      'oauth.revoke',
    ])
    expect(idOf(events[0])).toBe(quote)
    expect(events[1]?.payload).toMatchObject({ liked_tweet_id: theirs })
    expect(events[2]?.payload['direct_message_events']).toMatchObject([
      { message_create: { message_data: { text: 'Psst' }, target: { recipient_id: BRAND.id } } },
    ])
    expect(events[4]?.payload).toMatchObject({ user_id: BRAND.id, app_id: DEFAULT_APP.clientId })
  })

  test('keeps quiet about protected accounts, and after consent is taken back', async () => {
    await subscribe('post.mention.create')
    await subscribe('oauth.revoke', { filter: {} })
    x.simulator.createUser({ username: 'shy', protected: true })
    const open = await stream()
    say('shy', 'Hello @acme')
    x.simulator.revoke({ user: 'acme' })
    say('ann', 'Hello @acme')
    x.simulator.issueTokens({ userId: 'acme' })
    const last = say('ann', 'Hello again @acme')
    const events = await open.until(2)
    expect(events.map(({ event_type }) => event_type)).toEqual(['oauth.revoke', 'post.mention.create'])
    expect(idOf(events[1])).toBe(last)
  })

  test('is per app', async () => {
    x.simulator.registerApp({ clientId: 'other', bearerToken: 'other-bearer' })
    await subscribe('post.create')
    const [mine, theirs] = [await stream(), await stream('', 'other-bearer')]
    say('acme', 'Hello')
    await mine.until(1)
    expect(theirs.events).toEqual([])
  })

  test('gives signs of life', async () => {
    x.simulator.setPolicy({ keepAliveMs: 10 })
    const open = await stream()
    await expect.poll(() => open.keepAlives()).toBeGreaterThan(2)
    expect(open.raw()).toMatch(/^(\r\n)+$/)
  })

  test('allows two connections an app, and a third when one is gone', async () => {
    const first = await stream()
    await stream()
    const third = await call(x.simulator, 'GET', '/2/activity/stream', { token: APP })
    expect(third).toMatchObject({
      status: 429,
      body: {
        title: 'ConnectionException',
        connection_issue: 'TooManyConnections',
        type: 'https://api.x.com/2/problems/streaming-connection',
      },
    })
    first.close()
    await expect.poll(() => x.simulator.state.streams).toBe(1)
    expect((await stream()).status).toBe(200)
  })

  test('tells both connections', async () => {
    await subscribe('post.create')
    const [one, other] = [await stream(), await stream()]
    say('acme', 'Hello')
    expect(await one.until(1)).toEqual(await other.until(1))
  })

  test('wants an app’s token and sensible minutes', async () => {
    const { access_token: token } = x.simulator.issueTokens({ userId: 'acme' })
    expect((await call(x.simulator, 'GET', '/2/activity/stream', { token })).status).toBe(403)
    const path = '/2/activity/stream?backfill_minutes=6'
    expect((await call(x.simulator, 'GET', path, { token: APP })).status).toBe(400)
  })
})
