import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** Answers that wait while their ticket is deleted or merged (F69, F70), from GraphQL to X. */

let x: ValidatedSimulator
let database: TestDatabase
let app: Awaited<ReturnType<typeof startPerch>>
beforeAll(async () => {
  ;[x, database] = await Promise.all([validatedSimulator(), testDatabase()])
  await connectBrand(database.url, x.simulator)
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
}, 30_000)
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})
beforeEach(() => x.simulator.clearFaults())

/** X takes no posts for now, until the faults are cleared. */
const busy = () =>
  x.simulator.addFault({
    match: { method: 'POST', path: '/2/tweets' },
    kind: 'status',
    status: 429,
    resetSeconds: 2,
    times: null,
  })

interface Seen {
  readonly id: string
  readonly body: string
  readonly direction: string
  readonly visibility: string
  readonly delivery: { state: string; error: string | null; attempts: number; retryable: boolean } | null
}

const ask = async <Data>(text: string, variables: object) =>
  query<Data>(app.url, await tokenFor(app, 'admin'), text, variables)

let count = 0
const words = (what: string) => `${what} ${++count}`

/** A ticket of what somebody posts. */
async function ticket(from = `customer_${++count}`) {
  if (!x.simulator.users().some(({ username }) => username === from)) x.simulator.createUser({ username: from })
  const post = x.simulator.createPost({ from, text: `@acme ${words('where is it?')}` })
  const find = () => app.store.prisma.ticket.findUnique({ where: { sourcePostId: post.id } })
  await expect.poll(find, { timeout: 10_000 }).not.toBeNull()
  const id = (await find())?.id ?? ''
  return { id, global: encodeGlobalId('Ticket', id), from, post }
}

async function reply(ticketId: string, body: string): Promise<string> {
  const { replyToTicket } = await ask<{ replyToTicket: { comment: { id: string } } }>(
    'mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) { comment { id } } }',
    { input: { ticketId, body } },
  )
  return replyToTicket.comment.id
}

async function act(name: string, input: object): Promise<string[]> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  const { done } = await ask<{ done: { userErrors: { code: string; field: string[] }[] } }>(
    `mutation($input: ${/Ticket$/.test(name) ? 'TicketInput' : type}!) { done: ${name}(input: $input) { userErrors { code field } } }`,
    { input },
  )
  return done.userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)
}

async function comments(ticketId: string): Promise<readonly Seen[]> {
  const { ticket: found } = await ask<{ ticket: { comments: { nodes: Seen[] } } }>(
    `query($id: ID!) { ticket(id: $id) { comments(first: 50) { nodes {
       id body direction visibility delivery { state error attempts retryable } } } } }`,
    { id: ticketId },
  )
  return found.comments.nodes
}
const delivery = async (ticketId: string, id: string) =>
  (await comments(ticketId)).find((comment) => comment.id === id)?.delivery ?? null
const stands = (ticketId: string, id: string, as: object) =>
  expect.poll(() => delivery(ticketId, id), { timeout: 15_000, interval: 50 }).toMatchObject(as)
const onX = (text: string) => x.simulator.received().filter((post) => post.text.endsWith(text)).length

describe('an answer that waits when its ticket is deleted', () => {
  it('is not sent any more, and says why; restored, it can be sent again', { timeout: 40_000 }, async () => {
    const { global } = await ticket()
    busy()
    const [first, second] = [words('first'), words('second')]
    const waiting = await reply(global, first)
    await stands(global, waiting, { state: 'QUEUED', attempts: 1 })
    const behind = await reply(global, second)
    expect(await act('deleteTicket', { ticketId: global })).toEqual([])
    const withdrawn = { state: 'FAILED', error: 'TICKET_DELETED', retryable: true }
    for (const id of [waiting, behind]) expect(await delivery(global, id)).toMatchObject(withdrawn)
    expect(await act('retryReply', { commentId: waiting })).toEqual(['DELETED_TICKET commentId'])

    // What is given later to somebody else has its turn after them.
    x.simulator.clearFaults()
    const other = await ticket()
    await stands(other.global, await reply(other.global, words('to another')), { state: 'SENT' })
    expect([onX(first), onX(second)]).toEqual([0, 0])

    expect(await act('restoreTicket', { ticketId: global })).toEqual([])
    expect(await delivery(global, waiting)).toMatchObject(withdrawn)
    expect(await act('retryReply', { commentId: waiting })).toEqual([])
    await stands(global, waiting, { state: 'SENT', error: null })
    expect([onX(first), onX(second)]).toEqual([1, 0])
  })
})

describe('an answer that waits when its ticket is merged', () => {
  it('is sent all the same, in order and once; what the customer says to it is the target’s', {
    timeout: 40_000,
  }, async () => {
    const source = await ticket()
    const target = await ticket(source.from)
    busy()
    const [first, second] = [words('first'), words('second')]
    const ids = [await reply(source.global, first), await reply(source.global, second)] as const
    await stands(source.global, ids[0], { state: 'QUEUED', attempts: 1 })
    expect(await act('mergeTickets', { sourceIds: [source.global], targetId: target.global })).toEqual([])
    expect((await comments(target.global)).at(-1)).toMatchObject({
      visibility: 'PRIVATE',
      body: expect.stringMatching(
        /^Ticket #\d+ was merged into this one\.\n2 answers are still to be sent from there\.$/,
      ),
    })
    x.simulator.clearFaults()
    for (const id of ids) await stands(source.global, id, { state: 'SENT' })
    const seen = x.simulator.received().map(({ text }) => [first, second].find((each) => text.endsWith(each)))
    expect(seen.filter(Boolean)).toEqual([first, second])

    const sent = x.simulator.received().find(({ text }) => text.endsWith(second))
    const thanks = words('thanks')
    x.simulator.createPost({ from: source.from, text: `@acme ${thanks}`, inReplyTo: sent?.id ?? '' })
    await expect
      .poll(async () => (await comments(target.global)).filter(({ direction }) => direction === 'INBOUND').length, {
        timeout: 15_000,
      })
      .toBe(2)
    // X has told of the answers by then: they are the source's, and nowhere twice.
    const publicly = (all: readonly Seen[]) => all.filter(({ visibility }) => visibility === 'PUBLIC')
    expect(publicly(await comments(source.global)).map(({ id }) => id)).toEqual([expect.anything(), ...ids])
    expect(publicly(await comments(target.global)).every(({ direction }) => direction === 'INBOUND')).toBe(true)
    const told = await app.store.prisma.event.findMany({
      where: { ticketId: source.id, type: 'comment.updated' },
      orderBy: { offset: 'desc' },
    })
    expect(told[0]?.data).toMatchObject({ ticket: { id: source.id, status: 'CLOSED' }, changed: ['deliveryState'] })
  })
})

it('is asked of X as its document says', () => x.assertNoViolations())
