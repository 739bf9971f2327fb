import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { codes, rawSocket, serverSent, startTestServer, type TestServer } from './support.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ limits: { stallMs: 700 } })
})
afterAll(() => server.close())

const stream = (query: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${server.graphql}?query=${encodeURIComponent(query)}`, {
    headers: { accept: 'text/event-stream', authorization: server.bearer },
    ...(signal ? { signal } : {}),
  })

const all = async (query: string) => {
  const events: { event: string; data: string }[] = []
  for await (const event of serverSent(await stream(query))) events.push(event)
  return events.map(({ event, data }) => (event === 'next' ? JSON.parse(data) : event))
}

test('a subscription is a stream of results and a complete', async () => {
  expect(await all('subscription { count(to: 3, everyMs: 1) }')).toEqual([
    { data: { count: 1 } },
    { data: { count: 2 } },
    { data: { count: 3 } },
    'complete',
  ])
})

test.each([
  ['expiring', 'POSITION_EXPIRED', 3],
  ['crashing', 'INTERNAL_SERVER_ERROR', 3],
  ['tooOld', 'POSITION_EXPIRED', 2],
])('what breaks %s is the last result, with the code %s', async (field, code, events) => {
  const seen = await all(`subscription { ${field} }`)
  expect(seen).toHaveLength(events)
  expect(codes(seen.at(-2).errors)).toEqual([code])
  expect(seen.at(-1)).toBe('complete')
  expect(JSON.stringify(seen)).not.toContain('secret')
})

describe('a client that leaves', () => {
  test.each(['count', 'deaf'])('frees the source of %s', async (field) => {
    const before = server.seen.released
    const leaving = new AbortController()
    const response = await stream(`subscription { ${field} }`, leaving.signal)
    expect(response.status).toBe(200)
    leaving.abort()
    await vi.waitFor(() => expect(server.seen.released).toBe(before + 1))
  })
})

describe('a client that stops reading is cut, and its source freed', () => {
  const stalled = async (): Promise<void> => {
    const before = server.seen.released
    const cut = async (): Promise<number> =>
      Number(/perch_slow_consumers_total\{door="tcp"\} (\d+)/.exec(await server.metrics.text())?.[1] ?? 0)
    const cuts = await cut()
    await vi.waitFor(async () => expect(await cut()).toBe(cuts + 1), { timeout: 8_000 })
    await vi.waitFor(() => expect(server.seen.released).toBe(before + 1))
  }

  test('over SSE', async () => {
    const socket: Socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    const query = encodeURIComponent('subscription { bulky(everyMs: 1) }')
    socket.write(
      `GET /graphql?query=${query} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: ${server.bearer}\r\n\r\n`,
    )
    await new Promise((resolve) => socket.once('readable', resolve))
    await stalled()
    socket.destroy()
  })

  test('over a WebSocket with a single subscription', async () => {
    const raw = await rawSocket(server, { authorization: server.bearer })
    raw.say({ id: '1', type: 'subscribe', payload: { query: 'subscription { bulky(everyMs: 1) }' } })
    await raw.until(({ type }) => type === 'next')
    raw.socket.pause()
    await stalled()
    raw.socket.terminate()
  })
})
