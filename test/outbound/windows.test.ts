import { afterAll, beforeAll, expect, it } from 'vitest'
import { resumeDeliveries } from '../../src/outbound/deliver-task.ts'
import { query, tokenFor } from '../helpers/perch.ts'
import { type AnsweringWorld, answeringWorld, SENDING_PATHS } from './answering.ts'

/** Answers that wait for the end of X's 24 hours. */

let world: AnsweringWorld
beforeAll(async () => {
  world = await answeringWorld(1, 0)
}, 60_000)
afterAll(() => world?.close())

const HOUR_MS = 3_600_000

it('wait for the day’s window without being tried, and tell when they are expected', { timeout: 90_000 }, async () => {
  const { app, x } = world
  const { prisma } = app.store
  const endpoint = `POST ${SENDING_PATHS.X_POST}`
  x.simulator.setRateLimit({ endpoint, user: 100, userPerDay: 1 })
  const tickets = []
  for (const n of [1, 2, 3]) tickets.push(await world.ticket('X_POST', `Where is parcel ${n}?`))
  const [first = '', ...others] = tickets
  const { id } = await world.reply(first, 'The last one of the day')
  await world.settled(first, id, 'SENT', 40_000)
  const before = x.exchanges.length
  for (const ticketId of others) await world.reply(ticketId, 'Tomorrow')
  await expect
    .poll(() => prisma.delivery.count({ where: { error: 'RATE_LIMITED' } }), { timeout: 20_000, interval: 50 })
    .toBe(1)
  const told = () => prisma.event.count({ where: { type: 'comment.updated' } })
  const events = await told()
  // As every minute, when what is due lies about.
  await prisma.delivery.updateMany({ where: { error: null, finishedAt: null }, data: { dueAt: new Date(0) } })
  for (let minute = 0; minute < 3; minute++) await resumeDeliveries(app.store)
  const waiting = await prisma.delivery.findMany({ where: { finishedAt: null } })
  expect(waiting.map(({ state, attempts }) => [state, attempts])).toEqual([
    ['QUEUED', 0],
    ['QUEUED', 0],
  ])
  expect(await told()).toBe(events)
  expect(x.exchanges.slice(before).filter(({ path }) => path === SENDING_PATHS.X_POST)).toEqual([])
  const text = `query($id: ID!) { replyOptions(ticketId: $id) { expectedAt senders { expectedAt } }
    ticket(id: $id) { comments(last: 1) { nodes { delivery { expectedAt } } } } }`
  const { replyOptions, ticket } = await query<{
    replyOptions: { expectedAt: string; senders: { expectedAt: string }[] }
    ticket: { comments: { nodes: { delivery: { expectedAt: string } }[] } }
  }>(app.url, await tokenFor(app), text, { id: others[1] })
  const [sender] = replyOptions.senders
  const [comment] = ticket.comments.nodes
  for (const moment of [replyOptions.expectedAt, sender?.expectedAt, comment?.delivery.expectedAt])
    expect(Date.parse(moment ?? '') - Date.now()).toBeGreaterThan(23 * HOUR_MS)
})
