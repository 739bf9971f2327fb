import { request as nodeRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/server/metrics.ts'
import { collect, startTestServer, type TestServer } from './support.ts'

let server: TestServer
let ready: () => Promise<Record<string, boolean>> = async () => ({ database: true, bus: true })
beforeAll(async () => {
  server = await startTestServer({
    graphiql: true,
    graphiqlHeaders: { Authorization: 'Bearer the-token-of-development' },
    readiness: () => ready(),
    corsOrigins: ['https://desk.example'],
    routes: {
      '/oauth/x/callback': (_, response) => void response.end('welcome back'),
      '/t/*': (request, response) => void response.end(request.url),
      '/broken': () => Promise.reject(new Error('secret of the route')),
    },
  })
})
afterAll(() => server.close())

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.url + path, { headers, redirect: 'manual' })

/** fetch() would not let us lie about the host. */
const getAs = (
  host: string,
  more: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string }> =>
  new Promise((resolve, reject) => {
    const headers = { host, accept: 'text/html', ...more }
    nodeRequest({ port: server.port, host: '127.0.0.1', path: '/graphql', headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
      .on('error', reject)
      .end()
  })

describe('health', () => {
  test('/health/live is 200', async () => expect((await get('/health/live')).status).toBe(200))

  test.each<[string, typeof ready, number, object]>([
    ['holds', async () => ({ database: true, bus: true }), 200, { database: true, bus: true }],
    ['has one that fails', async () => ({ database: true, bus: false }), 503, { database: true, bus: false }],
    ['throws', () => Promise.reject(new Error('no')), 503, { checksRan: false }],
    ['hangs', () => new Promise(() => {}), 503, { answeredInTime: false }],
  ])('/health/ready tells when the check %s', async (_, check, status, checks) => {
    ready = check
    const response = await get('/health/ready')
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ checks })
  })
})

test('how long nobody was answered: queries and mutations count, a subscription does not', () => {
  const metrics = createMetrics()
  metrics.operation('Counting', 'subscription', 'ok', 1)
  expect(metrics.idleMs()).toBe(Number.POSITIVE_INFINITY)
  metrics.operation('Named', 'query', 'errors', 0.1)
  expect(metrics.idleMs()).toBeLessThan(60_000)
})

