import { getNamedType, isInterfaceType, isObjectType } from 'graphql'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Context } from '../../src/schema/context.ts'
import { buildSchema } from '../../src/schema/index.ts'
import { rawSocket, startTestServer, type TestServer, token } from '../server/support.ts'

/* F45: a PIN that is sent in, well or badly, at whichever door, comes out nowhere: no answer, no log, no metric. */

/** Longer than a PIN, so that no id holds it by chance. To every layer above the domain it is one like any other. */
const PIN = '8352190746'

let server: TestServer
let authorization: string
const log: string[] = []
const received: string[] = []

beforeAll(async () => {
  const xchat: Partial<Context['accounts']['xchat']> = {
    async confirm(_userId, _accountId, pin) {
      received.push(pin)
      // What no code of ours does; the doors hold all the same.
      if (pin === `${PIN}!`) throw new Error('The service broke.')
      return {
        accountId: null,
        outcome: 'PIN_FORMAT',
        userErrors: [],
        guessesLeft: null,
        attemptsLeft: 5,
        retryAt: null,
        position: { epoch: 'e', offset: 1 },
      }
    },
  }
  const store = { log: { head: async () => ({ epoch: 'e', head: 1 }) } }
  const services = { accounts: { xchat }, store } as unknown as NonNullable<
    Parameters<typeof startTestServer>[0]
  >['services']
  server = await startTestServer({
    schema: buildSchema(),
    ...(services && { services }),
    logger: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
  })
  authorization = `Bearer ${await token('ada', 'ADMIN')}`
})
beforeEach(() => {
  log.length = 0
})
afterAll(() => server.close())

const ID = 'QWNjb3VudDowMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMGE='
const inline = (fields: string) => `mutation { confirmXChatPin(input: { ${fields} }) { outcome attemptsLeft } }`
const BY_VARIABLE =
  'mutation M($input: ConfirmXChatPinInput!) { confirmXChatPin(input: $input) { outcome attemptsLeft } }'
const BY_PIN = `mutation M($pin: XChatPin!) { confirmXChatPin(input: { accountId: "${ID}", pin: $pin }) { outcome } }`

interface Body {
  readonly query: unknown
  readonly variables?: unknown
  readonly operationName?: unknown
  readonly extensions?: unknown
}

const DOCUMENTS = [
  inline(`accountId: "${ID}", pin: "${PIN}"`),
  inline(`accountId: "${ID}", pin: """${PIN}"""`),
  inline(`accountId: "${ID}", pin: ${PIN}`),
  inline(`accountId: "${ID}", pin: ${PIN}.5`),
  inline(`accountId: "${ID}", pin: -${PIN}`),
  inline(`accountId: "${ID}", pin: [${PIN}]`),
  inline(`accountId: "${ID}", pin: ["${PIN}"]`),
  inline(`accountId: "${ID}", pin: { digits: "${PIN}" }`),
  inline(`accountId: "${ID}", pin: P${PIN}`),
  inline(`accountId: "${ID}", pim: "${PIN}"`),
  inline(`accountId: "${ID}", pin: "${PIN}", pin: "${PIN}"`),
  inline(`pin: "${PIN}"`),
  inline(`accountId: ${PIN}.5, pin: "${PIN}"`),
  inline(`accountId: { pin: "${PIN}" }, pin: null`),
  inline(`accountId: "${PIN}", pin: "${PIN}"`),
  inline(`accountId: "${ID}", pin: "${PIN}!"`),
  `mutation { confirmXChatPin(input: "${PIN}") { outcome } }`,
  `mutation { confirmXChatPin(input: ${PIN}) { outcome } }`,
  `mutation { confirmXChatPin(pin: "${PIN}") { outcome } }`,
  `mutation { confirmXChatPin(accountId: "${ID}", pin: ${PIN}) { outcome } }`,
  `mutation { confirmXchatPin(input: { accountId: "${ID}", pin: "${PIN}" }) { outcome } }`,
  `mutation { disableXChat(input: { accountId: "${PIN}", pin: "${PIN}" }) { account { id } } }`,
  `mutation M($pin: XChatPin = ${PIN}) { confirmXChatPin(input: { accountId: "${ID}", pin: $pin }) { outcome } }`,
  `mutation M($n: Int = "${PIN}") { confirmXChatPin(input: { accountId: "${ID}", pin: $n }) { outcome } }`,
  `mutation { confirmXChatPin(input: { accountId: "${ID}", pin: "${PIN}" }) @include(if: "${PIN}") { outcome } }`,
  `mutation @pin(is: "${PIN}") { confirmXChatPin(input: { accountId: "${ID}", pin: "${PIN}" }) { outcome } }`,
  `query { accounts(includeUnlinked: "${PIN}") { id } }`,
  `query { tickets(filter: { status: "${PIN}" }) { totalCount } }`,
  `query { tickets(first: "${PIN}", after: ${PIN}) { totalCount } }`,
  `subscription { ticketCreated(after: "${PIN}") { position } }`,
  `mutation { confirmXChatPin(input: { pin "${PIN}" }) { outcome } }`,
  `mutation { confirmXChatPin(input: { pin: "${PIN}`,
  `mutation { confirmXChatPin(input: { pin: '${PIN}' }) { outcome } }`,
  `mutation { confirmXChatPin(${PIN}) { outcome } }`,
  `mutation { confirmXChatPin(input: { pin: ${PIN}x }) { outcome } }`,
  `mutation { confirmXChatPin(input: { pin: "\\u{${PIN}}" }) { outcome } }`,
  `mutation { confirmXChatPin(input: { pin: "${PIN}\n" }) { outcome } }`,
  PIN,
  `# ${PIN}`,
  `"${PIN}"`,
]

