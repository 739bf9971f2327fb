import { afterEach, beforeEach, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let x: ValidatedSimulator
let token: string
beforeEach(async () => {
  x = await validatedSimulator({ clock: () => new Date('2026-11-23T10:00:00Z') })
  for (const username of ['ann', 'bob']) x.simulator.createUser({ username })
  token = x.simulator.issueTokens({ userId: 'acme' }).access_token
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const PATH = `/2/users/${BRAND.id}/liked_tweets`
const liked = (query: Record<string, string> = {}, bearer = token) =>
  call(x.simulator, 'GET', `${PATH}?${new URLSearchParams(query)}`, { token: bearer })
const idsOf = (body: Record<string, unknown>) => ((body['data'] ?? []) as { id: string }[]).map(({ id }) => id)
const say = (from: string, text: string) => x.simulator.createPost({ from, text }).id
const like = (postId: string) => x.simulator.like({ user: 'acme', postId })

test('the newest like comes first, however old the post is', async () => {
  const [old, middle, fresh] = [say('ann', 'old'), say('bob', 'middle'), say('ann', 'fresh')]
  for (const id of [fresh, old, middle]) like(id)
  x.simulator.like({ user: 'bob', postId: say('ann', 'not ours') })
  const { body } = await liked({ expansions: 'author_id', 'tweet.fields': 'public_metrics' })
  expect(idsOf(body)).toEqual([middle, old, fresh])
  expect(body).toMatchObject({
    data: [{ author_id: expect.any(String), public_metrics: { like_count: 1 } }, {}, {}],
    includes: { users: [{ username: 'bob' }, { username: 'ann' }] },
    meta: { result_count: 3 },
  })
})

test('a like is counted once; taken back, it and what was deleted are gone', async () => {
  const [kept, back, gone] = [say('ann', 'kept'), say('ann', 'back'), say('ann', 'gone')]
  for (const id of [kept, kept, back, gone]) like(id)
  x.simulator.unlike({ user: 'acme', postId: back })
  x.simulator.deletePost(gone)
  expect(idsOf((await liked()).body)).toEqual([kept])
  like(back)
  expect(idsOf((await liked()).body)).toEqual([back, kept])
})

test('pages are turned by a token that new likes do not disturb', async () => {
  const ids = Array.from({ length: 12 }, (_, index) => say('ann', `post ${index}`))
  for (const id of ids) like(id)
  const first = await liked({ max_results: '5' })
  like(say('ann', 'late'))
  const turn = ({ body }: typeof first) =>
    liked({ max_results: '5', pagination_token: String((body['meta'] as Record<string, unknown>)['next_token']) })
  const second = await turn(first)
  const third = await turn(second)
  expect([first, second, third].flatMap(({ body }) => idsOf(body))).toEqual(ids.toReversed())
  expect(third.body['meta']).not.toHaveProperty('next_token')
})

test('likes are read with like.read by whoever made them, 75 times in 15 minutes', async () => {
  expect((await liked()).headers.get('x-rate-limit-limit')).toBe('75')
  const other = x.simulator.issueTokens({ userId: 'ann' }).access_token
  const { access_token: without } = x.simulator.issueTokens({ userId: 'acme', scopes: ['tweet.read', 'users.read'] })
  for (const bearer of [other, without, DEFAULT_APP.bearerToken]) expect((await liked({}, bearer)).status).toBe(403)
  expect((await liked({ since_id: '1' })).status).toBe(400)
})

test('of a like that the brand makes, only the post’s author is told beside it', async () => {
  const body = { event_type: 'like.create', filter: { user_id: BRAND.id } }
  await call(x.simulator, 'POST', '/2/activity/subscriptions', { token: DEFAULT_APP.bearerToken, body })
  const stream = await openStream(x.simulator, DEFAULT_APP.bearerToken)
  const [ours, theirs] = [say('acme', 'We are open'), say('ann', 'Lovely')]
  x.simulator.like({ user: 'acme', postId: theirs })
  x.simulator.like({ user: 'bob', postId: ours })
  const [outbound, inbound] = await stream.until(2)
  stream.close()
  const users = x.simulator.users()
  const named = (event: typeof inbound) =>
    event?.includes?.users?.map(({ id }) => users.find((user) => user.id === id)?.username)
  expect(outbound?.payload).toMatchObject({ liked_tweet_id: theirs })
  expect(named(outbound)).toEqual(['ann'])
  expect(inbound?.payload).toMatchObject({ liked_tweet_id: ours, liked_tweet_author_id: BRAND.id })
  expect(named(inbound)).toEqual(['bob', 'acme'])
})
