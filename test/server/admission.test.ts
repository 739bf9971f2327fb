import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ask, DOOR_NAMES, DOORS } from './doors.ts'
import { rawSocket, startTestServer, type TestServer, token } from './support.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const nest = (levels: number, field = 'nested', leaf = 'value'): string =>
  `{ ${`${field} { `.repeat(levels - 1)}${leaf}${' }'.repeat(levels - 1)} }`
const aliased = (count: number): string =>
  // Spread over two levels, so that not the number of root fields is what refuses.
  `{ nested { ${Array.from({ length: count }, (_, n) => `a${n}: value`).join(' ')} } }`
const deepValue = (levels: number): unknown => (levels === 0 ? 1 : { v: deepValue(levels - 1) })
const fragments = (levels: number): string =>
  `{ ...F0 } ${Array.from({ length: levels }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`).join(' ')}
  fragment F${levels} on Query { hello }`

const REFUSED: readonly (readonly [string, Ask, string])[] = [
  ['1,001 tokens', { query: `{${' hello'.repeat(999)}}` }, 'LIMIT_EXCEEDED'],
  ['brackets nested 1,500 deep', { query: '{a'.repeat(1500) }, 'LIMIT_EXCEEDED'],
  ['13 fields deep', { query: nest(13) }, 'LIMIT_EXCEEDED'],
  [
    '13 fields deep by way of fragments',
    { query: `{ ...A } fragment A on Query ${nest(7, 'nested', '...B')} fragment B on Nested ${nest(7)}` },
    'LIMIT_EXCEEDED',
  ],
  ['31 aliases', { query: aliased(31) }, 'LIMIT_EXCEEDED'],
  ['21 root fields', { query: `{${' hello'.repeat(21)}}` }, 'LIMIT_EXCEEDED'],
  ['a million root fields by way of fragments', { query: fragments(20) }, 'LIMIT_EXCEEDED'],
  ['lists in lists in lists', { query: '{ nested { list { list { list { list { value } } } } } }' }, 'LIMIT_EXCEEDED'],
  [
    'a page that is too long, said by a variable',
    { query: 'query($n: Int) { page(first: $n) { value } }', variables: { n: 10_000 } },
    'LIMIT_EXCEEDED',
  ],
  ['variables nested 17 deep', { query: '{ hello }', variables: { v: deepValue(16) } }, 'LIMIT_EXCEEDED'],
  [
    'introspection 22 deep',
    { query: `{ __schema { types { fields { type ${nest(20, 'ofType', 'name')} } } } }` },
    'LIMIT_EXCEEDED',
  ],
  [
    'introspection that goes round in circles',
    { query: '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }' },
    'GRAPHQL_VALIDATION_FAILED',
  ],
  ['an unknown field', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
  ['a fragment that spreads itself', { query: '{ ...A } fragment A on Query { ...A }' }, 'GRAPHQL_VALIDATION_FAILED'],
  ['a syntax error', { query: '{ hello' }, 'GRAPHQL_PARSE_FAILED'],
  ['an empty document', { query: ' ' }, 'GRAPHQL_PARSE_FAILED'],
  ['a variable of another type', { query: 'query($n: Int!) { add(n: $n) }', variables: { n: 'x' } }, 'BAD_REQUEST'],
  ['a variable that is missing', { query: 'query($n: Int!) { add(n: $n) }' }, 'BAD_REQUEST'],
  ['an operation name that is not there', { query: 'query A { hello }', operationName: 'B' }, 'BAD_REQUEST'],
  ['two operations and no name', { query: 'query A { hello } query B { hello }' }, 'BAD_REQUEST'],
  ['no operation', { query: 'fragment A on Query { hello }' }, 'GRAPHQL_VALIDATION_FAILED'],
  ['a field without a token', { query: '{ hello }', authorization: null }, 'UNAUTHENTICATED'],
  [
    'a field in a fragment without a token',
    { query: '{ __typename ...A } fragment A on Query { hello }', authorization: null },
    'UNAUTHENTICATED',
  ],
]

describe.each(DOOR_NAMES)('at the door %s', (door) => {
  test.each(REFUSED)('%s is refused', async (_, ask, code) => {
    const answer = await DOORS[door](server, ask)
    expect(new Set(answer.codes)).toEqual(new Set([code]))
    expect(answer.data ?? null).toBeNull()
    expect(answer.status ?? 400).toBeLessThan(500)
  })

  test.each<readonly [string, Ask]>([
    ['1,000 tokens', { query: `{${` nested {${' value'.repeat(246)}`.repeat(4)} value value ${'}'.repeat(5)}` }],
    ['12 fields deep', { query: nest(12) }],
    ['30 aliases', { query: aliased(30) }],
    ['20 root fields', { query: `{${' hello'.repeat(20)}}` }],
    ['three lists in one another', { query: '{ nested { list { list { list { value } } } } }' }],
    ['a long page', { query: 'query($n: Int) { page(first: $n) { value } }', variables: { n: 9_000 } }],
    ['variables nested 16 deep', { query: '{ hello }', variables: { v: deepValue(15) } }],
    ['one of two operations', { query: 'query A { hello } query B { hello }', operationName: 'B' }],
    ['introspection, as GraphiQL does it', { query: getIntrospectionQuery({ inputValueDeprecation: true }) }],
    ['introspection without a token', { query: getIntrospectionQuery(), authorization: null }],
  ])('%s is let in', async (_, ask) => {
    const answer = await DOORS[door](server, ask)
    expect(answer.codes).toEqual([])
    expect(answer.data).toBeTruthy()
  })
})

describe('what a door carries', () => {
  const subscription = 'subscription { count(to: 1) }'
  test.each([
    ['POST', subscription, 406],
    ['GET', subscription, 406],
    ['GET', 'mutation { change }', 405],
    ['SSE by GET', 'mutation { change }', 405],
  ] as const)('%s refuses %s with %i', async (door, query, status) => {
    const before = server.seen.mutations
    expect(await DOORS[door](server, { query })).toMatchObject({ status, codes: ['BAD_REQUEST'] })
    expect(server.seen.mutations).toBe(before)
  })

  test.each(['POST', 'SSE by POST', 'WebSocket'] as const)('%s takes a mutation', async (door) => {
    const before = server.seen.mutations
    expect(await DOORS[door](server, { query: 'mutation { change }' })).toMatchObject({ data: { change: before + 1 } })
  })

  test.each(['SSE by POST', 'SSE by GET', 'WebSocket'] as const)('%s takes a subscription', async (door) => {
    expect(await DOORS[door](server, { query: subscription })).toMatchObject({ data: { count: 1 }, codes: [] })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
  ])('a POST of %s, which a foreign page could send, is refused with 415', async (type) => {
    const before = server.seen.mutations
    const body = type.includes('form-urlencoded') ? 'query=mutation{change}' : '{"query":"mutation { change }"}'
    const response = await server.post(body, { 'content-type': type })
    expect(response.status).toBe(415)
    expect(server.seen.mutations).toBe(before)
  })

  test('several operations in one request are refused', async () => {
    const response = await server.post([{ query: '{ hello }' }, { query: '{ hello }' }])
    expect(response.status).toBe(400)
  })
})

describe('256 KiB', () => {
  const sized = (bytes: number): string => {
    const frame = JSON.stringify({ query: '{ hello }', extensions: { pad: '' } })
    return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`)
  }

  test('a body of exactly that size is read, one byte more is refused with 413', async () => {
    expect((await server.post(sized(262_144))).status).toBe(200)
    const response = await server.post(sized(262_145))
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })

  test('a body that does not tell its length is refused too', async () => {
    const response = await fetch(server.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([sized(400_000)]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
    // The connections that carried it are not left waiting for the unread rest.
    for (let n = 0; n < 10; n += 1) expect((await server.post({ query: '{ hello }' })).status).toBe(200)
  })

  test('a longer WebSocket message closes that socket with 1009, and no other', async () => {
    const good = await rawSocket(server, { authorization: server.bearer })
    good.say({ id: '1', type: 'subscribe', payload: { query: 'subscription { count }' } })
    const bad = await rawSocket(server, { authorization: server.bearer })
    bad.socket.send(sized(262_200))
    expect(await bad.closed).toMatchObject({ code: 1009 })
    const seen = good.messages.length
    await good.until((message) => message.type === 'next' && good.messages.indexOf(message) > seen)
    good.socket.close()
  })
})

