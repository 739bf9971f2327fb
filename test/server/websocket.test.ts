import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { DEFAULT_LIMITS } from '../../src/server/limits.ts'
import { codes, collect, rawSocket, startTestServer, type TestServer, token } from './support.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const subscribe = (id: string, query: string) => ({ id, type: 'subscribe', payload: { query } })
const open = () => rawSocket(server, { authorization: server.bearer })

describe('the token', () => {
  test('may come with ConnectionInit, under either spelling', async () => {
    for (const name of ['authorization', 'Authorization']) {
      const client = server.client({ connectionParams: { [name]: server.bearer } })
      const { results } = await collect(client, '{ whoami }')
      expect(results).toEqual([{ data: { whoami: 'bob AGENT' } }])
      await client.dispose()
    }
  })

  test('may come with the upgrade request', async () => {
    const socket = new WebSocket(server.graphql.replace('http', 'ws'), 'graphql-transport-ws', {
      headers: { authorization: server.bearer },
    })
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'connection_init' }))
    await once(socket, 'message')
    socket.send(JSON.stringify(subscribe('1', '{ whoami }')))
    const [data] = await once(socket, 'message')
    expect(JSON.parse(String(data))).toMatchObject({ payload: { data: { whoami: 'bob AGENT' } } })
    socket.close()
  })

  test.each<[string, () => Promise<unknown> | unknown, string]>([
    ['of no meaning', () => 'Bearer nonsense', 'Forbidden'],
    ['that is no text', () => ({ a: 1 }), 'Forbidden'],
    ['of a deactivated user', () => token('gone'), 'Forbidden'],
    ['that has expired', () => token('bob', 'AGENT', -5), 'Token expired'],
  ])('%s closes the socket with 4403', async (_, make, reason) => {
    const raw = await rawSocket(server, undefined)
    raw.say({ type: 'connection_init', payload: { authorization: await make() } })
    expect(await raw.closed).toMatchObject({ code: 4403, reason })
  })

  test('closes the socket with 1013 while users cannot be looked up, so that clients try again', async () => {
    const broken = await startTestServer({
      auth: {
        authenticate: () => Promise.reject(new Error('no database')),
        renew: async () => null,
        changed: () => {},
      },
    })
    const raw = await rawSocket(broken, undefined)
    raw.say({ type: 'connection_init', payload: { authorization: 'x' } })
    expect(await raw.closed).toMatchObject({ code: 1013 })
    await broken.close()
  })
})

describe('a refusal leaves the socket and its other subscriptions alone', () => {
  test.each([
    ['an invalid document', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a broken document', '{', 'GRAPHQL_PARSE_FAILED'],
    ['too deep a document', `{${'nested{'.repeat(20)}value${'}'.repeat(21)}`, 'LIMIT_EXCEEDED'],
    ['a position that is too old', 'subscription { tooOld }', 'POSITION_EXPIRED'],
    ['a position that grows too old on the way', 'subscription { expiring }', 'POSITION_EXPIRED'],
    ['a fault of ours on the way', 'subscription { crashing }', 'INTERNAL_SERVER_ERROR'],
  ])('%s', async (_, query, code) => {
    const raw = await open()
    raw.say(subscribe('good', 'subscription { count }'))
    await raw.until(({ id }) => id === 'good')
    raw.say(subscribe('bad', query))
    const answer = await raw.until(({ id, type }) => id === 'bad' && type === 'error')
    expect(codes(answer.payload)).toEqual([code])
    expect(JSON.stringify(answer)).not.toContain('secret')
    const before = raw.messages.length
    await raw.until((message) => message.id === 'good' && raw.messages.indexOf(message) > before)
    expect(raw.messages.filter(({ id, type }) => id === 'bad' && type !== 'next')).toHaveLength(1)
    raw.socket.close()
  })

  test('the 101st operation', async () => {
    const raw = await open()
    for (let n = 1; n <= 100; n += 1) raw.say(subscribe(`${n}`, 'subscription { deaf }'))
    raw.say(subscribe('101', '{ hello }'))
    const refusal = await raw.until(({ id }) => id === '101')
    expect(refusal).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'operationsPerSocket', max: 100 } }],
    })
    raw.say({ id: '50', type: 'complete' })
    raw.say(subscribe('102', '{ hello }'))
    expect(await raw.until(({ id }) => id === '102')).toMatchObject({ type: 'next' })
    expect(raw.socket.readyState).toBe(WebSocket.OPEN)
    raw.socket.close()
  })
})

