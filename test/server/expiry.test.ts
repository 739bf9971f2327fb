import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codes, knownUser, rawSocket, serverSent, startTestServer, type TestServer, token } from './support.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const expiryOf = (jwt: string): number => JSON.parse(atob(jwt.split('.')[1] ?? '')).exp * 1000
const subscribe = (id: string, field: string) => ({
  id,
  type: 'subscribe',
  payload: { query: `subscription { ${field} }` },
})
const stream = (jwt: string, field: string): Promise<Response> =>
  server.post({ query: `subscription { ${field} }` }, { accept: 'text/event-stream', authorization: `Bearer ${jwt}` })

/** The last result of a stream of server-sent events, and when it came. */
async function lastOf(response: Response): Promise<{ codes: unknown[]; at: number; events: string[] }> {
  const events: string[] = []
  let last = '{}'
  let at = 0
  for await (const { event, data } of serverSent(response)) {
    events.push(event)
    if (event === 'next') {
      last = data
      at = Date.now()
    }
  }
  return { codes: codes(JSON.parse(last).errors), at, events: events.slice(-2) }
}

describe('a token that expires', () => {
  test('before it is used is 401 over HTTP', async () => {
    const response = await server.post({ query: '{ hello }' }, { authorization: await token('bob', 'AGENT', -1) })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('invalid_token')
    expect(codes(((await response.json()) as { errors: unknown }).errors)).toEqual(['TOKEN_EXPIRED'])
  })

  test('ends sockets and streams within a second, and not early', async () => {
    const jwt = await token('bob', 'AGENT', 2)
    const expiry = expiryOf(jwt)
    const raw = await rawSocket(server, { authorization: jwt })
    raw.say(subscribe('1', 'count'))
    raw.say(subscribe('2', 'deaf'))
    const [closed, last] = await Promise.all([raw.closed, lastOf(await stream(jwt, 'deaf'))])
    expect(closed).toMatchObject({ code: 4403, reason: 'Token expired' })
    for (const late of [closed.at - expiry, last.at - expiry]) {
      expect(late).toBeGreaterThanOrEqual(0)
      expect(late).toBeLessThan(1_000)
    }
    expect(last).toMatchObject({ codes: ['TOKEN_EXPIRED'], events: ['next', 'complete'] })
    // The close alone tells the client; Complete would say that the subscription is over.
    expect(raw.messages.filter(({ type }) => type !== 'next' && type !== 'connection_ack')).toEqual([])
  })
})

test('deactivation and demotion take hold within 5 seconds, also on what runs, and touch nobody else', async () => {
  const [bob, ada, eve] = await Promise.all([token('bob'), token('ada', 'ADMIN'), token('eve', 'END_USER')])
  const sockets = await Promise.all([bob, ada, eve].map((authorization) => rawSocket(server, { authorization })))
  const [bobs, adas, eves] = sockets
  for (const raw of sockets) raw.say(subscribe('1', 'count'))
  const streamed = lastOf(await stream(bob, 'count'))
  server.users.set('bob', knownUser('bob', 'AGENT', { active: false }))
  server.users.set('ada', knownUser('ada', 'AGENT'))
  const changed = Date.now()
  const [bobEnd, adaEnd, streamEnd] = await Promise.all([bobs?.closed, adas?.closed, streamed])
  expect(bobEnd).toMatchObject({ code: 4403, reason: 'Forbidden' })
  expect(adaEnd).toMatchObject({ code: 4403, reason: 'Forbidden' })
  expect(streamEnd.codes).toEqual(['UNAUTHENTICATED'])
  for (const at of [bobEnd?.at, adaEnd?.at, streamEnd.at]) expect((at ?? Infinity) - changed).toBeLessThan(5_000)
  expect((await server.post({ query: '{ hello }' })).status).toBe(401)
  const seen = eves?.messages.length ?? 0
  await eves?.until((message) => eves.messages.indexOf(message) > seen)
  eves?.socket.close()
})
