import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let now: Date
let x: ValidatedSimulator
let token: string
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00Z')
  x = await validatedSimulator({ clock: () => now })
  token = x.simulator.issueTokens({ userId: 'acme' }).access_token
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const me = (bearer = token) => call(x.simulator, 'GET', '/2/users/me', { token: bearer })
const limits = ({ headers }: { headers: Headers }) =>
  ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`x-rate-limit-${name}`)))

describe('rate limits', () => {
  test('are X’s, counted down in the headers of every answer', async () => {
    const reset = Date.parse('2026-11-23T10:15:00Z') / 1_000
    expect(limits(await me())).toEqual([75, 74, reset])
    now = new Date('2026-11-23T10:14:59Z')
    expect(limits(await me())).toEqual([75, 73, reset])
    now = new Date('2026-11-23T10:15:00Z')
    expect(limits(await me())).toEqual([75, 74, reset + 900])
  })

  test('refuse with X’s 429 until the window ends', async () => {
    x.simulator.setRateLimit({ endpoint: 'GET /2/users/me', user: 2 })
    await me()
    await me()
    const refused = await me()
    expect(refused).toMatchObject({
      status: 429,
      body: { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 },
    })
    expect(limits(refused).slice(0, 2)).toEqual([2, 0])
    now = new Date(now.getTime() + 15 * 60_000)
    expect((await me()).status).toBe(200)
  })

  test('are one account’s own, and apart from the app’s', async () => {
    x.simulator.setRateLimit({ endpoint: 'GET /2/users/:id/mentions', user: 1, app: 1 })
    x.simulator.createUser({ username: 'ann' })
    const ann = x.simulator.issueTokens({ userId: 'ann' }).access_token
    const mentions = async (bearer: string) =>
      (await call(x.simulator, 'GET', `/2/users/${BRAND.id}/mentions`, { token: bearer })).status
    expect(await mentions(token)).toBe(200)
    expect(await mentions(token)).toBe(429)
    expect(await mentions(ann)).toBe(200)
    expect(await mentions(DEFAULT_APP.bearerToken)).toBe(200)
    expect(await mentions(DEFAULT_APP.bearerToken)).toBe(429)
  })

  test('bound posting by the day as well', async () => {
    x.simulator.setRateLimit({ endpoint: 'POST /2/tweets', appPerDay: 1 })
    const tweet = (text: string) => call(x.simulator, 'POST', '/2/tweets', { token, body: { text } })
    expect((await tweet('one')).status).toBe(201)
    const refused = await tweet('two')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('x-app-limit-24hour-remaining')).toBe('0')
    expect(refused.headers.get('x-rate-limit-remaining')).toBe('99')
    now = new Date(now.getTime() + 24 * 3_600_000)
    token = x.simulator.issueTokens({ userId: 'acme' }).access_token
    expect((await tweet('two')).status).toBe(201)
  })
})

test('a day’s limit of one user is theirs, and said in headers of its own', async () => {
  x.simulator.setRateLimit({ endpoint: 'GET /2/dm_events', userPerDay: 2 })
  const read = () => call(x.simulator, 'GET', '/2/dm_events', { token })
  const { headers } = await read()
  const day = ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`x-user-limit-24hour-${name}`)))
  expect(day).toEqual([2, 1, now.getTime() / 1_000 + 24 * 3_600])
  expect(limits({ headers }).slice(0, 2)).toEqual([15, 14])
  await read()
  const refused = await read()
  expect(refused.status).toBe(429)
  expect(refused.headers.get('x-user-limit-24hour-remaining')).toBe('0')
})

