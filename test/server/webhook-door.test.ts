import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { startPerch } from '../helpers/perch.ts'
import { testRedisUrl } from '../helpers/redis.ts'

/** Where X delivers events: an api process, without a worker that takes away what it keeps. */

const CONSUMER_SECRET = 'a consumer secret that is nobody’s'
const signature = (body: string | Buffer) =>
  `sha256=${createHmac('sha256', CONSUMER_SECRET).update(body).digest('base64')}`

let simulator: Simulator
let database: TestDatabase
let store: Store
let app: App
const common = () => ({
  databaseUrl: database.url,
  simulatorUrl: simulator.url,
  redisUrl: testRedisUrl(),
  role: 'api' as const,
})
beforeAll(async () => {
  ;[simulator, database] = await Promise.all([createSimulator(), testDatabase()])
  app = await startPerch({ ...common(), env: { X_CONSUMER_SECRET: CONSUMER_SECRET } })
  store = app.store
})
afterAll(async () => {
  await app?.close()
  await simulator?.close()
  await database?.drop()
})
beforeEach(async () => {
  await store.prisma.activityDelivery.deleteMany()
})

const door = (query = '') => `${app.url}/webhooks/x${query}`
async function deliver(body: string | Buffer, signed: string | undefined = signature(body)): Promise<number> {
  const headers = { 'content-type': 'application/json', ...(signed && { 'x-twitter-webhooks-signature': signed }) }
  const answer = await fetch(door(), { method: 'POST', body: body as BodyInit, headers })
  await answer.arrayBuffer()
  return answer.status
}
const kept = async () =>
  (await store.prisma.activityDelivery.findMany({ orderBy: { id: 'asc' } })).map(({ body }) => body)
const jobs = () =>
  store.prisma.$queryRaw<
    { key: string }[]
  >`SELECT key FROM graphile_worker.jobs WHERE task_identifier = 'drain_activity'`

describe('X’s challenge', () => {
  it('is answered with the token’s HMAC under the consumer secret', async () => {
    const answer = await fetch(door('?crc_token=abc%2Bdef&nonce=x'))
    expect([answer.status, await answer.json()]).toEqual([200, { response_token: signature('abc+def') }])
  })

  it('has no answer that would sign a delivery: tokens are no JSON, and deliveries are nothing else', async () => {
    for (const forged of ['{"data":{}}', ' {}', '[{}]', '"{}"']) {
      expect((await fetch(door(`?crc_token=${encodeURIComponent(forged)}`))).status).toBe(400)
    }
    const answer = await fetch(door('?crc_token=12345'))
    const { response_token: signed } = (await answer.json()) as { response_token: string }
    expect([await deliver('12345', signed), await kept()]).toEqual([400, []])
  })

  it('without a token, or with an endless one, is refused', async () => {
    for (const query of ['', '?crc_token=', `?crc_token=${'a'.repeat(2_000)}`]) {
      expect((await fetch(door(query))).status).toBe(400)
    }
  })
})

describe('a delivery', () => {
  const EVENT = JSON.stringify({ data: { event_type: 'post.create', payload: { text: 'Grüße 👋' } } })

  it('is kept as it came, with one job that reads it; the same again is kept once', async () => {
    expect([await deliver(EVENT), await deliver(EVENT), await deliver('{}')]).toEqual([200, 200, 200])
    expect(await kept()).toEqual([EVENT, '{}'])
    expect(await jobs()).toEqual([{ key: 'drain_activity' }])
  })

  it('that PostgreSQL has no character for is kept, too', async () => {
    expect(await deliver(Buffer.from([0x7b, 0x00, 0xff, 0x7d]))).toBe(200)
    expect(await kept()).toEqual(['{\ufffd\ufffd}'])
  })

  it.each([
    ['without a signature', '', EVENT, 401],
    [
      'with a signature of another secret',
      `sha256=${createHmac('sha256', 'x').update(EVENT).digest('base64')}`,
      EVENT,
      403,
    ],
    ['with half a signature', signature(EVENT).slice(0, 20), EVENT, 403],
    ['with one byte changed', signature(EVENT), EVENT.replace('👋', '👌'), 403],
    ['with one space more', signature(EVENT), `${EVENT} `, 403],
  ])('%s is refused, and nothing is kept', async (_, signed, body, status) => {
    expect(await deliver(body, signed)).toBe(status)
    expect(await kept()).toEqual([])
  })

  it('of half a megabyte is refused, also when it is signed', async () => {
    expect(await deliver('x'.repeat(512 * 1024))).toBe(413)
    expect(await kept()).toEqual([])
  })

  it('by another method is refused', async () => {
    const answer = await fetch(door(), { method: 'PUT', body: EVENT })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })

  it('among hundreds at once is kept in few commits', async () => {
    const commits = async () =>
      (
        await store.prisma.$queryRaw<{ n: number }[]>`
        SELECT count(DISTINCT xmin::text)::int AS n FROM activity_delivery`
      )[0]?.n
    const bodies = Array.from({ length: 150 }, (_, n) => `{"data":${n}}`)
    expect(new Set(await Promise.all(bodies.map((body) => deliver(body))))).toEqual(new Set([200]))
    expect((await kept()).sort()).toEqual(bodies.sort())
    expect(await commits()).toBeLessThan(75)
  })
})

it('without a consumer secret there is no door', async () => {
  const other = await startPerch(common())
  try {
    const answers = [fetch(`${other.url}/webhooks/x?crc_token=a`), fetch(`${other.url}/webhooks/x`, { method: 'POST' })]
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404])
  } finally {
    await other.close()
  }
})
