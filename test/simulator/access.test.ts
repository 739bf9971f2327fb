import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_APP } from '../../simulator/index.ts'
import { call, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let x: ValidatedSimulator
beforeEach(async () => {
  x = await validatedSimulator()
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

describe('who may call what', () => {
  test('no token, or a wrong one, is 401', async () => {
    expect((await call(x.simulator, 'GET', '/2/users/me')).status).toBe(401)
    expect((await call(x.simulator, 'GET', '/2/users/me', { token: 'nonsense' })).status).toBe(401)
  })

  test('a missing scope is 403', async () => {
    const { access_token: token } = x.simulator.issueTokens({ userId: 'acme', scopes: ['tweet.read', 'users.read'] })
    const answer = await call(x.simulator, 'POST', '/2/tweets', { token, body: { text: 'hello' } })
    expect(answer).toMatchObject({ status: 403, body: { title: 'Forbidden', type: 'about:blank' } })
  })

  test('an app by itself is nobody, and a user is no app', async () => {
    const me = await call(x.simulator, 'GET', '/2/users/me', { token: DEFAULT_APP.bearerToken })
    expect(me.body['type']).toBe('https://api.x.com/2/problems/unsupported-authentication')
    const { access_token: token } = x.simulator.issueTokens({ userId: 'acme' })
    expect((await call(x.simulator, 'GET', '/2/webhooks', { token })).status).toBe(403)
  })

  test('a suspended user is told so', async () => {
    const user = x.simulator.createUser({ username: 'banned', suspended: true })
    const { access_token: token } = x.simulator.issueTokens({ userId: user.id })
    const answer = await call(x.simulator, 'GET', '/2/users/me', { token })
    expect(answer).toMatchObject({ status: 403, body: { type: 'https://api.x.com/2/problems/user-suspended' } })
  })

  test('a user who takes the app away leaves only dead tokens', async () => {
    const tokens = x.simulator.issueTokens({ userId: 'acme' })
    x.simulator.revoke({ user: 'acme' })
    expect((await call(x.simulator, 'GET', '/2/users/me', { token: tokens.access_token })).status).toBe(401)
    const refreshed = await fetch(`${x.simulator.url}/2/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${DEFAULT_APP.clientId}:${DEFAULT_APP.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
    })
    expect(refreshed.status).toBe(400)
  })
})
