import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

const APP = DEFAULT_APP.bearerToken
const hmac = (text: string) =>
  `sha256=${createHmac('sha256', DEFAULT_APP.consumerSecret).update(text).digest('base64')}`

interface Delivery {
  readonly body: string
  readonly signature: string | undefined
}

/** Somebody's server: answers challenges, notes deliveries, and can be told to fail. */
async function receiver() {
  const deliveries: Delivery[] = []
  const behaviour = { token: hmac, refuse: 0, hang: false, unavailable: false }
  let challenges = 0
  const server = createServer(async (request: IncomingMessage, response) => {
    const crc = new URL(request.url ?? '/', 'http://x').searchParams.get('crc_token')
    if (crc !== null) challenges += 1
    if (behaviour.unavailable) return void response.writeHead(503).end()
    if (crc !== null) return void response.end(JSON.stringify({ response_token: behaviour.token(crc) }))
    let body = ''
    for await (const chunk of request) body += chunk
    deliveries.push({ body, signature: request.headers['x-twitter-webhooks-signature']?.toString() })
    if (behaviour.hang) return
    response.statusCode = behaviour.refuse-- > 0 ? 500 : 200
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/x`,
    deliveries,
    behaviour,
    challenges: () => challenges,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

let x: ValidatedSimulator
let there: Awaited<ReturnType<typeof receiver>>
beforeEach(async () => {
  x = await validatedSimulator()
  there = await receiver()
  x.simulator.setPolicy({ webhookRetryMs: [5, 5] })
})
afterEach(async () => {
  there.close()
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const register = (url = there.url) => call(x.simulator, 'POST', '/2/webhooks', { token: APP, body: { url } })
const idOf = ({ body }: { body: Record<string, unknown> }) => (body['data'] as { id: string }).id
async function listen(): Promise<string> {
  const id = idOf(await register())
  const body = { event_type: 'post.create', filter: { user_id: BRAND.id }, webhook_id: id }
  expect((await call(x.simulator, 'POST', '/2/activity/subscriptions', { token: APP, body })).status).toBe(200)
  return id
}

test('a webhook whose owner knows the consumer secret is registered and listed', async () => {
  const made = await register()
  expect(made).toMatchObject({ status: 200, body: { data: { url: there.url, valid: true } } })
  const list = await call(x.simulator, 'GET', '/2/webhooks', { token: APP })
  expect(list.body).toEqual({ data: [made.body['data']], meta: { result_count: 1 } })
  const removed = await call(x.simulator, 'DELETE', `/2/webhooks/${idOf(made)}`, { token: APP })
  expect(removed.body).toEqual({ data: { deleted: true } })
})

test.each([
  [
    'a wrong answer to the challenge',
    () => (there.behaviour.token = () => 'sha256=wrong'),
    undefined,
    'CrcValidationFailed',
  ],
  ['nobody there', () => there.close(), undefined, 'CrcValidationFailed'],
  ['plain http elsewhere', () => undefined, 'http://perch.example/hook', 'UrlValidationFailed'],
  ['a port elsewhere', () => undefined, 'https://perch.example:8443/hook', 'UrlValidationFailed'],
])('%s refuses it', async (_, prepare, url, reason) => {
  prepare()
  const { status, body } = await register(url)
  expect(status).toBe(400)
  expect(body['errors']).toMatchObject([{ message: expect.stringContaining(reason) }])
})

test('the same address twice is refused', async () => {
  await register()
  expect((await register()).body['errors']).toMatchObject([{ message: expect.stringContaining('DuplicateUrlFailed') }])
})

test('a delivery is signed over its very bytes and holds the stream’s envelope', async () => {
  await listen()
  x.simulator.createPost({ from: 'acme', text: 'Hello 👋' })
  await expect.poll(() => there.deliveries.length).toBe(1)
  const [delivery] = there.deliveries
  expect(delivery?.signature).toBe(hmac(delivery?.body ?? ''))
  expect(JSON.parse(delivery?.body ?? '')).toMatchObject({
    data: { event_type: 'post.create', filter: { user_id: BRAND.id }, payload: { text: 'Hello 👋' } },
  })
})

test('a delivery that fails is tried again', async () => {
  const id = await listen()
  there.behaviour.refuse = 2
  x.simulator.createPost({ from: 'acme', text: 'Hello' })
  await expect.poll(() => x.simulator.state.webhooks).toMatchObject([{ id, delivered: 1, failed: 0 }])
  expect(there.deliveries).toHaveLength(3)
  expect(new Set(there.deliveries.map(({ body }) => body)).size).toBe(1)
})

test('a few failures are enough: the delivery is given up', async () => {
  await listen()
  there.behaviour.refuse = 100
  x.simulator.createPost({ from: 'acme', text: 'Hello' })
  await expect.poll(() => x.simulator.state.webhooks).toMatchObject([{ delivered: 0, failed: 1 }])
  expect(there.deliveries).toHaveLength(3)
})

test('no answer in time is a failure', async () => {
  await listen()
  x.simulator.setPolicy({ webhookTimeoutMs: 30, webhookRetryMs: [] })
  there.behaviour.hang = true
  x.simulator.createPost({ from: 'acme', text: 'Hello' })
  await expect.poll(() => x.simulator.state.webhooks).toMatchObject([{ delivered: 0, failed: 1 }])
})

test('a webhook that fails a later challenge gets nothing until it passes one', async () => {
  const id = await listen()
  const validate = () => call(x.simulator, 'PUT', `/2/webhooks/${id}`, { token: APP })
  there.behaviour.token = () => 'forgotten'
  expect((await validate()).status).toBe(400)
  x.simulator.createPost({ from: 'acme', text: 'one' })
  there.behaviour.token = hmac
  expect((await validate()).body).toEqual({ data: { valid: true } })
  x.simulator.createPost({ from: 'acme', text: 'two' })
  await expect.poll(() => there.deliveries.length).toBe(1)
  expect(there.deliveries[0]?.body).toContain('"two"')
})

test('a webhook is challenged every hour: a wrong answer makes it invalid, none does not', async () => {
  await listen()
  there.behaviour.token = () => 'forgotten'
  x.simulator.setPolicy({ webhookChallengeMs: 20 })
  await expect.poll(() => x.simulator.state.webhooks).toMatchObject([{ valid: false }])
  there.behaviour.token = hmac
  await expect.poll(() => x.simulator.state.webhooks).toMatchObject([{ valid: true }])
  const before = there.challenges()
  there.behaviour.unavailable = true
  await expect.poll(() => there.challenges()).toBeGreaterThan(before + 2)
  expect(x.simulator.state.webhooks).toMatchObject([{ valid: true }])
})

test('a replay brings the events of some minutes again', async () => {
  const id = await listen()
  for (const text of ['one', 'two']) x.simulator.createPost({ from: 'acme', text })
  await expect.poll(() => there.deliveries.length).toBe(2)
  const minute = (ms: number) => new Date(Date.now() + ms).toISOString().replaceAll(/\D/g, '').slice(0, 12)
  const replay = (from_date: string, to_date: string, webhook_id = id) =>
    call(x.simulator, 'POST', '/2/webhooks/replay', { token: APP, body: { webhook_id, from_date, to_date } })
  expect((await replay(minute(-300_000), minute(-200_000))).body).toEqual({
    data: { job_id: expect.any(String), created_at: expect.any(String) },
  })
  expect((await replay(minute(-60_000), minute(60_000))).status).toBe(200)
  await expect.poll(() => there.deliveries.length).toBe(4)
  expect(new Set(there.deliveries.map(({ body }) => body)).size).toBe(2)
  expect((await replay(minute(60_000), minute(-60_000))).status).toBe(400)
  expect((await replay(minute(-60_000), minute(60_000), '42')).status).toBe(400)
})

test('deliveries come twice and in disorder when the mode says so', async () => {
  await listen()
  x.simulator.setStreamMode({ duplicates: 1, disorderMs: 5 })
  const ids = Array.from({ length: 5 }, (_, index) => x.simulator.createPost({ from: 'acme', text: `${index}` }).id)
  await expect.poll(() => there.deliveries.length).toBe(10)
  const told = there.deliveries.map(({ body }) => JSON.parse(body).data.payload.id)
  expect([...told].sort()).toEqual(ids.flatMap((id) => [id, id]))
})
