import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

const VERIFIER = 'a-verifier-that-is-long-enough-to-be-one-of-RFC-7636'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const REDIRECT = 'http://localhost:4000/oauth/x/callback'
const BASIC = `Basic ${Buffer.from(`${DEFAULT_APP.clientId}:${DEFAULT_APP.clientSecret}`).toString('base64')}`

let now: Date
let x: ValidatedSimulator
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00Z')
  x = await validatedSimulator({ clock: () => now })
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const link = (changes: Record<string, string> = {}) =>
  `${x.simulator.url}/i/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: DEFAULT_APP.clientId,
    redirect_uri: REDIRECT,
    scope: 'tweet.read users.read offline.access',
    state: 'st4te',
    code_challenge: CHALLENGE,
    code_challenge_method: 's256',
    ...changes,
  })}`

/** Presses a button of the consent page, with the fields that the page carries. */
async function press(decision: 'authorize' | 'cancel', userId: string = BRAND.id, address = link()): Promise<URL> {
  const page = await (await fetch(address)).text()
  const hidden = [...page.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  const fields = new URLSearchParams(hidden.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]))
  fields.set('user_id', userId)
  fields.set('decision', decision)
  const response = await fetch(`${x.simulator.url}/i/oauth2/authorize`, {
    method: 'POST',
    body: fields,
    redirect: 'manual',
  })
  expect(response.status).toBe(302)
  return new URL(response.headers.get('location') ?? '')
}

const tokenCall = (fields: Record<string, string>, headers: Record<string, string> = { authorization: BASIC }) =>
  fetch(`${x.simulator.url}/2/oauth2/token`, { method: 'POST', body: new URLSearchParams(fields), headers })

const exchange = (code: string, verifier = VERIFIER) =>
  tokenCall({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT })

const codeOf = async () => (await press('authorize')).searchParams.get('code') ?? ''

describe('the consent page', () => {
  test('shows the app, what it may do and whom to sign in as', async () => {
    const response = await fetch(link())
    const page = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(page).toContain(`${DEFAULT_APP.name} wants to access an account`)
    expect(page).toContain('See all posts you can see')
    expect(page).toContain(`<option value="${BRAND.id}">Acme Support (@acme)</option>`)
  })

  test('sends back a code and the state', async () => {
    const back = await press('authorize')
    expect(back.origin + back.pathname).toBe(REDIRECT)
    expect(back.searchParams.get('state')).toBe('st4te')
    expect(back.searchParams.get('code')).toBeTruthy()
  })

  test('sends back access_denied when it is cancelled', async () => {
    const back = await press('cancel')
    expect(Object.fromEntries(back.searchParams)).toEqual({ state: 'st4te', error: 'access_denied' })
  })

  test.each([
    ['an unknown client', { client_id: 'nobody' }, 'client_id is not known'],
    ['an unknown scope', { scope: 'tweet.read coffee.make' }, 'scope &quot;coffee.make&quot; does not exist'],
    ['no challenge', { code_challenge: '' }, 'code_challenge is missing'],
    ['no state', { state: '' }, 'state is missing'],
    ['an address that is none', { redirect_uri: 'nowhere' }, 'redirect_uri is not an address'],
  ])('refuses %s on the page itself', async (_, changes, reason) => {
    const response = await fetch(link(changes))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(reason)
  })

  test('refuses a redirect address that the app has not registered', async () => {
    x.simulator.registerApp({ clientId: 'strict', bearerToken: 'b', redirectUris: ['https://perch.example/cb'] })
    expect((await fetch(link({ client_id: 'strict' }))).status).toBe(400)
    expect((await fetch(link({ client_id: 'strict', redirect_uri: 'https://perch.example/cb' }))).status).toBe(200)
  })

  test('escapes what a link carries', async () => {
    const page = await (await fetch(link({ state: '"><script>alert(1)</script>' }))).text()
    expect(page).not.toContain('<script>')
  })
})

