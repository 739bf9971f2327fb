import { expect, it } from 'vitest'
import { query, tokenFor } from '../helpers/perch.ts'
import { answeringWorld, SENDING_PATHS } from './answering.ts'

it('answers of every account that X takes its time for hold up neither one another nor other jobs', async () => {
  const world = await answeringWorld(5, 0)
  const { app, x, brands } = world
  try {
    const tickets = []
    for (const [index, brand] of brands.entries())
      tickets.push(await world.ticket('X_POST', `where is parcel ${index}?`, brand))
    for (const _ of brands)
      x.simulator.addFault({
        match: { method: 'POST', path: SENDING_PATHS.X_POST },
        kind: 'delay',
        delayMs: 5_000,
      })
    for (const ticketId of tickets) await world.reply(ticketId, 'On its way.')
    const asked = () => app.store.prisma.delivery.count({ where: { state: 'SENDING' } })
    await expect.poll(asked, { timeout: 5_000 }).toBe(brands.length)
    await query(
      app.url,
      await tokenFor(app),
      'mutation($input: BulkUpdateTicketsInput!) { bulkUpdateTickets(input: $input) { job { id } } }',
      { input: { ids: tickets, patch: { addTags: ['seen'] } } },
    )
    const tagged = () => app.store.prisma.ticket.count({ where: { tags: { has: 'seen' } } })
    await expect.poll(tagged, { timeout: 5_000 }).toBe(tickets.length)
    expect(await asked()).toBe(brands.length)
  } finally {
    await world.close()
  }
}, 120_000)