const input = (pin: unknown) => ({ input: { accountId: ID, pin } })
const BODIES: readonly Body[] = [
  ...DOCUMENTS.map((query) => ({ query })),
  ...[Number(PIN), [PIN], { digits: PIN }, { pin: { pin: PIN } }, `${PIN}\u0000`, PIN, `${PIN}!`].flatMap((pin) => [
    { query: BY_VARIABLE, variables: input(pin) },
    { query: BY_PIN, variables: { pin } },
  ]),
  { query: BY_VARIABLE, variables: { input: PIN } },
  { query: BY_VARIABLE, variables: { input: [PIN] } },
  { query: BY_VARIABLE, variables: { input: { accountId: [PIN], pin: PIN } } },
  { query: BY_VARIABLE, variables: { input: { accountId: { pin: PIN }, pin: PIN } } },
  { query: BY_VARIABLE, variables: { input: { accountId: null, pin: PIN } } },
  { query: BY_VARIABLE, variables: { input: { pin: PIN } } },
  { query: BY_VARIABLE, variables: { input: { accountId: ID, pin: PIN, pim: PIN } } },
  { query: BY_VARIABLE, variables: { input: { accountId: ID, [PIN]: true } } },
  { query: BY_VARIABLE, variables: { [PIN]: PIN } },
  { query: BY_VARIABLE, variables: PIN },
  { query: BY_VARIABLE, variables: [PIN] },
  { query: BY_VARIABLE, variables: JSON.stringify(input(PIN)) },
  { query: BY_VARIABLE, variables: input(PIN), operationName: PIN },
  { query: BY_VARIABLE, variables: input(PIN), operationName: Number(PIN) },
  { query: BY_VARIABLE, variables: input(PIN), extensions: PIN },
  {
    query: 'mutation M($a: ID = "x") { confirmXChatPin(input: { accountId: $a, pin: "8352190746" }) { outcome } }',
    variables: { a: null },
  },
  { query: Number(PIN) },
  { query: { pin: PIN } },
]

const RAW = [
  `{"query": "${BY_PIN.replaceAll('"', '\\"')}", "variables": {"pin": ${PIN},}}`,
  `{"query": "{ __typename }", "variables": {"pin": "${PIN}`,
  `pin=${PIN}`,
  `"${PIN}"`,
  PIN,
  `[{"query": "{ __typename }", "variables": {"pin": "${PIN}"}}]`,
  `{"pin": "${PIN}"}`,
  '',
]