describe('tokens', () => {
  test('a code and its verifier give tokens that work', async () => {
    const response = await exchange(await codeOf())
    const tokens = await response.json()
    expect(response.status).toBe(200)
    expect(tokens).toMatchObject({
      token_type: 'bearer',
      expires_in: 7200,
      scope: 'tweet.read users.read offline.access',
    })
    const me = await call(x.simulator, 'GET', '/2/users/me', { token: tokens.access_token })
    expect(me.body).toEqual({ data: { id: BRAND.id, name: 'Acme Support', username: 'acme' } })
  })

  test('JSON bodies are taken as well as forms', async () => {
    const response = await fetch(`${x.simulator.url}/2/oauth2/token`, {
      method: 'POST',
      headers: { authorization: BASIC, 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'authorization_code',
        code: await codeOf(),
        code_verifier: VERIFIER,
        redirect_uri: REDIRECT,
      }),
    })
    expect(response.status).toBe(200)
  })

  test('a plain challenge is its own verifier', async () => {
    const back = await press('authorize', BRAND.id, link({ code_challenge: VERIFIER, code_challenge_method: 'plain' }))
    expect((await exchange(back.searchParams.get('code') ?? '')).status).toBe(200)
  })

  test('a code is good once', async () => {
    const code = await codeOf()
    expect((await exchange(code)).status).toBe(200)
    expect((await exchange(code)).status).toBe(400)
  })

  test('a code is good for 30 seconds', async () => {
    const code = await codeOf()
    now = new Date(now.getTime() + 30_000)
    const response = await exchange(code)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: 'Value passed for the authorization code was invalid.',
    })
  })

  test('a wrong verifier is refused, and the code is spent', async () => {
    const code = await codeOf()
    expect((await exchange(code, 'guess')).status).toBe(400)
    expect((await exchange(code)).status).toBe(400)
  })

  test('a confidential client must show its secret', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: 'x', client_id: DEFAULT_APP.clientId }
    for (const headers of [{}, { authorization: `Basic ${Buffer.from('perch-simulator:wrong').toString('base64')}` }]) {
      const response = await tokenCall(fields, headers)
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ error: 'unauthorized_client' })
    }
  })

  test('a public client names itself in the body', async () => {
    x.simulator.registerApp({ clientId: 'public', bearerToken: 'public-bearer' })
    const back = await press('authorize', BRAND.id, link({ client_id: 'public' }))
    const fields = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      code_verifier: VERIFIER,
      redirect_uri: REDIRECT,
      client_id: 'public',
    }
    expect((await tokenCall(fields, {})).status).toBe(200)
  })

  test('refreshing rotates: the old refresh token is dead, the new one lives', async () => {
    const first = x.simulator.issueTokens({ userId: 'acme' })
    const refresh = (token = '') => tokenCall({ grant_type: 'refresh_token', refresh_token: token })
    const second = await (await refresh(first.refresh_token)).json()
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await refresh(first.refresh_token)).status).toBe(400)
    expect((await refresh(second.refresh_token)).status).toBe(200)
  })

  test('without offline.access there is no refresh token', () => {
    expect(x.simulator.issueTokens({ userId: 'acme', scopes: ['users.read'] }).refresh_token).toBeUndefined()
  })

  test('an access token dies after two hours, or as long as the policy says', async () => {
    const me = (token: string) => call(x.simulator, 'GET', '/2/users/me', { token })
    const { access_token: token } = x.simulator.issueTokens({ userId: 'acme' })
    now = new Date(now.getTime() + 7_199_000)
    expect((await me(token)).status).toBe(200)
    now = new Date(now.getTime() + 1_000)
    expect(await me(token)).toMatchObject({
      status: 401,
      body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' },
    })
    x.simulator.setPolicy({ accessTokenSeconds: 1 })
    expect(x.simulator.issueTokens({ userId: 'acme' }).expires_in).toBe(1)
  })

  test('revoking an access token ends it alone, revoking a refresh token ends the grant', async () => {
    const { access_token, refresh_token = '' } = x.simulator.issueTokens({ userId: 'acme' })
    const revoke = (token: string) =>
      fetch(`${x.simulator.url}/2/oauth2/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ token }),
        headers: { authorization: BASIC },
      })
    expect(await (await revoke(access_token)).json()).toEqual({ revoked: true })
    expect((await call(x.simulator, 'GET', '/2/users/me', { token: access_token })).status).toBe(401)
    const next = await (await tokenCall({ grant_type: 'refresh_token', refresh_token })).json()
    await revoke(next.refresh_token)
    expect((await call(x.simulator, 'GET', '/2/users/me', { token: next.access_token })).status).toBe(401)
  })

  test('tokens survive a restart of the simulator, as they would survive one of X', async () => {
    const tokens = x.simulator.issueTokens({ userId: 'acme' })
    x.simulator.reset()
    expect((await call(x.simulator, 'GET', '/2/users/me', { token: tokens.access_token })).status).toBe(200)
    const refreshed = await tokenCall({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' })
    expect(refreshed.status).toBe(200)
  })

  test('a token cannot be made up', async () => {
    const { access_token: token } = x.simulator.issueTokens({ userId: 'acme', scopes: ['users.read'] })
    const [payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const more = Buffer.from(JSON.stringify({ ...claims, s: 'users.read tweet.read' })).toString('base64url')
    expect((await call(x.simulator, 'GET', '/2/users/me', { token: `${more}.${signature}` })).status).toBe(401)
  })
})
