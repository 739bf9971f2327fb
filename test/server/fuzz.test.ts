import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { rawSocket, startTestServer, type TestServer } from './support.ts'

let server: TestServer
let witness: Awaited<ReturnType<typeof rawSocket>>
beforeAll(async () => {
  server = await startTestServer()
  witness = await rawSocket(server, { authorization: server.bearer })
  witness.say({ id: '1', type: 'subscribe', payload: { query: 'subscription { count(everyMs: 20) }' } })
})
afterAll(() => server.close())

/** Whatever came, the server answers, somebody else's subscription runs on, and nothing was a surprise to us. */
afterEach(async () => {
  expect(await (await server.post({ query: '{ hello }' })).json()).toEqual({ data: { hello: 'world' } })
  const seen = witness.messages.length
  await witness.until((message) => witness.messages.indexOf(message) > seen)
  expect(server.log.filter((line) => line.includes('unexpectedly'))).toEqual([])
})

const SEED = { seed: 20261123, numRuns: 150 }
const words = [
  'query',
  'mutation',
  'subscription',
  'fragment',
  'on',
  'Query',
  'Nested',
  'hello',
  'nested',
  'list',
  'value',
  'page',
  'add',
  'n',
  'count',
  'first',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '!',
  '$',
  '$n',
  '@',
  'include',
  'if',
  '...',
  '...A',
  'A',
  '"',
  '"x"',
  '"""',
  '1',
  '-1e999',
  'true',
  'null',
  '#',
  '\u0000',
  '\uD800',
  '__schema',
  '__type',
  'types',
  'fields',
  ',',
] as const
const graphqlish = fc.array(fc.constantFrom(...words), { maxLength: 80 }).map((parts) => parts.join(' '))
const json = fc.jsonValue({ maxDepth: 5 })
const params = fc.record(
  {
    query: fc.oneof(
      graphqlish,
      fc.constantFrom('query($n: Int!) { add(n: $n) }', '{ page(first: -5) { value } }'),
      json,
    ),
    variables: fc.oneof(fc.dictionary(fc.string(), json), fc.record({ n: json }), json),
    operationName: fc.oneof(fc.string(), json),
    extensions: json,
    __proto__: json,
  },
  { requiredKeys: [] },
)

test('no bytes sent by POST give a 5xx', async () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    params.map((value) => new TextEncoder().encode(JSON.stringify(value))),
    json.map((value) => new TextEncoder().encode(JSON.stringify(value) ?? '')),
    fc
      .nat(60_000)
      .map((depth) =>
        new TextEncoder().encode(`{"query":"{hello}","variables":${'['.repeat(depth / 2)}${']'.repeat(depth / 2)}}`),
      ),
    fc
      .nat(15_000)
      .map((depth) =>
        new TextEncoder().encode(
          `{"query":"{hello}","variables":${'{"a":'.repeat(depth / 2)}1${'}'.repeat(depth / 2)}}`,
        ),
      ),
  )
  const types = fc.constantFrom(
    'application/json',
    'application/json; charset=utf-16',
    'APPLICATION/JSON',
    'text/plain',
    '',
    'application/json, x',
    'multipart/form-data',
  )
  const accepts = fc.constantFrom(
    '*/*',
    'application/json',
    'text/event-stream',
    'application/graphql-response+json',
    'multipart/mixed',
    'text/html',
    'x',
    '',
  )
  await fc.assert(
    fc.asyncProperty(bodies, types, accepts, async (body, type, accept) => {
      const headers = { 'content-type': type, accept, authorization: server.bearer }
      const leaving = new AbortController()
      const response = await fetch(server.graphql, { method: 'POST', headers, body, signal: leaving.signal })
      expect(response.status).toBeLessThan(500)
      leaving.abort()
    }),
    SEED,
  )
})

/**
 * Asks once more where a kept connection turned out to be closed: on a busy machine the server's keep-alive ends just as
 * fetch takes the connection again. A server that is gone does not answer the second time either.
 */
async function onLiveConnection(ask: () => Promise<Response>): Promise<Response> {
  try {
    return await ask()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET')) throw error
    return ask()
  }
}

test('no address sent by GET gives a 5xx', async () => {
  const parts = fc.constantFrom('query', 'variables', 'operationName', 'extensions', 'x', '__proto__')
  const texts = fc.oneof(
    graphqlish,
    fc.string({ unit: 'binary', maxLength: 50 }),
    json.map((value) => JSON.stringify(value) ?? ''),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(parts, texts), { maxLength: 6 }), async (pairs) => {
      const url = `${server.graphql}?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')}`
      const response = await onLiveConnection(() => fetch(url, { headers: { authorization: server.bearer } }))
      expect(response.status).toBeLessThan(500)
      await response.body?.cancel()
    }),
    SEED,
  )
})

test('no authorization header gives a 5xx', async () => {
  const header = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 200,
  })
  await fc.assert(
    fc.asyncProperty(header, async (authorization) => {
      const response = await server.post({ query: '{ hello }' }, { authorization })
      expect([200, 400, 401]).toContain(response.status)
      await response.body?.cancel()
    }),
    SEED,
  )
})

test('no bytes on a bare connection kill the server or give a 5xx', async () => {
  const lines = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(
        fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD', 'PUT', 'TRACE', 'CONNECT', 'X'),
        fc.constantFrom(
          '/graphql',
          '/graphql?query={hello',
          '//',
          '*',
          '/%',
          '/graphql?%',
          'http://[/graphql',
          '/metrics',
        ),
        fc.constantFrom(
          'host: x',
          'host: [',
          'host: a b',
          'upgrade: websocket\r\nconnection: upgrade',
          'transfer-encoding: chunked',
          'content-length: -1',
        ),
      )
      .map(([method, path, header]) =>
        new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${header}\r\naccept: text/html\r\n\r\n`),
      ),
  )
  await fc.assert(
    fc.asyncProperty(lines, async (bytes) => {
      const socket = connect(server.port, '127.0.0.1')
      let answer = ''
      socket.on('data', (data) => {
        answer += data
      })
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.end(bytes)
      await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 150))])
      socket.destroy()
      expect(answer).not.toMatch(/^HTTP\/1.1 5/m)
    }),
    { ...SEED, numRuns: 60 },
  )
})

test('no messages on a WebSocket kill the server, or close it as if we were at fault', async () => {
  const message = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.uint8Array({ maxLength: 100 }),
    json.map((value) => JSON.stringify(value) ?? ''),
    fc
      .record(
        {
          type: fc.constantFrom('connection_init', 'subscribe', 'complete', 'ping', 'pong', 'next', 'error', 'x', 1),
          id: fc.oneof(fc.constantFrom('1', '__proto__', 'constructor', ''), json),
          payload: fc.oneof(params, json),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), fc.boolean(), async (messages, started) => {
      const raw = await rawSocket(server, started ? { authorization: server.bearer } : undefined)
      for (const one of messages) raw.socket.send(one)
      raw.socket.close()
      const { code } = await raw.closed
      expect([1005, 1006, 1002, 1007, 4400, 4401, 4403, 4409, 4429]).toContain(code)
    }),
    SEED,
  )
})
