import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let now: Date
let x: ValidatedSimulator
let token: string
let ann: string
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00.500Z')
  x = await validatedSimulator({ clock: () => now })
  ann = x.simulator.createUser({ username: 'ann' }).id
  x.simulator.createUser({ username: 'bob' })
  token = x.simulator.issueTokens({ userId: 'acme' }).access_token
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const FIELDS = 'created_at,dm_conversation_id,sender_id,participant_ids,attachments,referenced_tweets,entities'
const read = (path: string, query: Record<string, string> = {}, bearer = token) =>
  call(x.simulator, 'GET', `${path}?${new URLSearchParams(query)}`, { token: bearer })
const events = (query: Record<string, string> = {}) => read('/2/dm_events', query)
const textsOf = (body: Record<string, unknown>) =>
  ((body['data'] ?? []) as { text?: string }[]).map(({ text }) => text ?? null)
const send = (from: string, to: string, text: string) => x.simulator.sendDirectMessage({ from, to, text })

describe('GET /2/dm_events', () => {
  test('gives what was sent and received, newest first, with the fields that are asked for', async () => {
    const first = send('ann', 'acme', 'Hello https://shop.example/1')
    send('bob', 'ann', 'Not for the brand')
    const second = send('acme', 'ann', 'Hello Ann')
    expect((await events()).body).toEqual({
      data: [
        { id: second.id, event_type: 'MessageCreate', text: 'Hello Ann' },
        { id: first.id, event_type: 'MessageCreate', text: 'Hello https://shop.example/1' },
      ],
      meta: { result_count: 2 },
    })
    const { body } = await events({ 'dm_event.fields': FIELDS, expansions: 'sender_id', 'user.fields': 'protected' })
    expect((body['data'] as unknown[])[1]).toEqual({
      id: first.id,
      event_type: 'MessageCreate',
      text: 'Hello https://shop.example/1',
      created_at: '2026-11-23T10:00:00.000Z',
      dm_conversation_id: [BRAND.id, ann].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)).join('-'),
      sender_id: ann,
      entities: { urls: [expect.objectContaining({ start: 6, end: 28 })] },
    })
    expect(body['includes']).toEqual({
      users: [
        { id: BRAND.id, name: 'Acme Support', username: 'acme', protected: false },
        { id: ann, name: 'ann', username: 'ann', protected: false },
      ],
    })
  })

  test('turns pages that nothing new disturbs, on and back', async () => {
    for (const number of [1, 2, 3, 4, 5]) send('ann', 'acme', `message ${number}`)
    const first = await events({ max_results: '2' })
    expect(textsOf(first.body)).toEqual(['message 5', 'message 4'])
    send('ann', 'acme', 'late')
    const next = (page: typeof first, name = 'next_token') =>
      events({ max_results: '2', pagination_token: String((page.body['meta'] as Record<string, unknown>)[name]) })
    const second = await next(first)
    expect(textsOf(second.body)).toEqual(['message 3', 'message 2'])
    const last = await next(second)
    expect(last.body).toMatchObject({ data: [{ text: 'message 1' }], meta: { result_count: 1 } })
    expect(last.body['meta']).not.toHaveProperty('next_token')
    expect(textsOf((await next(last, 'previous_token')).body)).toEqual(['message 3', 'message 2'])
  })

  test('tells groups by their id, with everybody who comes and goes', async () => {
    const { conversationId } = x.simulator.createDirectGroup({ from: 'ann', members: ['acme'] })
    expect(conversationId).toMatch(/^\d{15,19}$/)
    x.simulator.joinDirectGroup({ conversationId, user: 'bob' })
    x.simulator.sendDirectMessage({ from: 'bob', conversationId, text: 'Hello all' })
    x.simulator.leaveDirectGroup({ conversationId, user: 'bob' })
    const { body } = await events({ 'dm_event.fields': FIELDS, expansions: 'sender_id,participant_ids' })
    const [left, said, joined, made] = body['data'] as Record<string, unknown>[]
    expect(left).toMatchObject({ event_type: 'ParticipantsLeave', participant_ids: [expect.any(String)] })
    expect(left).not.toHaveProperty('sender_id')
    expect(said).toMatchObject({ event_type: 'MessageCreate', dm_conversation_id: conversationId, text: 'Hello all' })
    expect(said).not.toHaveProperty('participant_ids')
    expect(joined).toMatchObject({ event_type: 'ParticipantsJoin', sender_id: ann })
    expect(made).toMatchObject({ event_type: 'ParticipantsJoin', participant_ids: [ann, BRAND.id] })
    expect(textsOf((await events({ event_types: 'MessageCreate' })).body)).toEqual(['Hello all'])
    expect((await read(`/2/dm_conversations/${conversationId}/dm_events`)).body['meta']).toEqual({ result_count: 4 })
  })

  test('carries what is attached: a picture’s key and a link to it, and a shared post', async () => {
    const post = x.simulator.createPost({ from: 'bob', text: 'Look' })
    x.simulator.sendDirectMessage({ from: 'ann', to: 'acme', attachment: 'photo' })
    x.simulator.sendDirectMessage({ from: 'ann', to: 'acme', text: 'This one', postId: post.id })
    const expansions = 'attachments.media_keys,referenced_tweets.id'
    const { body } = await events({ 'dm_event.fields': FIELDS, expansions, 'tweet.fields': 'author_id' })
    const [shared, picture] = body['data'] as Record<string, unknown>[]
    expect(shared).toMatchObject({ text: 'This one', referenced_tweets: [{ id: post.id }] })
    expect(picture).toMatchObject({
      text: expect.stringMatching(/^https:\/\/t\.co\/\w+$/),
      attachments: { media_keys: [expect.stringMatching(/^3_\d+$/)] },
    })
    expect(body['includes']).toMatchObject({
      media: [{ media_key: expect.stringMatching(/^3_/), type: 'photo' }],
      tweets: [{ id: post.id, author_id: post.authorId }],
    })
  })

  test('reaches 30 days back', async () => {
    send('ann', 'acme', 'old')
    now = new Date(now.getTime() + 30 * 24 * 3_600_000 + 1)
    token = x.simulator.issueTokens({ userId: 'acme' }).access_token
    send('ann', 'acme', 'new')
    expect(textsOf((await events()).body)).toEqual(['new'])
  })

  test('is for users’ tokens with dm.read, 15 times in 15 minutes', async () => {
    expect((await read('/2/dm_events', {}, DEFAULT_APP.bearerToken)).status).toBe(403)
    const scopes = ['tweet.read', 'users.read']
    const { access_token: without } = x.simulator.issueTokens({ userId: 'acme', scopes })
    expect((await read('/2/dm_events', {}, without)).status).toBe(403)
    const { headers } = await events()
    expect(headers.get('x-rate-limit-limit')).toBe('15')
    for (let left = 14; left > 0; left -= 1) expect((await events()).status).toBe(200)
    expect((await events()).status).toBe(429)
  })

  test.each([
    [{ event_types: 'MessageBurn' }, 'event_types'],
    [{ max_results: '101' }, 'max_results'],
    [{ pagination_token: 'not-a-token-of-ours' }, 'pagination_token'],
    [{ 'dm_event.fields': 'mood' }, 'dm_event.fields'],
    [{ expansions: 'author_id' }, 'expansions'],
    [{ since_id: '1' }, 'since_id'],
  ])('%j is 400', async (query: Record<string, string>, parameter) => {
    const { status, body } = await events(query)
    expect(status).toBe(400)
    expect(body['errors']).toMatchObject([{ parameters: { [parameter]: expect.any(Array) } }])
  })
})

