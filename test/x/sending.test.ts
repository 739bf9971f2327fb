import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { XClient } from '../../src/x/client.ts'
import type { XErrorKind } from '../../src/x/errors.ts'
import { createXClient } from '../../src/x/twitter-client.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** The three ways of sending, through the real library over real sockets. */

let x: ValidatedSimulator
let client: XClient
let accessToken: string
let ann: string
let conversationId: string
beforeAll(async () => {
  x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  client = createXClient({
    clientId: 'perch-simulator',
    clientSecret: 'perch-simulator-secret',
    bearerToken: 'perch-simulator-bearer',
    apiUrl: new URL(x.simulator.url),
    timeoutMs: 500,
  })
  ann = x.simulator.createUser({ username: 'ann' }).id
  accessToken = x.simulator.issueTokens({ userId: 'acme' }).access_token
  await x.simulator.setUpXChat({ user: 'acme', pin: '4821' })
  conversationId = (await x.simulator.sendChatMessage({ from: 'ann', to: 'acme', text: 'Hello' })).conversationId
  for (const endpoint of Object.values(ENDPOINTS)) x.simulator.setRateLimit({ endpoint, user: 1_000 })
}, 30_000)
afterAll(async () => {
  client.close()
  await x.simulator.close()
})
beforeEach(() => x.simulator.clearFaults())

const ENDPOINTS = {
  post: 'POST /2/tweets',
  directMessage: 'POST /2/dm_conversations/with/:participant_id/messages',
  chatMessage: 'POST /2/chat/conversations/:id/messages',
} as const
type Way = keyof typeof ENDPOINTS
const WAYS = Object.keys(ENDPOINTS) as Way[]

let count = 0
const SEND: Readonly<Record<Way, () => Promise<unknown>>> = {
  post: () => {
    const { id } = x.simulator.createPost({ from: 'ann', text: `Help, @acme! ${++count}` })
    return client.send.post({ text: `Soon ${count}`, inReplyToPostId: id, accessToken })
  },
  directMessage: () => client.send.directMessage({ text: `Soon ${++count}`, participantId: ann, accessToken }),
  chatMessage: () => client.send.chatMessage(conversationId, encrypted(`message-${++count}`), accessToken),
}
const encrypted = (messageId: string) => ({
  messageId,
  encodedMessageCreateEvent: 'AAAA',
  encodedMessageEventSignature: 'AAAA',
})

describe('what is sent', () => {
  it('as a post answers in the thread, and X puts the mentions in front itself', async () => {
    x.simulator.createUser({ username: 'bob' })
    const { id } = x.simulator.createPost({ from: 'ann', text: 'Help, @acme and @bob!' })
    const answer = await client.send.post({ text: 'We are on it', inReplyToPostId: id, accessToken })
    expect(x.simulator.received().at(-1)).toMatchObject({
      id: answer.value.id,
      inReplyTo: id,
      text: '@ann @bob We are on it',
    })
    // Neither a mention is left out, nor is one added: nothing beyond the text and the post is said.
    const asked = x.exchanges.findLast(({ path }) => path === '/2/tweets')
    expect(asked?.requestBody).toEqual({ text: 'We are on it', reply: { in_reply_to_tweet_id: id } })
    expect(answer.rateLimit).toMatchObject({ limit: 1_000 })
  })

  it('as a direct message is known by its event', async () => {
    const answer = await client.send.directMessage({ text: 'We are on it', participantId: ann, accessToken })
    expect(x.simulator.directMessages({ user: 'ann' }).at(-1)).toMatchObject({
      id: answer.value.id,
      text: 'We are on it',
    })
  })

  it('as an encrypted message is X’s as it was signed', async () => {
    const { body } = await client.send.chatMessage(conversationId, encrypted('message-signed'), accessToken)
    expect(body).toEqual({ data: { encoded_message_event: expect.any(String) } })
    const { body: page } = await client.chat.events(conversationId, { accessToken })
    expect(page).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ sender_id: expect.any(String) })]),
    })
  })

  it('is asked of X as its document says', () => {
    x.assertNoViolations()
  })
})