describe('the end of a subscription frees its source', () => {
  test.each(['count', 'deaf'])('when the client completes %s', async (field) => {
    const raw = await open()
    const before = server.seen.released
    raw.say(subscribe('1', `subscription { ${field} }`))
    if (field === 'count') await raw.until(({ id }) => id === '1')
    raw.say(subscribe('2', '{ hello }'))
    await raw.until(({ id, type }) => id === '2' && type === 'complete')
    raw.say({ id: '1', type: 'complete' })
    await vi.waitFor(() => expect(server.seen.released).toBe(before + 1))
    raw.socket.close()
  })

  test.each(['count', 'deaf'])('when the client vanishes during %s', async (field) => {
    const raw = await open()
    const before = server.seen.released
    raw.say(subscribe('1', `subscription { ${field} }`))
    raw.say(subscribe('2', '{ hello }'))
    await raw.until(({ id, type }) => id === '2' && type === 'complete')
    raw.socket.terminate()
    await vi.waitFor(() => expect(server.seen.released).toBe(before + 1))
  })

  test('and it says Complete when it ran out by itself', async () => {
    const raw = await open()
    raw.say(subscribe('1', 'subscription { count(to: 3, everyMs: 1) }'))
    await raw.until(({ type }) => type === 'complete')
    expect(raw.messages.filter(({ type }) => type === 'next').map(({ payload }) => payload)).toEqual(
      [1, 2, 3].map((count) => ({ data: { count } })),
    )
    raw.socket.close()
  })
})

describe('the protocol', () => {
  test('ConnectionInit must come in time, by default 10 seconds', async () => {
    expect(DEFAULT_LIMITS.connectionInitMs).toBe(10_000)
    const hasty = await startTestServer({ limits: { connectionInitMs: 150 } })
    const raw = await rawSocket(hasty, undefined)
    expect(await raw.closed).toMatchObject({ code: 4408 })
    await hasty.close()
  })

  test('subscribing before ConnectionInit closes with 4401', async () => {
    const raw = await rawSocket(server, undefined)
    raw.say(subscribe('1', '{ __typename }'))
    expect(await raw.closed).toMatchObject({ code: 4401 })
  })

  test('a client of another subprotocol only is not served', async () => {
    const socket = new WebSocket(server.graphql.replace('http', 'ws'), 'graphql-ws')
    const [error] = await once(socket, 'error')
    expect(String(error)).toContain('subprotocol')
  })

  test('no subprotocol at all closes with 4406', async () => {
    const socket = new WebSocket(server.graphql.replace('http', 'ws'))
    const [code] = await once(socket, 'close')
    expect(code).toBe(4406)
  })

  test('a message that is none closes with 4400', async () => {
    const raw = await open()
    raw.socket.send('nonsense')
    expect(await raw.closed).toMatchObject({ code: 4400 })
  })

  test('only /graphql can be upgraded', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/elsewhere`, 'graphql-transport-ws')
    const [error] = await once(socket, 'error')
    expect(String(error)).toContain('404')
  })
})

test('a client that stops reading is ended with 4413, and the others notice nothing', async () => {
  const good = await open()
  good.say(subscribe('1', 'subscription { count(everyMs: 10) }'))
  const slow = await open()
  slow.socket.pause()
  for (let n = 0; n < 60; n += 1) slow.say(subscribe(`${n}`, '{ big(size: 1000000) }'))
  await vi.waitFor(
    async () => expect(await server.metrics.text()).toContain('perch_slow_consumers_total{door="ws"} 1'),
    { timeout: 5_000, interval: 5 },
  )
  slow.socket.resume()
  expect(await slow.closed).toMatchObject({ code: 4413, reason: 'Slow consumer, resume after your last position' })
  const before = good.messages.length
  await good.until((message) => good.messages.indexOf(message) > before + 10)
  const counted = good.messages.flatMap(({ type, payload }) => (type === 'next' ? [payload] : []))
  expect(counted).toEqual(counted.map((_, n) => ({ data: { count: n + 1 } })))
  good.socket.close()
})