describe('one conversation', () => {
  test('is read by the other’s id or by its own', async () => {
    const { conversationId } = send('ann', 'acme', 'Hello')
    send('bob', 'acme', 'Hello too')
    x.simulator.sendDirectMessage({
      from: 'ann',
      ...x.simulator.createDirectGroup({ from: 'ann', members: ['acme'] }),
      text: 'all',
    })
    expect(textsOf((await read(`/2/dm_conversations/with/${ann}/dm_events`)).body)).toEqual(['Hello'])
    expect(textsOf((await read(`/2/dm_conversations/${conversationId}/dm_events`)).body)).toEqual(['Hello'])
  })

  test('that is not there, or not theirs, is 404; of two who never wrote it is empty', async () => {
    const { conversationId } = send('ann', 'bob', 'Between us')
    expect((await read(`/2/dm_conversations/${conversationId}/dm_events`)).status).toBe(404)
    expect((await read('/2/dm_conversations/with/42/dm_events')).status).toBe(404)
    const empty = await read(`/2/dm_conversations/with/${ann}/dm_events`)
    expect(empty).toMatchObject({ status: 200, body: { meta: { result_count: 0 } } })
  })
})

test('are refused to whoever takes none from us, is suspended, or blocked us', async () => {
  const write = async () => {
    const { status, body } = await call(x.simulator, 'POST', `/2/dm_conversations/with/${ann}/messages`, {
      token,
      body: { text: 'Hello' },
    })
    return status === 201 ? status : body['detail']
  }
  const refused = 'You do not have permission to DM one or more participants.'
  x.simulator.refuseMessages({ user: 'ann', refused: true })
  expect(await write()).toBe(refused)
  x.simulator.follow({ user: 'ann', target: 'acme' })
  expect(await write()).toBe(201)
  x.simulator.block({ user: 'ann', target: 'acme', blocked: true })
  expect(await write()).toBe(refused)
  x.simulator.block({ user: 'ann', target: 'acme', blocked: false })
  expect(await write()).toBe(refused)
  x.simulator.refuseMessages({ user: 'ann', refused: false })
  expect(await write()).toBe(201)
  x.simulator.suspend({ user: 'ann', suspended: true })
  expect(await write()).toBe(refused)
})