describe('/metrics', () => {
  test('counts requests, operations, subscriptions and what the program reports', async () => {
    const { metrics } = server
    metrics.eventsAppended(3)
    metrics.job('reply', 'done', 0.2)
    metrics.xCall('/2/users/:id/mentions', 429)
    metrics.ingested('stream', 0.4)
    metrics.observe('feed_position', () => 42)
    metrics.observe('feed_position', () => 43)
    await server.post({ query: 'query Named { hello }' })
    await server.post({ query: 'query Named { crash }' })
    const client = server.client()
    await collect(client, 'subscription Counting { count(to: 2, everyMs: 1) }')
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    for (const line of [
      'perch_events_appended_total 3',
      'perch_job_duration_seconds_count{name="reply",outcome="done"} 1',
      'perch_x_calls_total{endpoint="/2/users/:id/mentions",status="429"} 1',
      'perch_ingestion_seconds_count{source="stream"} 1',
      'perch_feed_position 43',
      'perch_websockets 1',
      'perch_subscriptions 0',
      'perch_operations_total{name="Named",type="query",outcome="ok"} 1',
      'perch_operations_total{name="Named",type="query",outcome="errors"} 1',
      'perch_operations_total{name="Counting",type="subscription",outcome="ok"} 1',
      'perch_http_request_duration_seconds_count{door="post",status="200"} 2',
    ]) {
      expect(text).toContain(line)
    }
    expect(text).toContain('process_cpu_seconds_total')
    await client.dispose()
  })

  test('names chosen by clients cannot fill the memory', async () => {
    for (let n = 0; n < 120; n += 1) await server.post({ query: `query Name${n} { __typename }` })
    const named = (await server.metrics.text()).match(/^perch_operations_total\{name="[^"]*"/gm) ?? []
    expect(new Set(named).size).toBeLessThanOrEqual(101)
    expect(named.some((line) => line.includes('"other"'))).toBe(true)
  })
})

describe('what goes wrong inside', () => {
  test('is masked, and found in the log under the id that the client got', async () => {
    const response = await server.post({ query: '{ hello crash }' })
    const body = await response.text()
    expect(response.status).toBe(200)
    expect(body).not.toContain('secret')
    const { data, errors } = JSON.parse(body)
    expect(data).toEqual({ hello: 'world', crash: null })
    expect(errors).toMatchObject([
      { message: 'Unexpected error.', path: ['crash'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ])
    expect(errors[0].extensions.requestId).toBe(response.headers.get('x-request-id'))
    const logged = server.log.find((line) => line.includes(errors[0].extensions.requestId))
    expect(logged).toContain('secret password of the database')
  })

  test('our own refusals keep their message and code', async () => {
    const { errors } = (await (await server.post({ query: '{ forbidden }' })).json()) as { errors: unknown }
    expect(errors).toMatchObject([{ message: 'Not yours.', path: ['forbidden'], extensions: { code: 'FORBIDDEN' } }])
  })

  test('tokens never reach the log', async () => {
    await server.post({ query: '{ crash }' })
    await server.post({ query: '{ hello }' }, { authorization: 'Bearer not.a.token' })
    expect(server.log.join('')).not.toContain(server.bearer.slice(7))
    expect(server.log.join('')).not.toContain('not.a.token')
  })
})

describe('routes', () => {
  test('of others are served, below a path too', async () => {
    expect(await (await get('/oauth/x/callback?code=1')).text()).toBe('welcome back')
    expect(await (await get('/t/abc?x=1')).text()).toBe('/t/abc?x=1')
  })
  test('that throw are 500 without their reason', async () => {
    const response = await get('/broken')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
  })
  test('that do not exist are 404 in JSON', async () => {
    for (const path of ['/nothing', '/graphql/x', '/t', '//']) {
      const response = await get(path)
      expect(response.status).toBe(404)
      expect(await response.json()).toEqual({ error: 'Not found.' })
    }
  })
  test('a malformed Host header is 400', async () => {
    expect((await getAs('a b:c')).status).toBe(400)
  })
})

describe('browsers', () => {
  test('may not sniff, frame or leak', async () => {
    for (const path of ['/', '/graphql?query={__typename}', '/health/live', '/nothing']) {
      const { headers } = await get(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-powered-by')).toBeNull()
    }
  })

  test('may call from the origins listed, and from no other', async () => {
    const ask = (origin: string) => server.post({ query: '{ hello }' }, { origin })
    expect((await ask('https://desk.example')).headers.get('access-control-allow-origin')).toBe('https://desk.example')
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).not.toBe(
      'https://evil.example',
    )
    const plain = await startTestServer()
    const response = await plain.post({ query: '{ hello }' }, { origin: 'https://desk.example' })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    await plain.close()
  })

  test('get GraphiQL, which loads nothing from elsewhere', async () => {
    expect((await get('/')).headers.get('location')).toBe('/graphql')
    const { body } = await getAs('localhost')
    expect(body).toContain('YogaGraphiQL')
    expect(body).not.toMatch(/<(?:script|link)[^>]+(?:src|href)="https?:/)
  })

  test('get the token of development on this machine only', async () => {
    const mine = 'the-token-of-development'
    expect((await getAs(`localhost:${server.port}`)).body).toContain(mine)
    expect((await getAs(`127.0.0.1:${server.port}`)).body).toContain(mine)
    for (const [host, headers] of [
      ['evil.example', {}],
      ['localhost.evil.example', {}],
      ['127.0.0.1.evil.example', {}],
      ['localhost', { 'x-forwarded-for': '203.0.113.7' }],
      ['localhost', { forwarded: 'for=203.0.113.7' }],
    ] as const) {
      const { body } = await getAs(host, headers)
      expect(body).toContain('YogaGraphiQL')
      expect(body).not.toContain(mine)
    }
  })

  test('get no GraphiQL unless it is on', async () => {
    const plain = await startTestServer()
    const page = await fetch(plain.graphql, { headers: { accept: 'text/html' } })
    expect(await page.text()).not.toContain('GraphiQL')
    expect(await (await fetch(plain.url)).text()).toContain('/graphql')
    await plain.close()
  })
})
