import { ApiResponseError, TwitterApi } from 'twitter-api-v2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { simulatorAgent, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/* The real client of X, at addresses of api.x.com, dialled at the simulator. */

const REDIRECT = 'http://localhost:4000/oauth/x/callback'
let x: ValidatedSimulator
let app: TwitterApi
let user: TwitterApi
let refreshToken: string
beforeAll(async () => {
  x = await validatedSimulator()
  const { clientId, clientSecret = '' } = DEFAULT_APP
  app = new TwitterApi({ clientId, clientSecret }, { httpAgent: simulatorAgent(x.simulator) })
  const link = app.generateOAuth2AuthLink(REDIRECT, {
    scope: ['tweet.read', 'tweet.write', 'users.read', 'like.read', 'offline.access'],
  })
  const asked = new URL(link.url)
  expect([asked.host, asked.pathname]).toEqual(['x.com', '/i/oauth2/authorize'])
  const { code } = x.simulator.authorize({
    userId: 'acme',
    scopes: (asked.searchParams.get('scope') ?? '').split(' '),
    redirectUri: asked.searchParams.get('redirect_uri') ?? '',
    codeChallenge: asked.searchParams.get('code_challenge') ?? '',
    state: link.state,
  })
  const login = await app.loginWithOAuth2({ code, codeVerifier: link.codeVerifier, redirectUri: REDIRECT })
  user = login.client
  refreshToken = login.refreshToken ?? ''
})
afterAll(async () => {
  await x.simulator.close()
  x.assertNoViolations()
})

const refused = async (promise: Promise<unknown>): Promise<ApiResponseError> => {
  const error = await promise.catch((reason: unknown) => reason)
  if (!(error instanceof ApiResponseError)) throw new Error('it was not refused by X')
  return error
}

test('signs in and knows who it is', async () => {
  const { data } = await user.v2.me({ 'user.fields': ['public_metrics', 'verified', 'verified_type'] })
  expect(data).toMatchObject({ id: BRAND.id, username: 'acme', verified: true, verified_type: 'business' })
  expect(data.public_metrics?.followers_count).toBe(BRAND.followers)
})

test('refreshes, and cannot use the old refresh token again', async () => {
  const { refreshToken: next } = await app.refreshOAuth2Token(refreshToken)
  const error = await refused(app.refreshOAuth2Token(refreshToken))
  expect([error.code, error.data]).toMatchObject([400, { error: 'invalid_request' }])
  refreshToken = next ?? ''
})

test('reads mentions page by page with the fields that Perch needs', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => x.simulator.createPost({ from: 'acme', text: `Post ${n}` }).id)
  const asks = ids.map(
    (inReplyTo, n) =>
      x.simulator.createPost({ from: x.simulator.users()[n + 1]?.id ?? '', text: `Why ${n}?`, inReplyTo }).id,
  )
  const page = await user.v2.userMentionTimeline(BRAND.id, {
    since_id: ids[0] ?? '',
    max_results: 5,
    expansions: ['author_id', 'referenced_tweets.id', 'in_reply_to_user_id'],
    'tweet.fields': [
      'author_id',
      'conversation_id',
      'created_at',
      'entities',
      'in_reply_to_user_id',
      'referenced_tweets',
      'note_tweet',
    ],
    'user.fields': ['public_metrics', 'profile_image_url', 'protected', 'verified', 'verified_type'],
  })
  while (!page.done) await page.fetchNext()
  expect(page.tweets.map(({ id }) => id)).toEqual(asks.toReversed())
  expect(page.rateLimit.limit).toBe(300)
  expect(
    page.includes.author(page.tweets[0] ?? { id: '', text: '', edit_history_tweet_ids: [] })?.public_metrics,
  ).toBeDefined()
})

test('searches a conversation', async () => {
  const root = x.simulator.createPost({ from: 'acme', text: 'A long thread' }).id
  const reply = x.simulator.createPost({ from: x.simulator.users()[3]?.id ?? '', text: 'Indeed', inReplyTo: root }).id
  const found = await user.v2.search(`conversation_id:${root}`, { 'tweet.fields': ['conversation_id'] })
  expect(found.tweets.map(({ id }) => id)).toEqual([reply, root])
})

test('answers, is refused a duplicate, and deletes', async () => {
  const question = x.simulator.createPost({ from: x.simulator.users()[1]?.id ?? '', text: 'Hello @acme?' }).id
  const { data } = await user.v2.reply('Hello!', question)
  expect(x.simulator.received().at(-1)).toMatchObject({ id: data.id, inReplyTo: question })
  const error = await refused(user.v2.reply('Hello!', question))
  expect([error.code, error.data]).toMatchObject([403, { type: 'about:blank', title: 'Forbidden' }])
  expect((await user.v2.deleteTweet(data.id)).data.deleted).toBe(true)
})

test('hears of a rate limit and when it ends', async () => {
  x.simulator.addFault({ match: { path: '/2/users/me' }, kind: 'status', status: 429, resetSeconds: 30 })
  const error = await refused(user.v2.me())
  expect(error.rateLimitError).toBe(true)
  expect(error.rateLimit?.remaining).toBe(0)
})

test('subscribes to the Activity API', async () => {
  const bearer = new TwitterApi(DEFAULT_APP.bearerToken, { httpAgent: simulatorAgent(x.simulator) })
  const body = { event_type: 'post.mention.create', filter: { user_id: BRAND.id } }
  await bearer.v2.post('activity/subscriptions', body)
  const { data } = await bearer.v2.get('activity/subscriptions')
  expect(data).toMatchObject([{ event_type: 'post.mention.create' }])
})

test('revokes its tokens', async () => {
  const { accessToken } = await app.refreshOAuth2Token(refreshToken)
  await app.revokeOAuth2Token(accessToken, 'access_token')
  const error = await refused(new TwitterApi(accessToken, { httpAgent: simulatorAgent(x.simulator) }).v2.me())
  expect(error.isAuthError).toBe(true)
})