describe('the Activity API', () => {
  test('tells a message with its two people and its picture, and of a group the sender only', async () => {
    for (const event_type of ['dm.received', 'dm.sent']) {
      const body = { event_type, filter: { user_id: BRAND.id } }
      await call(x.simulator, 'POST', '/2/activity/subscriptions', { token: DEFAULT_APP.bearerToken, body })
    }
    const stream = await openStream(x.simulator, DEFAULT_APP.bearerToken)
    const { conversationId } = x.simulator.createDirectGroup({ from: 'ann', members: ['acme', 'bob'] })
    const first = x.simulator.sendDirectMessage({ from: 'ann', to: 'acme', text: 'Look', attachment: 'video' })
    const second = x.simulator.sendDirectMessage({ from: 'bob', conversationId, text: 'All of you' })
    const third = send('acme', 'ann', 'Thank you')
    const told = await stream.until(3)
    stream.close()
    expect(told.map(({ event_type }) => event_type)).toEqual(['dm.received', 'dm.received', 'dm.sent'])
    const payloads = told.map(
      ({ payload }) => payload as { direct_message_events: Record<string, unknown>[]; users: Record<string, unknown> },
    )
    expect(payloads.map((payload) => payload.direct_message_events[0]?.['id'])).toEqual([first.id, second.id, third.id])
    expect(payloads[0]).toMatchObject({
      direct_message_events: [
        {
          type: 'message_create',
          created_timestamp: String(now.getTime()),
          message_create: {
            sender_id: ann,
            target: { recipient_id: BRAND.id },
            message_data: { text: expect.stringMatching(/^Look https/), attachment: { media: { type: 'video' } } },
          },
        },
      ],
      users: { [ann]: { data: { username: 'ann' } }, [BRAND.id]: { data: { username: 'acme' } } },
    })
    expect(payloads[1]?.direct_message_events).toMatchObject([
      { message_create: { target: { conversation_id: conversationId } } },
    ])
    expect(Object.keys(payloads[1]?.users ?? {})).toHaveLength(1)
  })
})

test('a message to nobody, of nothing or into a strange conversation is refused with the reason', () => {
  const refusals = [
    [{ from: 'ann', text: 'Hi' }, 'say to whom'],
    [{ from: 'ann', to: 'acme' }, 'text: is empty'],
    [{ from: 'ann', conversationId: '42', text: 'Hi' }, 'there is no conversation 42'],
  ] as const
  for (const [input, reason] of refusals) expect(() => x.simulator.sendDirectMessage(input)).toThrow(reason)
  expect(() => x.simulator.joinDirectGroup({ conversationId: '42', user: 'ann' })).toThrow('there is no group 42')
})
