import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { brands, connect, mutate } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** F13, F22, F23, F26, F42: from X's encrypted text to what an agent sees through GraphQL, with real cryptography. */

interface TicketSeen {
  readonly subject: string
  readonly status: string
  readonly comments: { readonly nodes: readonly object[] }
}

const TICKETS = `{ tickets(first: 10, orderBy: { field: CREATED_AT, direction: ASC }) { nodes {
  subject status channel requester { name xProfile { username } } followUpOf { subject }
  comments(first: 20) { nodes { body direction visibility channel author { name } } } } } }`

let database: TestDatabase
let x: ValidatedSimulator
let app: App
let brand: string
beforeAll(async () => {
  database = await testDatabase()
  x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
  ;[brand = ''] = brands(x.simulator, 1)
  const accountId = (await connect(app, brand)).account?.id ?? ''
  await x.simulator.setUpXChat({ user: brand, pin: '4821' })
  x.simulator.createUser({ username: 'ada', name: 'Ada Lovelace' })
  x.simulator.createUser({ username: 'bob', name: 'Bob' })
  await x.simulator.setUpXChat({ user: 'bob', pin: '1397' })
  await mutate(app, 'updateAccount', { accountId, captureDirectMessages: true })
  await mutate(app, 'confirmXChatPin', { accountId, pin: '4821' }, 'admin', 'outcome')
  // Three realms and a program are started.
}, 60_000)
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

/** Keys are worked with at a low priority: on a busy machine that takes its time. */
const PATIENCE = { timeout: 20_000, interval: 50 }
const tickets = async () =>
  (await query<{ tickets: { nodes: TicketSeen[] } }>(app.url, await tokenFor(app), TICKETS)).tickets.nodes
const comments = async (index: number) => (await tickets())[index]?.comments.nodes
const said = (body: string, name: string) => ({
  body,
  direction: 'INBOUND',
  visibility: 'PUBLIC',
  channel: 'X_CHAT',
  author: { name },
})
const FIRST = said('Where is my parcel?', 'Ada Lovelace')
const write = (text: string, attachment?: 'media' | 'url' | 'post') =>
  x.simulator.sendChatMessage({ from: 'ada', to: brand, text, ...(attachment && { attachment }) })

describe('an encrypted message', { timeout: 30_000 }, () => {
  it('is a ticket of its sender, with their name and handle', async () => {
    await write('Where is my parcel?')
    await expect.poll(tickets, PATIENCE).toEqual([
      {
        subject: 'Where is my parcel?',
        status: 'NEW',
        channel: 'X_CORP_DM',
        requester: { name: 'Ada Lovelace', xProfile: { username: 'ada' } },
        followUpOf: null,
        comments: { nodes: [FIRST] },
      },
    ])
  })

  it('that comes with an image is a comment, and a private note that names what is not shown', async () => {
    await write('It looked like this', 'media')
    await expect.poll(() => comments(0), PATIENCE).toHaveLength(3)
    expect((await comments(0))?.slice(1)).toEqual([
      said('It looked like this', 'Ada Lovelace'),
      expect.objectContaining({ body: expect.stringContaining(': image.'), visibility: 'PRIVATE', author: null }),
    ])
  })

  it('of the account itself, written in the X app, is an answer on the open ticket', async () => {
    await x.simulator.sendChatMessage({ from: brand, to: 'ada', text: 'On its way.' })
    await expect.poll(() => comments(0), PATIENCE).toHaveLength(4)
    expect((await comments(0))?.at(-1)).toMatchObject({ body: 'On its way.', direction: 'OUTBOUND', channel: 'X_CHAT' })
  })

  it('of the account itself opens nothing, nor does one in a group', async () => {
    await x.simulator.sendChatMessage({ from: brand, to: 'bob', text: 'May we ask you something?' })
    const group = await x.simulator.createChatGroup({ from: 'ada', members: [brand, 'bob'], name: 'VIP' })
    await x.simulator.sendChatMessage({ from: 'ada', conversationId: group.conversationId, text: 'Hello all' })
    // What comes later is there, so those were passed over.
    await x.simulator.sendChatMessage({ from: 'bob', to: brand, text: 'Of course' })
    await write('Thank you')
    await expect.poll(async () => (await comments(0))?.at(-1), PATIENCE).toEqual(said('Thank you', 'Ada Lovelace'))
    await expect.poll(tickets, PATIENCE).toHaveLength(2)
    expect((await tickets()).map(({ subject }) => subject)).toEqual(['Where is my parcel?', 'Of course'])
    expect(await comments(1)).toEqual([said('Of course', 'Bob')])
  })

  it('after its ticket was closed, opens a follow-up', async () => {
    await app.store.prisma.ticket.updateMany({
      where: { subject: 'Where is my parcel?' },
      data: { status: 'CLOSED', solvedAt: new Date() },
    })
    await write('It never came')
    await expect.poll(tickets, PATIENCE).toHaveLength(3)
    expect((await tickets())[2]).toMatchObject({
      subject: 'It never came',
      followUpOf: { subject: 'Where is my parcel?' },
      comments: { nodes: [said('It never came', 'Ada Lovelace')] },
    })
    expect(await comments(0)).toHaveLength(5)
  })

  it('opens the ticket if it was said first, and the others follow in their order, all within a second', async () => {
    x.simulator.createUser({ username: 'cleo', name: 'Cleo' })
    const texts = ['Hi', 'My order 7 is late', 'Sorry, order 8', 'Hello?', 'Are you there?', 'Please answer']
    // So that one reading finds them all.
    const fault = { match: { path: '/2/chat/conversations' }, kind: 'status', status: 503 } as const
    x.simulator.addFault({ ...fault, times: 3 })
    for (const text of texts) await x.simulator.sendChatMessage({ from: 'cleo', to: brand, text })
    await expect.poll(async () => (await comments(3))?.length, PATIENCE).toBe(texts.length)
    expect((await tickets())[3]?.subject).toBe('Hi')
    expect((await comments(3))?.map((comment) => Reflect.get(comment, 'body'))).toEqual(texts)
  })

  it('is nowhere in clear but on its ticket', async () => {
    const rows = await app.store.prisma.xChatMessage.findMany()
    expect(rows.length).toBeGreaterThan(5)
    expect(JSON.stringify(rows)).not.toContain('parcel')
    const events = await app.store.log.read(0, 1_000)
    expect(JSON.stringify(events)).not.toContain('On its way')
  })

  it('asks nothing of X that X’s document does not know', () => {
    x.assertNoViolations()
  })
})
