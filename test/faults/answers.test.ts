import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AnsweringWorld, answeringWorld, howOftenOnX, SENDING_PATHS, WAYS } from '../outbound/answering.ts'

/** Answers that nobody knows of, and those that X's windows have no room for. */

let world: AnsweringWorld
beforeAll(async () => {
  world = await answeringWorld()
}, 60_000)
afterAll(() => world?.close())
beforeEach(() => world.x.simulator.clearFaults())

let count = 0
const words = (what: string) => `${what} ${++count}`

describe.each(WAYS)('an answer by %s', (way) => {
  it('that nobody knows of is UNKNOWN, and sent again when the agent says so', { timeout: 60_000 }, async () => {
    const ticketId = await world.ticket(way, words('Hello?'))
    // The connection is cut before the call is carried out: X never had it, but who knows.
    world.x.simulator.addFault({ match: { method: 'POST', path: SENDING_PATHS[way] }, kind: 'disconnect' })
    const answer = words('Perhaps')
    const { id } = await world.reply(ticketId, answer)
    const unknown = await world.settled(ticketId, id, 'UNKNOWN', 40_000)
    expect(unknown.delivery).toMatchObject({
      error: 'UNKNOWN',
      retryable: true,
      message: expect.stringContaining('look'),
    })
    expect(howOftenOnX(world.x.simulator, world.brand.id, way, answer)).toBe(0)
    await world.retry(id, true)
    await world.settled(ticketId, id, 'SENT')
    expect(howOftenOnX(world.x.simulator, world.brand.id, way, answer)).toBe(1)
  })
})

it('waits for X’s window, and holds up no other way', { timeout: 60_000 }, async () => {
  const { simulator } = world.x
  const messages = await world.ticket('X_DM', words('Hello?'))
  const posts = await world.ticket('X_POST', words('Hello?'))
  simulator.addFault({
    match: { method: 'POST', path: SENDING_PATHS.X_DM },
    kind: 'status',
    status: 429,
    resetSeconds: 6,
  })
  const message = await world.reply(messages, words('By message'))
  await expect
    .poll(async () => (await world.answers(messages))[0]?.delivery?.error, { timeout: 10_000 })
    .toBe('RATE_LIMITED')
  const post = await world.reply(posts, words('By post'))
  await world.settled(posts, post.id, 'SENT', 4_000)
  expect((await world.answers(messages))[0]?.delivery?.state).toBe('QUEUED')
  const sent = await world.settled(messages, message.id, 'SENT')
  expect(sent.delivery?.attempts).toBe(2)
})
