import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { mutate } from '../accounts/graphql.ts'
import { convertPost } from '../e2e/incoming-posts.ts'
import { query, tokenFor } from '../helpers/perch.ts'
import {
  type AnsweringWorld,
  answeringWorld,
  howOftenOnX,
  SENDING_PATHS as PATHS,
  WAYS,
  type Way,
} from './answering.ts'

/** Answers from GraphQL to X and back (F27, F37), each call checked against X's OpenAPI document. */

let world: AnsweringWorld
beforeAll(async () => {
  world = await answeringWorld()
  // Three realms and a program are started.
}, 60_000)
afterAll(() => world?.close())
beforeEach(() => world.x.simulator.clearFaults())

let count = 0
const words = (what: string) => `${what} ${++count}`

const onX = (way: Way, text: string) => howOftenOnX(world.x.simulator, world.brand.id, way, text)

describe.each(WAYS)('an answer by %s', (way) => {
  it('is sent as the customer wrote, once, and stays one comment when X tells of it', { timeout: 60_000 }, async () => {
    const text = words('Where is it?')
    const ticketId = await world.ticket(way, text)
    const answer = words('On its way')
    const { id, channel } = await world.reply(ticketId, answer)
    expect(channel).toBe(way)
    const sent = await world.settled(ticketId, id, 'SENT')
    expect(sent).toMatchObject({ body: answer, externalId: expect.any(String), delivery: { attempts: 1, error: null } })
    expect(await onX(way, answer)).toBe(1)
    // What comes after it has been read, so has it.
    await world.ticket(way, words('Another'))
    expect(await world.answers(ticketId)).toHaveLength(1)
  })

  it('that X does not take for now is sent later', { timeout: 60_000 }, async () => {
    const ticketId = await world.ticket(way, words('Hello?'))
    world.x.simulator.addFault({ match: { method: 'POST', path: PATHS[way] }, kind: 'status', status: 503 })
    const { id } = await world.reply(ticketId, words('Later'))
    const sent = await world.settled(ticketId, id, 'SENT', 40_000)
    expect(sent.delivery).toMatchObject({ attempts: 2, error: null })
  })

  it.each(['truncate', 'half-json'] as const)(
    'whose end was lost (%s) is found on X, and not sent again',
    { timeout: 60_000 },
    async (kind) => {
      const ticketId = await world.ticket(way, words('Hello?'))
      world.x.simulator.addFault({ match: { method: 'POST', path: PATHS[way] }, kind })
      const answer = words('Once only')
      const { id } = await world.reply(ticketId, answer)
      const sent = await world.settled(ticketId, id, 'SENT')
      expect(sent).toMatchObject({ externalId: expect.any(String), delivery: { attempts: 1 } })
      expect(await onX(way, answer)).toBe(1)
      await world.ticket(way, words('Another'))
      expect(await world.answers(ticketId)).toHaveLength(1)
    },
  )

  it('that X refuses says why', { timeout: 60_000 }, async () => {
    const ticketId = await world.ticket(way, words('Hello?'))
    world.x.simulator.addFault({ match: { method: 'POST', path: PATHS[way] }, kind: 'status', status: 403 })
    const { id } = await world.reply(ticketId, words('No'))
    const failed = await world.settled(ticketId, id, 'FAILED')
    expect(failed.delivery).toMatchObject({
      error: 'FORBIDDEN',
      message: expect.any(String),
      retryable: true,
    })
    await world.retry(id)
    await world.settled(ticketId, id, 'SENT')
  })
})

it('by a direct message that the customer takes no more fails, and says so', { timeout: 60_000 }, async () => {
  const text = words('Stop?')
  const ticketId = await world.ticket('X_DM', text)
  const subject = { subject: { endsWith: text } }
  const ticket = await world.app.store.prisma.ticket.findFirst({
    where: subject,
    include: { requester: { include: { xProfile: true } } },
  })
  const user = ticket?.requester.xProfile?.id ?? ''
  world.x.simulator.block({ user, target: world.brand.id, blocked: true })
  const { id } = await world.reply(ticketId, words('No'))
  const failed = await world.settled(ticketId, id, 'FAILED')
  expect(failed.delivery).toMatchObject({
    error: 'RECIPIENT_REFUSES',
    detail: 'You do not have permission to DM one or more participants.',
  })
})

it('to a post that quotes the account and does not name it is sent, at the price of an answer that was asked for', {
  timeout: 60_000,
}, async () => {
  const { app, brand, x } = world
  const { simulator } = x
  const account = await app.store.prisma.account.findFirst({ where: { xUserId: brand.id } })
  const accountId = encodeGlobalId('Account', account?.id ?? '')
  // F15: what is captured by itself is not converted by hand.
  await mutate(app, 'updateAccount', { accountId, captureMentions: false, manualConversion: true })
  const ours = simulator.createPost({ from: brand.id, text: words('We are open') })
  simulator.createUser({ username: 'quoter' })
  const converted = async (quoteOf?: string) => {
    const { id } = simulator.createPost({ from: 'quoter', text: words('Really?'), ...(quoteOf && { quoteOf }) })
    const { ticket } = await convertPost(app, { accountId, xPostId: id })
    return { postId: id, ticketId: ticket?.id ?? '' }
  }
  const token = await tokenFor(app)
  const options = async (id: string) => {
    const text = 'query($id: ID!) { replyOptions(ticketId: $id, body: "Yes") { price senders { refusal } } }'
    return (await query<{ replyOptions: object }>(app.url, token, text, { id })).replyOptions
  }
  try {
    const quote = await converted(ours.id)
    const stranger = await converted()
    expect(await options(quote.ticketId)).toEqual({ price: '0.01', senders: [{ refusal: null }] })
    expect(await options(stranger.ticketId)).toEqual({ price: '0.015', senders: [{ refusal: 'NOT_SUMMONED' }] })
    const { id } = await world.reply(quote.ticketId, words('Yes'))
    await world.settled(quote.ticketId, id, 'SENT')
    expect(simulator.received().at(-1)?.inReplyTo).toBe(quote.postId)
  } finally {
    await mutate(app, 'updateAccount', { accountId, captureMentions: true, manualConversion: false })
  }
})