describe.each(WAYS)('%s, when X', (way) => {
  const [method = '', path = ''] = ENDPOINTS[way].split(' ')
  const match = { method, path }

  it.each<[number, XErrorKind, boolean]>([
    [400, 'INVALID_REQUEST', false],
    [401, 'UNAUTHORIZED', false],
    [402, 'FORBIDDEN', false],
    [403, 'FORBIDDEN', false],
    [404, 'NOT_FOUND', false],
    [429, 'RATE_LIMITED', false],
    [500, 'UNAVAILABLE', true],
    [502, 'UNAVAILABLE', true],
    [503, 'UNAVAILABLE', true],
    [504, 'UNAVAILABLE', true],
  ])('answers %i, is %s (it may have been taken: %j)', async (status, kind, uncertain) => {
    x.simulator.addFault({ match, kind: 'status', status, resetSeconds: 60 })
    await expect(SEND[way]()).rejects.toMatchObject({
      name: 'XError',
      kind,
      status,
      uncertain,
      retryAt: status === 429 ? expect.any(Date) : undefined,
    })
  })

  it.each([
    ['cuts its answer off', { kind: 'truncate' }],
    ['gives half an answer', { kind: 'half-json' }],
    ['stops in the middle of its answer', { kind: 'hang-body' }],
    ['says nothing', { kind: 'hang' }],
    ['hangs up', { kind: 'disconnect' }],
    ['shows a page instead of an answer', { kind: 'html', status: 200 }],
    ['shows a page with 503', { kind: 'html', status: 503 }],
  ] as const)('%s, is not known to have come to nothing', async (_what, fault) => {
    x.simulator.addFault({ match, ...fault })
    await expect(SEND[way]()).rejects.toMatchObject({ name: 'XError', kind: 'UNAVAILABLE', uncertain: true })
  })

  it('shows a page with 403, is refused', async () => {
    x.simulator.addFault({ match, kind: 'html', status: 403 })
    await expect(SEND[way]()).rejects.toMatchObject({ name: 'XError', kind: 'FORBIDDEN', uncertain: false })
  })

  it('does not let the token send, is refused in X’s words', async () => {
    const reading = x.simulator.issueTokens({ userId: 'acme', scopes: ['tweet.read', 'users.read'] }).access_token
    const before = accessToken
    accessToken = reading
    const sending = SEND[way]()
    accessToken = before
    await expect(sending).rejects.toMatchObject({
      kind: 'FORBIDDEN',
      detail: 'Forbidden',
      problem: { type: null, codes: [] },
    })
  })
})

it('what cannot be reached was never asked', async () => {
  const gone = await validatedSimulator()
  const apiUrl = new URL(gone.simulator.url)
  await gone.simulator.close()
  const lost = createXClient({ clientId: 'perch-simulator', bearerToken: 'perch-simulator-bearer', apiUrl })
  const sending = lost.send.post({ text: 'Soon', inReplyToPostId: '1', accessToken })
  await expect(sending).rejects.toMatchObject({ kind: 'UNAVAILABLE', uncertain: false })
  lost.close()
})

it.each([
  [
    'too long',
    'x'.repeat(281),
    { kind: 'INVALID_REQUEST', detail: expect.stringMatching(/^Your Tweet text is too long/) },
  ],
  ['nothing', ' ', { kind: 'INVALID_REQUEST', detail: expect.stringContaining('can not be empty') }],
])('a post that is %s is refused in the words that tell why', async (_what, text, refusal) => {
  const { id } = x.simulator.createPost({ from: 'ann', text: 'Help, @acme!' })
  await expect(client.send.post({ text, inReplyToPostId: id, accessToken })).rejects.toMatchObject({
    ...refusal,
    problem: { type: 'invalid-request' },
    uncertain: false,
  })
})

it('a suspended account is told apart from what X refuses a single post', async () => {
  x.simulator.suspend({ user: 'acme', suspended: true })
  try {
    await expect(SEND.directMessage()).rejects.toMatchObject({ kind: 'FORBIDDEN', problem: { type: 'user-suspended' } })
  } finally {
    x.simulator.suspend({ user: 'acme', suspended: false })
  }
})
