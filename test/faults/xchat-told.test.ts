import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ChatNews } from '../../src/ingest/parse-activity.ts'
import type { XChatReader } from '../../src/ingest/xchat-reader.ts'
import { type BrandAccount, createReaderWorld, type ReaderWorld } from '../ingest/xchat-world.ts'

/** Messages that X sends along with `chat.received`, while no round comes by itself. */

const PIN = '2580'
const PATIENCE = { timeout: 30_000, interval: 20 }
const NEVER_MS = 24 * 3_600_000

vi.setConfig({ testTimeout: 60_000 })

let world: ReaderWorld
let acme: BrandAccount
let reader: XChatReader
let lists = 0
beforeAll(async () => {
  world = await createReaderWorld()
  for (const username of ['ann', 'bob']) world.simulator.createUser({ username })
  acme = await world.account('acme')
  await world.simulator.setUpXChat({ user: 'acme', pin: PIN })
  await world.confirm(acme, PIN)
  world.rewrite.conversations = (body) => {
    lists++
    return body
  }
  reader = (await world.start({ everyMs: NEVER_MS })).reader
  await vi.waitFor(() => expect(lists).toBe(1), PATIENCE)
}, 90_000)
afterAll(() => world.close())

type Fault = 'damaged' | 'wrong-signature'
/** Says something, and gives what X tells of it. */
async function said(
  text: string,
  from = 'ann',
  fault?: Fault,
): Promise<ChatNews & Required<Pick<ChatNews, 'message'>>> {
  const sent = await world.simulator.sendChatMessage({ from, to: 'acme', text, ...(fault && { fault }) })
  const { data, meta } = await acme.events(sent.conversationId)
  const [newest] = data
  if (!newest) throw new Error('X has it')
  const message = {
    senderId: newest.sender_id,
    encodedEvent: newest.encoded_event,
    keyEvent: meta.conversation_key_events.at(-1) ?? null,
    saidAt: new Date(),
  }
  return { accountXUserId: acme.xUserId, conversationId: sent.conversationId, message }
}
const tickets = async () => {
  const found = await world.store.prisma.ticket.findMany({
    orderBy: { number: 'asc' },
    include: { comments: { orderBy: [{ postedAt: 'asc' }, { id: 'asc' }] } },
  })
  return found.map(({ comments }) => comments.map(({ body }) => body))
}
/** What X was asked while something was done: lists, and pages of events. */
async function callsOf(work: () => Promise<unknown>): Promise<{ lists: number; events: number }> {
  const before = { lists, events: world.asked.length }
  await work()
  return { lists: lists - before.lists, events: world.asked.length - before.events }
}

test('what a stranger says is fetched, with their name', async () => {
  await reader.hear(await said('Hello'))
  await expect.poll(tickets, PATIENCE).toEqual([['Hello']])
  const requester = await world.store.prisma.xProfile.findFirst()
  expect(requester?.username).toBe('ann')
})

test('more of it is read as it comes, without a call, and once however often it is told', async () => {
  const more = await said('Are you there?')
  expect(await callsOf(() => Promise.all([reader.hear(more), reader.hear(more)]))).toEqual({ lists: 0, events: 0 })
  expect(await tickets()).toEqual([['Hello', 'Are you there?']])
  expect(await callsOf(() => reader.hear(more))).toEqual({ lists: 0, events: 0 })
  const rows = (await world.messages(acme)).length

  // A round passes it, with what was not told.
  await said('This one X forgets to tell')
  await reader.hear({ accountXUserId: acme.xUserId, conversationId: more.conversationId })
  const all = ['Hello', 'Are you there?', 'This one X forgets to tell']
  await expect.poll(tickets, PATIENCE).toEqual([all])
  expect(await world.messages(acme)).toHaveLength(rows + 1)
})

test('what comes out of turn takes its place', async () => {
  const first = await said('one')
  const second = await said('two')
  await reader.hear(second)
  await reader.hear(first)
  expect((await tickets())[0]?.slice(-2)).toEqual(['one', 'two'])
})

test('without the key that came along, the conversation is fetched', async () => {
  const { message, ...news } = await said('keyless')
  const calls = await callsOf(() => reader.hear({ ...news, message: { ...message, keyEvent: null } }))
  expect(calls).toEqual({ lists: 0, events: 1 })
  expect((await tickets())[0]?.at(-1)).toBe('keyless')
})

test('what is damaged or not signed by whom X names is no comment, but a dead letter', async () => {
  const before = await tickets()
  for (const fault of ['damaged', 'wrong-signature'] as const) await reader.hear(await said('not this', 'ann', fault))
  const ofBob = await said('I am Bob', 'bob')
  // Under another’s name, and in another’s conversation.
  await reader.hear({ ...ofBob, conversationId: (await said('aside')).conversationId })
  // A round finds what he said, where he said it.
  await expect.poll(async () => (await tickets())[1], PATIENCE).toEqual(['I am Bob'])
  const mine = (await tickets())[0] ?? []
  expect(mine).not.toContain('not this')
  expect(mine).not.toContain('I am Bob')
  expect(mine.slice(0, before[0]?.length)).toEqual(before[0])
  expect(await world.store.prisma.deadLetter.count({ where: { source: 'xchat' } })).toBeGreaterThanOrEqual(2)
})

test('what opens a follow-up is the first that was said, though X tells of the second alone', async () => {
  await world.store.prisma.ticket.updateMany({ data: { status: 'CLOSED', solvedAt: new Date() } })
  await said('It broke again')
  await reader.hear(await said('And I want my money back'))
  const { subject } = await world.store.prisma.ticket.findFirstOrThrow({ where: { status: { not: 'CLOSED' } } })
  expect(subject).toBe('It broke again')
  await expect
    .poll(async () => (await tickets()).at(-1), PATIENCE)
    .toEqual(['It broke again', 'And I want my money back'])
})
