import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, createSimulator, type Simulator } from '../../simulator/index.ts'

/* The control API over HTTP, as simulator/README.md tells it. */

let simulator: Simulator
beforeAll(async () => {
  simulator = await createSimulator()
})
beforeEach(() => simulator.reset())
afterAll(() => simulator.close())

async function control(method: string, path: string, body?: unknown) {
  const response = await fetch(`${simulator.url}/control/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: response.status, body: await response.json() }
}

describe('the control API', () => {
  test('makes users, posts, answers, quotes and likes, and shows them', async () => {
    const user = await control('POST', 'users', {
      username: 'ann',
      name: 'Ann',
      followers: 9,
      posts: 1,
      verified: true,
    })
    expect(user).toMatchObject({ status: 200, body: { username: 'ann', followers: 9, verifiedType: 'blue' } })
    const { body: root } = await control('POST', 'posts', { from: 'ann', text: 'Hello @acme' })
    const { body: answer } = await control('POST', 'posts', { from: BRAND.id, text: 'Hi', inReplyTo: root.id })
    const { body: quote } = await control('POST', 'posts', { from: 'ann', text: 'See', quoteOf: answer.id })
    expect([answer.text, answer.conversationId, quote.quoteOf]).toEqual(['@ann Hi', root.id, answer.id])
    expect((await control('POST', 'likes', { user: 'acme', postId: root.id })).status).toBe(200)
    expect((await control('POST', 'direct-messages', { from: 'ann', to: 'acme', text: 'Psst' })).body.id).toMatch(
      /^\d+$/,
    )
    expect((await control('GET', 'posts')).body.map(({ id }: { id: string }) => id)).toEqual([
      quote.id,
      answer.id,
      root.id,
    ])
    expect((await control('GET', 'users')).body).toHaveLength(42)
    expect((await control('DELETE', `posts/${quote.id}`)).body).toEqual({ ok: true })
    expect((await control('GET', 'state')).body).toMatchObject({ posts: 2, users: 42, brand: { username: 'acme' } })
  })

  test('signs a user in without a browser: a code, or tokens at once', async () => {
    const challenge = createHash('sha256').update('verifier').digest('base64url')
    const { body } = await control('POST', 'authorize', {
      clientId: 'perch-simulator',
      userId: 'acme',
      scopes: ['users.read', 'tweet.read'],
      redirectUri: 'http://localhost/cb',
      codeChallenge: challenge,
      state: 's',
    })
    expect(body.redirectTo).toBe(`http://localhost/cb?state=s&code=${body.code}`)
    const exchanged = await fetch(`${simulator.url}/2/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('perch-simulator:perch-simulator-secret')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: body.code,
        code_verifier: 'verifier',
        redirect_uri: 'http://localhost/cb',
      }),
    })
    expect(exchanged.status).toBe(200)
    const me = async (token: string) =>
      (await fetch(`${simulator.url}/2/users/me`, { headers: { authorization: `Bearer ${token}` } })).status
    const tokens = (await control('POST', 'tokens', { userId: 'acme' })).body
    expect(await me(tokens.access_token)).toBe(200)
    await control('POST', 'revoke', { user: 'acme' })
    expect(await me(tokens.access_token)).toBe(401)
  })

  test('registers apps', async () => {
    await control('POST', 'apps', { clientId: 'other', bearerToken: 'other-bearer', clientSecret: 's' })
    const response = await fetch(`${simulator.url}/2/users/by/username/acme`, {
      headers: { authorization: 'Bearer other-bearer' },
    })
    expect(response.status).toBe(200)
  })

  test('sets faults, limits, policy, streams and traffic', async () => {
    await control('POST', 'faults', { match: { path: '/2/users/me' }, kind: 'status', status: 500 })
    await control('POST', 'rate-limits', { endpoint: 'GET /2/users/me', user: 1 })
    await control('POST', 'policy', { selfServeReplies: false, keepAliveMs: 50 })
    expect((await control('POST', 'streams/mode', { duplicates: 0.5, delayMs: 1 })).body).toMatchObject({
      duplicates: 0.5,
    })
    expect((await control('POST', 'streams/drop')).body).toEqual({ dropped: 0 })
    expect((await control('POST', 'traffic', { perMinute: 5 })).body).toEqual({ ok: true })
    expect((await control('GET', 'state')).body).toMatchObject({
      faults: [{ kind: 'status', status: 500 }],
      policy: { selfServeReplies: false, keepAliveMs: 50 },
      streamMode: { duplicates: 0.5, delayMs: 1 },
      trafficPerMinute: 5,
    })
    await control('DELETE', 'faults')
    expect((await control('GET', 'state')).body.faults).toEqual([])
    await control('POST', 'reset')
    expect((await control('GET', 'state')).body).toMatchObject({
      trafficPerMinute: 0,
      policy: { selfServeReplies: true },
    })
  })

  test('makes many posts at once', async () => {
    const { body } = await control('POST', 'burst', { count: 300 })
    expect(body.ids).toHaveLength(300)
    expect((await control('GET', 'state')).body.posts).toBe(300)
  })

  test('shows what apps have posted', async () => {
    const { access_token } = (await control('POST', 'tokens', { userId: 'acme' })).body
    await fetch(`${simulator.url}/2/tweets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: '{"text":"Hello"}',
    })
    expect((await control('GET', 'received')).body).toMatchObject([
      { from: 'acme', text: 'Hello', clientId: 'perch-simulator' },
    ])
  })

  test.each([
    ['POST', 'users', { username: 'much too long a name' }, 400, 'username: 1 to 15 letters, digits or _'],
    ['POST', 'users', { username: 'ACME' }, 400, '@ACME exists already'],
    ['POST', 'posts', { from: 'nobody', text: 'x' }, 404, 'there is no user "nobody"'],
    ['POST', 'posts', { from: 'acme', text: 'x', inReplyTo: '42' }, 404, 'there is no post 42'],
    ['POST', 'posts', { from: 'acme' }, 400, 'text: '],
    ['POST', 'posts', { from: 'acme', text: 'x', mood: 'bad' }, 400, 'mood'],
    ['POST', 'tokens', { userId: 'acme', scopes: ['coffee'] }, 400, 'there is no scope "coffee"'],
    ['POST', 'faults', { kind: 'explode' }, 400, 'kind: '],
    ['DELETE', 'posts/42', undefined, 404, 'there is no post 42'],
  ])('%s %s with %j is refused with the reason', async (method, path, body, status, error) => {
    const answer = await control(method, path, body)
    expect(answer.status).toBe(status)
    expect(answer.body.error).toContain(error)
  })
})
