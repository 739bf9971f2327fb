import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type OpenStream, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

const APP = DEFAULT_APP.bearerToken
let now: Date
let x: ValidatedSimulator
let streams: OpenStream[]
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00Z')
  x = await validatedSimulator({ clock: () => now })
  for (const username of ['ann', 'bob']) x.simulator.createUser({ username })
  x.simulator.issueTokens({ userId: 'acme' })
  streams = []
})
afterEach(async () => {
  for (const stream of streams) stream.close()
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const subscribe = (event_type: string, further: Record<string, unknown> = {}, token = APP) => {
  const body = { event_type, filter: { user_id: BRAND.id }, ...further }
  return call(x.simulator, 'POST', '/2/activity/subscriptions', { token, body })
}
const stream = async (query = '', token = APP) => {
  const opened = await openStream(x.simulator, token, query)
  streams.push(opened)
  return opened
}
const say = (from: string, text: string, inReplyTo?: string) =>
  x.simulator.createPost({ from, text, ...(inReplyTo !== undefined && { inReplyTo }) }).id
const idOf = (event: { payload: Record<string, unknown> } | undefined) => event?.payload['id']

describe('backfill', () => {
  test('tells again what was told in the last minutes, each event under its old name', async () => {
    await subscribe('post.create')
    const before = await stream()
    const told = say('acme', 'one')
    const [first] = await before.until(1)
    x.simulator.dropStreams()
    await before.ended
    now = new Date(now.getTime() + 60_000)
    const missed = say('acme', 'two')
    now = new Date(now.getTime() + 60_000)
    const fresh = await stream('?backfill_minutes=5')
    const events = await fresh.until(2)
    expect(events.map(idOf)).toEqual([told, missed])
    expect(events[0]).toEqual(first)
    x.simulator.registerApp({ clientId: 'other', bearerToken: 'other-bearer' })
    expect((await stream('?backfill_minutes=5', 'other-bearer')).events).toEqual([])
    const short = await stream('?backfill_minutes=2')
    expect((await short.until(1)).map(idOf)).toEqual([missed])
  })

  test('reaches five minutes back, and not at all when not asked for', async () => {
    await subscribe('post.create')
    say('acme', 'long ago')
    now = new Date(now.getTime() + 5 * 60_000 + 1)
    const [asking, silent] = [await stream('?backfill_minutes=5'), await stream()]
    const id = say('acme', 'now')
    expect((await asking.until(1)).map(idOf)).toEqual([id])
    expect((await silent.until(1)).map(idOf)).toEqual([id])
  })
})

describe('streams that misbehave', () => {
  const ten = () => Array.from({ length: 10 }, (_, index) => say('acme', `post ${index}`))

  test('break, in the middle of an event if wanted', async () => {
    await subscribe('post.create')
    const [clean, torn] = [await stream(), await stream()]
    expect(x.simulator.dropStreams({ midLine: true })).toEqual({ dropped: 2 })
    await Promise.all([clean.ended, torn.ended])
    expect(torn.raw()).toMatch(/^\{"data":\{[^}]*$/)
    expect(x.simulator.state.streams).toBe(0)
  })

  test('tell everything twice', async () => {
    await subscribe('post.create')
    x.simulator.setStreamMode({ duplicates: 1 })
    const open = await stream()
    const ids = ten()
    expect((await open.until(20)).map(idOf)).toEqual(ids.flatMap((id) => [id, id]))
  })

  test('tell in a random order, but everything', async () => {
    await subscribe('post.create')
    x.simulator.setStreamMode({ disorderMs: 5 })
    const open = await stream()
    const ids = ten()
    const told = (await open.until(10)).map(idOf)
    expect(told).not.toEqual(ids)
    expect([...told].sort()).toEqual(ids)
  })

  test('tell late', async () => {
    await subscribe('post.create')
    x.simulator.setStreamMode({ delayMs: 60 })
    const open = await stream()
    const begun = performance.now()
    say('acme', 'late')
    await open.until(1)
    expect(performance.now() - begun).toBeGreaterThan(50)
  })

  test('fall silent without a goodbye; backfill knows what they kept back', async () => {
    x.simulator.setPolicy({ keepAliveMs: 5 })
    await subscribe('post.create')
    x.simulator.setStreamMode({ silent: true })
    const dead = await stream()
    const id = say('acme', 'unheard')
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(dead.raw()).toBe('')
    x.simulator.setStreamMode({ silent: false })
    expect((await (await stream('?backfill_minutes=1')).until(1)).map(idOf)).toEqual([id])
  })

  test('tell the last minutes again while they are open', async () => {
    await subscribe('post.create')
    const open = await stream()
    const old = say('acme', 'one')
    now = new Date(now.getTime() + 3 * 60_000)
    const fresh = say('acme', 'two')
    expect(x.simulator.replayStreams({ minutes: 1 })).toEqual({ replayed: 1 })
    expect(x.simulator.replayStreams()).toEqual({ replayed: 2 })
    expect((await open.until(5)).map(idOf)).toEqual([old, fresh, fresh, old, fresh])
  })

  test('lose events for good, though the connection lives', async () => {
    x.simulator.setPolicy({ keepAliveMs: 5 })
    await subscribe('post.create')
    const open = await stream()
    x.simulator.setStreamMode({ lost: true })
    say('acme', 'unheard')
    await expect.poll(() => open.keepAlives()).toBeGreaterThan(1)
    x.simulator.setStreamMode({ lost: false })
    const heard = say('acme', 'heard')
    expect((await open.until(1)).map(idOf)).toEqual([heard])
    expect((await (await stream('?backfill_minutes=5')).until(1)).map(idOf)).toEqual([heard])
  })

  test('are refused for as long as it is told: at the door, or for too many connections', async () => {
    const connect = async () => (await call(x.simulator, 'GET', '/2/activity/stream', { token: APP })).status
    x.simulator.addFault({ match: { path: '/2/activity/stream' }, kind: 'status', status: 503, times: null })
    expect([await connect(), await connect()]).toEqual([503, 503])
    x.simulator.clearFaults()
    x.simulator.setPolicy({ streamConnections: 0 })
    expect(await connect()).toBe(429)
    x.simulator.setPolicy({ streamConnections: 2 })
    expect((await stream()).status).toBe(200)
  })
})
