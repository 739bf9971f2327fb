import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { followTickets } from '../helpers/following-console.ts'
import { captured, expectThreads, type IngestWorld, ingestWorld, resumption } from '../helpers/ingest-world.ts'
import { agentToken, type PerchProcess, spawnPerch } from '../helpers/processes.ts'

let world: IngestWorld
let perch: PerchProcess
beforeEach(async () => {
  world = await ingestWorld()
  world.simulator.createUser({ username: 'lena' })
  perch = await spawnPerch(world.common)
  await streaming()
})
afterEach(async () => {
  await perch?.stop()
  await world?.close()
})

const streaming = () => expect.poll(() => world.simulator.state.streams, { timeout: 20_000 }).toBe(1)

/** Conversations of one to three posts by one customer: what a reply says reaches Perch before or after what it replies to. */
async function converse(conversations: number, perSecond: number): Promise<Map<string, string[]>> {
  const { simulator } = world
  const threads = new Map<string, string[]>()
  for (let n = 0; n < conversations; n++) {
    const { id } = simulator.createPost({ from: 'lena', text: `@acme matter ${n}` })
    const posts = [id]
    for (let further = 0; further < n % 3; further++) {
      const inReplyTo = posts.at(-1) ?? id
      posts.push(simulator.createPost({ from: 'lena', text: `@acme and ${further} more`, inReplyTo }).id)
    }
    threads.set(id, posts)
    await pause(1_000 / perSecond)
  }
  return threads
}

const postsOf = (threads: ReadonlyMap<string, readonly string[]>) => [...threads.values()].flat().length

/** What was said, and what `resumption` said, are there; a console was told of each ticket once. */
async function settle(threads: Map<string, string[]>, seen: Awaited<ReturnType<typeof followTickets>>): Promise<void> {
  const { id, seconds } = await resumption(world)
  expect(seconds).toBeLessThan(10)
  threads.set(id, [id])
  await captured(world.store, postsOf(threads), 90_000)
  await seen.until(threads.size)
  await seen.leave()
  expect(seen.seen.map(({ number }) => number)).toEqual(Array.from(threads, (_, n) => n + 1))
  await expectThreads(world.store, threads)
}

it('a stream that is cut as soon as it is back, now and then in the middle of an event, leaves no gap', async () => {
  const { simulator } = world
  const seen = await followTickets(perch.url, await agentToken())
  const talk = converse(600, 40)
  let over = false
  talk.finally(() => {
    over = true
  })
  let cuts = 0
  while (!over) {
    cuts += simulator.dropStreams({ midLine: cuts % 3 === 0 }).dropped
    await pause(100)
  }
  // One that does not last is asked for ever less often, up to seven seconds apart.
  expect(cuts).toBeGreaterThan(3)
  await settle(await talk, seen)
})

it('a stream that tells twice, in disorder and again from the beginning, doubles nothing', async () => {
  const { simulator } = world
  const seen = await followTickets(perch.url, await agentToken())
  simulator.setStreamMode({ duplicates: 0.5, disorderMs: 700 })
  const talk = converse(400, 40)
  let over = false
  talk.finally(() => {
    over = true
  })
  let again = 0
  while (!over) {
    await pause(1_000)
    again += simulator.replayStreams({ minutes: 5 }).replayed
  }
  expect(again).toBeGreaterThan(1_000)
  const threads = await talk
  simulator.setStreamMode({ duplicates: 0, disorderMs: 0 })
  // And in the order of backfill, after a cut.
  simulator.dropStreams()
  await streaming()
  await settle(threads, seen)
})

it('a stream that is open and dead, and one that swallows events, is made good by polling', async () => {
  const { simulator } = world
  const seen = await followTickets(perch.url, await agentToken())
  const threads = await converse(20, 100)
  await captured(world.store, postsOf(threads))
  simulator.setStreamMode({ silent: true })
  // Silence is noticed after 45 s without a keep-alive; the next round of polling begins within 15 s of that.
  const begun = performance.now()
  for (const [id, posts] of await converse(100, 100)) threads.set(id, posts)
  await captured(world.store, postsOf(threads), 90_000)
  expect(performance.now() - begun).toBeLessThan(75_000)
  simulator.setStreamMode({ silent: false, lost: true })
  for (const [id, posts] of await converse(100, 100)) threads.set(id, posts)
  simulator.setStreamMode({ lost: false })
  await settle(threads, seen)
}, 240_000)