async function whole(response: Response): Promise<string> {
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`
}

/** Nothing that came out so far holds the PIN. */
async function expectSecrecy(answers: readonly string[]): Promise<void> {
  const out = [...answers, ...log, ...(await server.metrics.text()).split('\n')]
  const leaks = out.filter((line) => line.includes(PIN))
  expect(leaks.map((line) => line.slice(Math.max(0, line.indexOf(PIN) - 200), line.indexOf(PIN) + 200))).toEqual([])
}

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(server.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization, ...headers },
    body,
  })

test.each(['application/json', 'application/graphql-response+json', 'text/event-stream'])(
  'by POST, answered in %s',
  async (accept) => {
    const before = received.length
    const answers: string[] = []
    for (const body of BODIES) answers.push(await whole(await post(JSON.stringify(body), { accept })))
    for (const body of RAW) answers.push(await whole(await post(body, { accept })))
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', PIN]) {
      answers.push(await whole(await post(`pin=${PIN}`, { accept, 'content-type': type })))
    }
    await expectSecrecy(answers)
    // Some came through as they should, so this was no silence; and some of those that came were refused in words.
    expect(received.slice(before)).toContain(PIN)
    expect(answers.filter((answer) => answer.includes('PIN_FORMAT')).length).toBeGreaterThan(3)
    expect(answers.filter((answer) => answer.includes('A PIN is sent as a string')).length).toBeGreaterThan(5)
    expect(answers.filter((answer) => answer.includes('Unexpected error')).length).toBeGreaterThan(0)
  },
)

test.each(['application/json', 'text/event-stream'])('by GET, answered in %s', async (accept) => {
  const before = received.length
  const answers: string[] = []
  const get = async (search: string) =>
    answers.push(await whole(await fetch(`${server.graphql}?${search}`, { headers: { accept, authorization } })))
  for (const { query, variables, operationName } of BODIES) {
    const search = new URLSearchParams({ query: String(query) })
    if (variables !== undefined) search.set('variables', JSON.stringify(variables))
    if (operationName !== undefined) search.set('operationName', String(operationName))
    await get(String(search))
  }
  await get(`query={__typename}&variables={"pin":${PIN}`)
  await get(`query={__typename}&variables=${PIN}`)
  await get(`pin=${PIN}`)
  await get(`query=%${PIN}&variables=%`)
  await expectSecrecy(answers)
  // A PIN has no business in an address: mutations are refused there.
  expect(received.length).toBe(before)
})

test('at other addresses', async () => {
  const answers: string[] = []
  for (const path of [`/${PIN}`, `/health/live?pin=${PIN}`, `/graphql/${PIN}`, `/?pin=${PIN}`, `/metrics?${PIN}`]) {
    answers.push(await whole(await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${PIN}` } })))
  }
  await expectSecrecy(answers)
})

test('by WebSocket', async () => {
  const before = received.length
  const answers: string[] = []
  for (const payload of BODIES) {
    // A socket for each: what is no message of the protocol ends it.
    const socket = await rawSocket(server, { authorization })
    socket.say({ type: 'subscribe', id: '1', payload })
    await socket.until(({ id }) => id === '1').catch(() => undefined)
    socket.socket.close()
    const { reason } = await socket.closed
    answers.push(JSON.stringify(socket.messages), reason)
  }
  await expectSecrecy(answers)
  expect(received.slice(before)).toContain(PIN)
  expect(answers.filter((answer) => answer.includes('A PIN is sent as a string')).length).toBeGreaterThan(5)
})

test.each([
  [`{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": ${PIN},}}`],
  [`{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": "${PIN}"}}`],
  [`{"type": "subscribe", "id": "1", "payload": "${PIN}"}`],
  [`{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": ${PIN}}}`],
  [`{"type": "subscribe", "payload": {"query": "${PIN}"}}`],
  [`{"type": "${PIN}"}`],
  [PIN],
  [`pin ${PIN}`],
])('by a WebSocket message that is none of the protocol: %s', async (message) => {
  const socket = await rawSocket(server, { authorization })
  socket.socket.send(message)
  const { code, reason } = await socket.closed
  expect(code).toBeGreaterThanOrEqual(4400)
  await expectSecrecy([JSON.stringify(socket.messages), reason])
})

test('is an input only: nothing in the schema gives a PIN out', () => {
  const fields = Object.values(buildSchema().getTypeMap()).flatMap((type) =>
    isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [],
  )
  expect(fields.length).toBeGreaterThan(50)
  expect(fields.filter(({ type }) => getNamedType(type).name === 'XChatPin')).toEqual([])
})
