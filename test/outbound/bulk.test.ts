import { afterAll, beforeAll, expect, it } from 'vitest'
import { query, tokenFor } from '../helpers/perch.ts'
import { type AnsweringWorld, answeringWorld, howOftenOnX, SENDING_PATHS, WAYS } from './answering.ts'

/** Answers of bulk updates, from the mutation to X: over HTTP, through the jobs, to the simulator. */

let world: AnsweringWorld
beforeAll(async () => {
  world = await answeringWorld()
}, 60_000)
afterAll(() => world?.close())

async function bulkReply(ids: readonly string[], body: string): Promise<void> {
  const { bulkUpdateTickets } = await query<{ bulkUpdateTickets: { userErrors: object[] } }>(
    world.app.url,
    await tokenFor(world.app),
    `mutation($input: BulkUpdateTicketsInput!) { bulkUpdateTickets(input: $input) { userErrors { code message } } }`,
    { input: { ids, patch: { status: 'PENDING', reply: { body } } } },
  )
  expect(bulkUpdateTickets.userErrors).toEqual([])
}

/** The answer with this text, as soon as it stands so. */
async function answered(ticketId: string, text: string, state: string) {
  const find = async () => (await world.answers(ticketId)).find(({ body }) => body === text)
  await expect.poll(async () => (await find())?.delivery?.state, { timeout: 20_000, interval: 50 }).toBe(state)
}

it('a bulk reply reaches each customer as they wrote, once', { timeout: 60_000 }, async () => {
  const tickets = []
  for (const way of WAYS) tickets.push({ way, id: await world.ticket(way, `Where is it, by ${way}?`) })
  await bulkReply(
    tickets.map(({ id }) => id),
    'All works again.',
  )
  for (const { id } of tickets) await answered(id, 'All works again.', 'SENT')
  const { simulator } = world.x
  for (const { way } of tickets) expect(howOftenOnX(simulator, world.brand.id, way, 'All works again.')).toBe(1)
})

it('an agent’s answer does not wait for those of a bulk update', { timeout: 60_000 }, async () => {
  const { simulator, exchanges } = world.x
  const ids = []
  for (let n = 0; n < 5; n++) ids.push(await world.ticket('X_POST', `Is it down? ${n}`))
  const mine = await world.ticket('X_POST', 'And what about me?')
  // One at a time, slowly: what is given meanwhile can be seen to overtake.
  const slow = { match: { method: 'POST', path: SENDING_PATHS.X_POST }, kind: 'delay', delayMs: 500 } as const
  for (let n = 0; n < 6; n++) simulator.addFault(slow)
  const before = exchanges.length
  await bulkReply(ids, 'It is up again.')
  const sent = () => exchanges.slice(before).filter(({ path }) => path === '/2/tweets')
  await expect.poll(() => sent().length, { timeout: 20_000, interval: 20 }).toBe(1)
  const { id } = await world.reply(mine, 'You are fine.')
  await world.settled(mine, id, 'SENT')
  expect(sent().length).toBeLessThan(5)
  for (const ticketId of ids) await answered(ticketId, 'It is up again.', 'SENT')
})
