import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts'

/** Answers by e-mail that the mail server does not take at once (F38). */

let simulator: Simulator
let database: TestDatabase
let smtp: TestSmtp
let app: App
beforeAll(async () => {
  ;[simulator, database, smtp] = await Promise.all([createSimulator(), testDatabase(), startSmtp()])
  await connectBrand(database.url, simulator)
  app = await startPerch({
    databaseUrl: database.url,
    simulatorUrl: simulator.url,
    env: { SMTP_URL: smtp.url },
  })
}, 60_000)
afterAll(async () => {
  await app?.close()
  await smtp?.close()
  await simulator?.close()
  await database?.drop()
})

interface Delivery {
  readonly state: string
  readonly error: string | null
  readonly attempts: number
}

/** Somebody who wrote by post is answered by e-mail. Gives how to look at the answer. */
async function answer(username: string, body: string): Promise<() => Promise<Delivery>> {
  const { prisma } = app.store
  simulator.createUser({ username })
  const { id: sourcePostId } = simulator.createPost({ from: username, text: '@acme where is my parcel?' })
  const find = () => prisma.ticket.findUnique({ where: { sourcePostId } })
  await expect.poll(find, { timeout: 20_000 }).not.toBeNull()
  const { id: ticketId, requesterId } = await prisma.ticket.update({
    where: { sourcePostId },
    data: { movedToEmailAt: new Date() },
  })
  await prisma.user.update({ where: { id: requesterId }, data: { email: `${username}@mail.example` } })
  const token = await tokenFor(app)
  const { replyToTicket } = await query<{ replyToTicket: { comment: { id: string } } }>(
    app.url,
    token,
    'mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) { comment { id } } }',
    { input: { ticketId: encodeGlobalId('Ticket', ticketId), body } },
  )
  const found = () =>
    query<{ node: { delivery: Delivery } }>(
      app.url,
      token,
      'query($id: ID!) { node(id: $id) { ... on Comment { delivery { state error attempts } } } }',
      replyToTicket.comment,
    )
  return async () => (await found()).node.delivery
}

it('wait when the server says later (4xx), and are sent once it takes them', { timeout: 60_000 }, async () => {
  smtp.refuse(451)
  const delivery = await answer('ada', 'It is on its way.')
  await expect.poll(delivery, { timeout: 20_000 }).toMatchObject({ state: 'QUEUED', error: 'UNAVAILABLE' })
  expect(smtp.mails).toEqual([])
  smtp.refuse(null)
  await expect.poll(delivery, { timeout: 30_000 }).toMatchObject({ state: 'SENT', error: null })
  expect(smtp.mails.map(({ text }) => text?.includes('It is on its way.'))).toEqual([true])
})

it('are not sent again when the server had all of it and did not answer: the agent is told', async () => {
  smtp.cutOnce()
  const delivery = await answer('bob', 'It is at your neighbour’s.')
  await expect.poll(delivery, { timeout: 40_000 }).toMatchObject({ state: 'UNKNOWN', attempts: 1 })
  expect(smtp.mails.filter(({ text }) => text?.includes('neighbour'))).toHaveLength(1)
}, 60_000)