describe('faults', () => {
  test('a status hits as often as it is told, and only what it matches', async () => {
    x.simulator.addFault({ match: { method: 'GET', path: '/2/users/me' }, kind: 'status', status: 503, times: 2 })
    expect((await call(x.simulator, 'GET', `/2/users/${BRAND.id}`, { token })).status).toBe(200)
    expect(await me()).toMatchObject({ status: 503, body: { title: 'Service Unavailable', type: 'about:blank' } })
    expect((await me()).status).toBe(503)
    expect((await me()).status).toBe(200)
  })

  test('a 429 says when to come back', async () => {
    x.simulator.addFault({ kind: 'status', status: 429, resetSeconds: 60 })
    const answer = await me()
    expect(answer.status).toBe(429)
    expect(limits(answer).slice(1)).toEqual([0, now.getTime() / 1_000 + 60])
  })

  test('a 429 may keep to itself when to come back', async () => {
    x.simulator.addFault({ kind: 'status', status: 429, resetSeconds: null })
    const answer = await me()
    expect(answer.status).toBe(429)
    expect([...answer.headers.keys()].filter((name) => name.includes('limit'))).toEqual([])
  })

  test('a path may be a pattern, and a fault may last until it is cleared', async () => {
    const match = { method: 'GET', path: '/2/users/:id/mentions' }
    x.simulator.addFault({ match, kind: 'status', status: 500, times: null })
    const mentions = async () => (await call(x.simulator, 'GET', `/2/users/${BRAND.id}/mentions`, { token })).status
    expect([await mentions(), await mentions(), await mentions()]).toEqual([500, 500, 500])
    expect((await me()).status).toBe(200)
    expect(x.simulator.state.faults).toMatchObject([{ kind: 'status', left: null }])
    x.simulator.clearFaults()
    expect(await mentions()).toBe(200)
  })

  test('a path may be a prefix', async () => {
    x.simulator.addFault({ match: { path: '/2/oauth2/*' }, kind: 'status', status: 500 })
    expect((await me()).status).toBe(200)
    expect((await fetch(`${x.simulator.url}/2/oauth2/token`, { method: 'POST' })).status).toBe(500)
  })

  test('html is what X shows when its front door is broken', async () => {
    x.simulator.addFault({ kind: 'html', status: 502 })
    const response = await fetch(`${x.simulator.url}/2/users/me`)
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('<!DOCTYPE html>')
  })

  test('an answer is cut in the middle', async () => {
    x.simulator.addFault({ kind: 'truncate' })
    await expect(me()).rejects.toThrow()
  })

  test('an html page may come with 200, and half of the JSON as if it were all', async () => {
    x.simulator.addFault({ kind: 'html', status: 200 })
    x.simulator.addFault({ kind: 'half-json' })
    const read = async () => {
      const response = await fetch(`${x.simulator.url}/2/users/me`, { headers: { authorization: `Bearer ${token}` } })
      return { status: response.status, text: await response.text() }
    }
    expect(await read()).toEqual({ status: 200, text: expect.stringContaining('<!DOCTYPE html>') })
    const half = await read()
    expect(half).toEqual({ status: 200, text: expect.stringMatching(/^\{"data":/) })
    expect(() => JSON.parse(half.text)).toThrow()
    expect((await me()).status).toBe(200)
  })

  test('an answer stops coming after its headers and half of its body', async () => {
    x.simulator.addFault({ kind: 'hang-body' })
    const response = await fetch(`${x.simulator.url}/2/users/me`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(150),
    })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow(/timeout/)
  })

  test('a connection is cut before the answer', async () => {
    x.simulator.addFault({ kind: 'disconnect' })
    await expect(me()).rejects.toThrow()
  })

  test('no answer comes at all', async () => {
    x.simulator.addFault({ kind: 'hang' })
    const response = fetch(`${x.simulator.url}/2/users/me`, { signal: AbortSignal.timeout(80) })
    await expect(response).rejects.toThrow(/timeout/)
  })

  test('closing does not wait for a call that hangs', async () => {
    x.simulator.addFault({ kind: 'hang' })
    const hanging = expect(me()).rejects.toThrow()
    await expect.poll(() => x.exchanges.length).toBe(1)
    const begun = performance.now()
    await x.simulator.close()
    await hanging
    expect(performance.now() - begun).toBeLessThan(500)
  })

  test('an answer comes late', async () => {
    x.simulator.addFault({ kind: 'delay', delayMs: 60 })
    const begun = performance.now()
    expect((await me()).status).toBe(200)
    expect(performance.now() - begun).toBeGreaterThan(50)
  })

  test('are listed and cleared', async () => {
    x.simulator.addFault({ kind: 'status', times: 9 })
    expect(x.simulator.state.faults).toMatchObject([{ kind: 'status', left: 9 }])
    x.simulator.clearFaults()
    expect((await me()).status).toBe(200)
  })
})

test('a path that X does not have is 404, a body that is no JSON is 400', async () => {
  expect((await call(x.simulator, 'GET', '/2/nothing', { token })).status).toBe(404)
  const response = await fetch(`${x.simulator.url}/2/tweets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"text":',
  })
  expect(response.status).toBe(400)
})
