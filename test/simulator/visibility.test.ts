import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let x: ValidatedSimulator
let token: string
beforeEach(async () => {
  x = await validatedSimulator({ clock: () => new Date('2026-11-23T10:00:00Z') })
  x.simulator.createUser({ username: 'ann' })
  x.simulator.createUser({ username: 'shy', protected: true })
  token = x.simulator.issueTokens({ userId: 'acme' }).access_token
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const get = (path: string, bearer = token) => call(x.simulator, 'GET', path, { token: bearer })
const say = (from: string, text: string, inReplyTo?: string) =>
  x.simulator.createPost({ from, text, ...(inReplyTo !== undefined && { inReplyTo }) }).id
const idsOf = (body: Record<string, unknown>) => ((body['data'] ?? []) as { id: string }[]).map(({ id }) => id)
const MENTIONS = `/2/users/${BRAND.id}/mentions`
const PROBLEMS = 'https://api.x.com/2/problems'

describe('a look-up of several posts', () => {
  test('gives what it finds, and of the rest whether it is gone or not for us', async () => {
    const [kept, gone, hidden, banned] = [
      say('ann', 'kept'),
      say('ann', 'gone'),
      say('shy', 'hidden'),
      say(x.simulator.createUser({ username: 'rude' }).id, 'banned'),
    ]
    x.simulator.deletePost(gone)
    x.simulator.suspend({ user: 'rude', suspended: true })
    const { status, body } = await get(`/2/tweets?ids=${[kept, gone, hidden, banned].join(',')}`)
    expect(status).toBe(200)
    expect(idsOf(body)).toEqual([kept])
    const base = { resource_type: 'tweet', parameter: 'ids' }
    expect(body['errors']).toEqual([
      {
        ...base,
        value: gone,
        resource_id: gone,
        title: 'Not Found Error',
        detail: `Could not find tweet with ids: [${gone}].`,
        type: `${PROBLEMS}/resource-not-found`,
      },
      ...[hidden, banned].map((id) => ({
        ...base,
        value: id,
        resource_id: id,
        section: 'data',
        title: 'Authorization Error',
        detail: `Sorry, you are not authorized to see the Tweet with ids: [${id}].`,
        type: `${PROBLEMS}/not-authorized-for-resource`,
      })),
    ])
    expect(await get(`/2/tweets/${hidden}`)).toMatchObject({
      status: 404,
      body: { errors: [{ type: `${PROBLEMS}/not-authorized-for-resource` }] },
    })
  })

  test('takes a hundred ids, and finds nothing without failing', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => String(index + 1))
    expect((await get(`/2/tweets?ids=${ids.slice(1)}`)).body).toEqual({ errors: expect.any(Array) })
    expect((await get(`/2/tweets?ids=${ids}`)).status).toBe(400)
  })
})

describe('protected accounts', () => {
  test('show their posts to followers, in every list, and to nobody else', async () => {
    const post = say('shy', 'Hello @acme')
    const seen = async () => [
      idsOf((await get(MENTIONS)).body),
      idsOf((await get('/2/tweets/search/recent?query=from:shy')).body),
      idsOf((await get(`/2/tweets?ids=${post}`)).body),
    ]
    expect(await seen()).toEqual([[], [], []])
    x.simulator.follow({ user: 'acme', target: 'shy' })
    expect(await seen()).toEqual([[post], [post], [post]])
    expect(idsOf((await get(MENTIONS, DEFAULT_APP.bearerToken)).body)).toEqual([])
    x.simulator.unfollow({ user: 'acme', target: 'shy' })
    expect(await seen()).toEqual([[], [], []])
  })

  test('are a partial error where a post refers to theirs', async () => {
    const hidden = say('shy', 'Hello')
    const quote = x.simulator.createPost({ from: 'ann', text: 'See @acme', quoteOf: hidden }).id
    const { body } = await get(`/2/tweets/${quote}?expansions=referenced_tweets.id`)
    expect(body).toMatchObject({
      data: { id: quote, referenced_tweets: [{ type: 'quoted', id: hidden }] },
      errors: [{ resource_id: hidden, section: 'includes', type: `${PROBLEMS}/not-authorized-for-resource` }],
    })
    expect(body).not.toHaveProperty('includes')
  })
})

describe('suspended users', () => {
  test('vanish with their posts, and come back', async () => {
    const post = say('ann', 'Hello @acme')
    const answer = say('acme', 'Hello', post)
    x.simulator.suspend({ user: 'ann', suspended: true })
    expect(idsOf((await get(MENTIONS)).body)).toEqual([])
    const { body } = await get(
      `/2/tweets/${answer}?expansions=in_reply_to_user_id,entities.mentions.username,author_id`,
    )
    expect(body).toMatchObject({
      data: { id: answer },
      includes: { users: [{ username: 'acme' }] },
      errors: [{ resource_type: 'user', title: 'Forbidden' }],
    })
    expect((await get('/2/users/by/username/ann')).status).toBe(404)
    expect((await get('/2/users/by?usernames=ann,acme')).body).toMatchObject({
      data: [{ username: 'acme' }],
      errors: [{ value: 'ann', detail: 'User has been suspended: [ann].' }],
    })
    x.simulator.suspend({ user: 'ann', suspended: false })
    expect(idsOf((await get(MENTIONS)).body)).toEqual([post])
  })
})

describe('following', () => {
  test('counts, shows as connection_status to users’ tokens, and is told', async () => {
    for (const event_type of ['follow.follow', 'follow.unfollow']) {
      const body = { event_type, filter: { user_id: BRAND.id } }
      await call(x.simulator, 'POST', '/2/activity/subscriptions', { token: DEFAULT_APP.bearerToken, body })
    }
    const stream = await openStream(x.simulator, DEFAULT_APP.bearerToken)
    for (const [user, target] of [
      ['ann', 'acme'],
      ['acme', 'ann'],
      ['ann', 'shy'],
    ] as const) {
      x.simulator.follow({ user, target })
      x.simulator.follow({ user, target })
    }
    const fields = 'user.fields=connection_status,public_metrics'
    expect((await get(`/2/users/by/username/ann?${fields}`)).body['data']).toMatchObject({
      connection_status: ['followed_by', 'following'],
      public_metrics: { followers_count: 1, following_count: 2 },
    })
    const [{ data: other }, { data: self }, { data: app }] = [
      (await get(`/2/users/by/username/shy?${fields}`)).body,
      (await get(`/2/users/me?${fields}`)).body,
      (await get(`/2/users/by/username/ann?${fields}`, DEFAULT_APP.bearerToken)).body,
    ]
    expect(other).toMatchObject({ connection_status: [] })
    for (const data of [self, app]) expect(data).not.toHaveProperty('connection_status')
    x.simulator.unfollow({ user: 'ann', target: 'acme' })
    const told = await stream.until(3)
    stream.close()
    expect(told.map(({ event_type, payload }) => [event_type, payload])).toMatchObject([
      ['follow.follow', { source: { data: { username: 'ann' } }, target: { data: { id: BRAND.id } } }],
      ['follow.follow', { source: { data: { id: BRAND.id } }, target: { data: { username: 'ann' } } }],
      ['follow.unfollow', { source: { data: { username: 'ann' } }, target: { data: { id: BRAND.id } } }],
    ])
    expect(x.simulator.users()[0]).toMatchObject({ username: 'acme', followers: BRAND.followers })
  })
})
