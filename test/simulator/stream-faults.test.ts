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
})