it('of one ticket are sent in the order in which they were given', { timeout: 60_000 }, async () => {
  const ticketId = await world.ticket('X_POST', words('Many?'))
  world.x.simulator.addFault({ match: { method: 'POST', path: '/2/tweets' }, kind: 'status', status: 503, times: 2 })
  const given = [words('one'), words('two'), words('three')]
  const ids = []
  for (const text of given) ids.push((await world.reply(ticketId, text)).id)
  for (const id of ids) await world.settled(ticketId, id, 'SENT', 40_000)
  const seen = world.x.simulator.received().map(({ text }) => given.find((each) => text.endsWith(each)))
  expect(seen.filter(Boolean)).toEqual(given)
})

it('while X does not work, one of them finds out, and the others wait', { timeout: 60_000 }, async () => {
  const ticketIds: string[] = []
  for (const n of [1, 2, 3]) ticketIds.push(await world.ticket('X_POST', words(`Broken? ${n}`)))
  world.x.simulator.addFault({
    match: { method: 'POST', path: PATHS.X_POST },
    kind: 'status',
    status: 503,
    times: null,
  })
  const given: [ticketId: string, id: string][] = []
  for (const ticketId of ticketIds) given.push([ticketId, (await world.reply(ticketId, words('Yes'))).id])
  const attempts = async () => {
    const all = await Promise.all(ticketIds.map((id) => world.answers(id)))
    return all.flat().reduce((sum, { delivery }) => sum + (delivery?.attempts ?? 0), 0)
  }
  await expect.poll(attempts).toBe(1)
  await sleep(1_500)
  expect(await attempts()).toBe(1)
  world.x.simulator.clearFaults()
  for (const [ticketId, id] of given) await world.settled(ticketId, id, 'SENT')
})

it('that waits after a 503 and that X took all the same is SENT when X tells of it, and not sent again', {
  timeout: 60_000,
}, async () => {
  const { app, brand, x } = world
  const text = words('Really away?')
  const ticketId = await world.ticket('X_POST', text)
  const { sourcePostId } = await app.store.prisma.ticket.findFirstOrThrow({ where: { subject: { endsWith: text } } })
  x.simulator.addFault({ match: { method: 'POST', path: PATHS.X_POST }, kind: 'status', status: 503, times: null })
  const answer = words('Taken')
  const { id } = await world.reply(ticketId, answer)
  await world.settled(ticketId, id, 'QUEUED')
  await expect
    .poll(async () => (await world.answers(ticketId))[0]?.delivery, { timeout: 20_000 })
    .toMatchObject({ state: 'QUEUED', error: 'UNAVAILABLE' })
  const { id: externalId } = x.simulator.createPost({ from: brand.id, text: answer, inReplyTo: sourcePostId ?? '' })
  expect(await world.settled(ticketId, id, 'SENT')).toMatchObject({ externalId })
  x.simulator.clearFaults()
  await world.ticket('X_POST', words('Another'))
  expect(await world.answers(ticketId)).toHaveLength(1)
  // What X was asked to take again, beside the copy that it has.
  expect(onX('X_POST', answer)).toBe(0)
})

it('wait when the token cannot be renewed, for X was not asked', { timeout: 60_000 }, async () => {
  const ticketId = await world.ticket('X_POST', words('Token?'))
  world.x.simulator.addFault({
    match: { method: 'POST', path: '/2/oauth2/token' },
    kind: 'status',
    status: 500,
    times: null,
  })
  await world.app.store.prisma.accountCredential.updateMany({ data: { expiresAt: new Date(0) } })
  const text = words('Later')
  const { id } = await world.reply(ticketId, text)
  await expect
    .poll(async () => (await world.answers(ticketId))[0]?.delivery)
    .toMatchObject({ state: 'QUEUED', error: 'UNAVAILABLE' })
  world.x.simulator.clearFaults()
  await world.settled(ticketId, id, 'SENT')
  expect(onX('X_POST', text)).toBe(1)
})

it('twice the same words on a ticket are refused by X, in words for the agent', { timeout: 60_000 }, async () => {
  const ticketId = await world.ticket('X_POST', words('Twice?'))
  const text = words('Same')
  await world.settled(ticketId, (await world.reply(ticketId, text)).id, 'SENT')
  const failed = await world.settled(ticketId, (await world.reply(ticketId, text)).id, 'FAILED')
  expect(failed.delivery).toMatchObject({
    error: 'DUPLICATE',
    retryable: false,
    detail: 'You are not allowed to create a Tweet with duplicate content.',
  })
})

it('are asked of X as its document says', () => {
  world.x.assertNoViolations()
})