test('nesting of 3,000 is answered 400, not 500', async () => {
  const response = await server.post({ query: `${'{nested'.repeat(3000)}${'}'.repeat(3000)}` })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'tokens' } }] })
})

test('the costliest document within the token limit is judged in well under a second', async () => {
  const started = performance.now()
  const pairs = `{ ${'nested { value } '.repeat(19)} nested { ${'nested { value } '.repeat(220)} } }`
  expect((await server.post({ query: pairs })).status).toBeLessThan(500)
  expect(performance.now() - started).toBeLessThan(800)
})

test('refusals are counted by door and code', async () => {
  await server.post({ query: nest(13) })
  expect(await server.metrics.text()).toMatch(/perch_refused_total\{door="post",code="LIMIT_EXCEEDED"\} [1-9]/)
})

test('the subscriptions of one user are bounded over all sockets, and ending one makes room', async () => {
  const small = await startTestServer({ limits: { subscriptionsPerUser: 2 } })
  try {
    const first = await rawSocket(small, { authorization: small.bearer })
    const second = await rawSocket(small, { authorization: small.bearer })
    const subscribe = (id: string) => ({ id, type: 'subscribe', payload: { query: 'subscription { count }' } })
    first.say(subscribe('1'))
    second.say(subscribe('2'))
    await Promise.all([first.until(({ type }) => type === 'next'), second.until(({ type }) => type === 'next')])
    second.say(subscribe('3'))
    const refusal = await second.until(({ id }) => id === '3')
    expect(refusal).toMatchObject({ type: 'error', payload: [{ extensions: { limit: 'subscriptionsPerUser' } }] })
    const other = await rawSocket(small, { authorization: `Bearer ${await token('ada', 'ADMIN')}` })
    other.say(subscribe('1'))
    await other.until(({ type }) => type === 'next')
    first.socket.close()
    await first.closed
    second.say(subscribe('4'))
    await second.until(({ id, type }) => id === '4' && type === 'next')
  } finally {
    await small.close()
  }
})
