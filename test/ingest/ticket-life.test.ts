import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Audience } from '../../src/domain/visibility.ts'
import { applyItems } from '../../src/ingest/apply.ts'
import type { Store } from '../../src/store/store.ts'
import { closeSolved } from '../../src/tickets/close-solved.ts'
import { deleteTicket, markTicketAsSpam } from '../../src/tickets/delete-ticket.ts'
import { mergeTickets } from '../../src/tickets/merge-tickets.ts'
import { restoreTicket } from '../../src/tickets/restore-ticket.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { liked, message } from '../helpers/items.ts'
import { createAccount, received } from '../helpers/posts.ts'
import { testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
const agent: Audience = { userId: randomUUID(), role: 'AGENT', ticketAccess: 'ALL', groupIds: [] }

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  await createAccount(store, { captureDirectMessages: true, trackLikes: true })
  await store.prisma.user.create({
    data: { id: agent.userId, role: 'AGENT', name: 'Grace', email: 'grace@example.org' },
  })
})
afterEach(async () => {
  await store?.close()
  await database?.drop()
})

/** The tickets in order: status, and what was said publicly on each. */
async function tickets() {
  const rows = await store.prisma.ticket.findMany({
    orderBy: { number: 'asc' },
    include: { comments: { where: { visibility: 'PUBLIC' }, orderBy: { postedAt: 'asc' } }, followUpOf: true },
  })
  return rows.map(({ id, status, comments, commentCount, followUpOf, deletedAt, importStoppedAt }) => ({
    id,
    status,
    said: comments.map(({ externalId }) => externalId),
    commentCount,
    followUpOf: followUpOf?.id ?? null,
    deleted: deletedAt !== null,
    stopped: importStoppedAt !== null,
  }))
}
const nth = async (index: number): Promise<string> => (await tickets())[index]?.id ?? ''
const solve = (id: string, solvedAt: Date) =>
  store.prisma.ticket.update({ where: { id }, data: { status: 'SOLVED', solvedAt } })

describe('what is said next on a deleted ticket’s conversation', () => {
  it('opens another ticket; restored, the first one stands beside it, and later posts go to the newer', async () => {
    await applyItems(store, [received('10', { conversation: '10' })])
    const first = await nth(0)
    await deleteTicket(store, agent, first)
    await applyItems(store, [received('11', { conversation: '10' })])
    expect(await restoreTicket(store, agent, first)).toMatchObject({ userErrors: [] })
    await applyItems(store, [received('12', { conversation: '10' })])
    expect(await tickets()).toMatchObject([
      { said: ['10'], deleted: false, stopped: true, status: 'NEW' },
      { said: ['11', '12'], deleted: false, stopped: false, followUpOf: null },
    ])
  })

  it('is nothing new when X repeats what the ticket has', async () => {
    await applyItems(store, [received('10')])
    await deleteTicket(store, agent, await nth(0))
    await applyItems(store, [received('10')])
    expect(await tickets()).toHaveLength(1)
  })

  it('goes on in it when it was restored before', async () => {
    await applyItems(store, [received('10', { conversation: '10' })])
    await deleteTicket(store, agent, await nth(0))
    await restoreTicket(store, agent, await nth(0))
    await applyItems(store, [received('11', { conversation: '10' })])
    expect(await tickets()).toMatchObject([{ said: ['10', '11'], stopped: false }])
  })
})

describe('what somebody says who was suspended for spam', () => {
  it('waits, whether it is posted, or liked by the account; messages are left alone', async () => {
    await applyItems(store, [received('10', { conversation: '10' })])
    await markTicketAsSpam(store, agent, await nth(0))
    await applyItems(store, [
      received('11', { conversation: '10' }),
      liked(received('12', { mentions: [], text: 'hi' })),
      message('13'),
    ])
    expect(await tickets()).toMatchObject([{ said: ['10'], deleted: true }])
    expect(await store.prisma.incomingPost.findMany({ orderBy: { id: 'asc' } })).toMatchObject([
      { id: '11', state: 'WAITING', reason: 'AUTHOR_SUSPENDED' },
      { id: '12', state: 'WAITING', reason: 'AUTHOR_SUSPENDED' },
    ])
    const told = (await store.log.read(0, 100)).map(({ body }) => body.type)
    expect(told).toContain('user.updated')
  })

  it('opens no ticket when it arrives in the same moment', async () => {
    for (let round = 0; round < 8; round++) {
      const author = String(900 + round)
      const conversation = String(1_000 + 10 * round)
      await applyItems(store, [received(conversation, { author, conversation })])
      const id = await nth(round)
      const next = received(String(1_001 + 10 * round), { author, conversation })
      await Promise.all([applyItems(store, [next]), markTicketAsSpam(store, agent, id)])
    }
    const all = await tickets()
    expect(all).toHaveLength(8)
    expect(all.every(({ deleted }) => deleted)).toBe(true)
  })
})

describe('a customer who writes while the ticket closes', () => {
  it('reopens it, or opens a follow-up; nothing is lost, and nothing is both', async () => {
    for (let round = 0; round < 8; round++) {
      const conversation = String(1_000 + 10 * round)
      await applyItems(store, [received(conversation, { conversation })])
    }
    for (const { id } of await tickets()) await solve(id, new Date(0))
    await Promise.all([
      closeSolved(store),
      ...Array.from({ length: 8 }, (_, round) =>
        applyItems(store, [received(String(1_001 + 10 * round), { conversation: String(1_000 + 10 * round) })]),
      ),
    ])
    const all = await tickets()
    const firsts = all.slice(0, 8)
    for (const first of firsts) {
      const followUp = all.find(({ followUpOf }) => followUpOf === first.id)
      if (first.status === 'CLOSED') expect(followUp).toMatchObject({ status: 'NEW', commentCount: 1 })
      else expect(first).toMatchObject({ status: 'OPEN', commentCount: 2 })
      expect(first.status === 'CLOSED').toBe(followUp !== undefined)
    }
  })

  it('reopens it when they were first', async () => {
    await applyItems(store, [received('10', { conversation: '10' })])
    await solve(await nth(0), new Date(0))
    await applyItems(store, [received('11', { conversation: '10' })])
    await closeSolved(store)
    expect(await tickets()).toMatchObject([{ status: 'OPEN', said: ['10', '11'] }])
  })
})

describe('what is said next on a merged ticket’s conversation', () => {
  const open = async (...conversations: string[]) => {
    for (const conversation of conversations) await applyItems(store, [received(conversation, { conversation })])
    return Promise.all(conversations.map((_, index) => nth(index)))
  }
  const merge = async (sourceId: string, targetId: string) =>
    expect(await mergeTickets(store, agent, { sourceIds: [sourceId], targetId })).toMatchObject({ userErrors: [] })

  it('goes on in the target, and reopens it, however often that was merged', async () => {
    const [a, b, c] = (await open('10', '20', '30')) as [string, string, string]
    await merge(a, b)
    await merge(b, c)
    await solve(c, new Date())
    await applyItems(store, [received('35', { conversation: '10' }), received('36', { conversation: '30' })])
    expect(await tickets()).toMatchObject([
      { status: 'CLOSED', said: ['10'] },
      { status: 'CLOSED', said: ['20'] },
      { status: 'OPEN', said: ['30', '35', '36'], commentCount: 4 },
    ])
    const moved = (await store.log.read(0, 100)).filter(
      ({ body }) => body.type === 'ticket.updated' && body.before.status === 'SOLVED',
    )
    expect(moved).toHaveLength(1)
  })

  it.each(['CLOSED', 'deleted'])('opens a follow-up when the target is %s', async (how) => {
    const [a, b] = (await open('10', '20')) as [string, string]
    await merge(a, b)
    if (how === 'deleted') await deleteTicket(store, agent, b)
    else await store.prisma.ticket.update({ where: { id: b }, data: { status: 'CLOSED' } })
    await applyItems(store, [received('11', { conversation: '10' })])
    expect((await tickets()).at(-1)).toMatchObject({ status: 'NEW', said: ['11'], followUpOf: a })
  })

  it('stays apart where one is public and the other is not', async () => {
    const [a] = (await open('10')) as [string]
    await applyItems(store, [message('15')])
    const messages = await nth(1)
    await merge(a, messages)
    await applyItems(store, [received('11', { conversation: '10' }), message('16')])
    expect(await tickets()).toMatchObject([
      { status: 'CLOSED', said: ['10'] },
      { said: ['15', '16'] },
      { status: 'NEW', said: ['11'], followUpOf: a },
    ])
  })

  it('loses nothing while tickets are merged at the same moment', async () => {
    for (let round = 0; round < 6; round++) {
      const [source, target] = [String(1_000 + 100 * round), String(1_050 + 100 * round)]
      await applyItems(store, [received(source, { conversation: source }), received(target, { conversation: target })])
      const ids = (await tickets()).slice(-2).map(({ id }) => id)
      const next = [
        received(String(Number(source) + 1), { conversation: source }),
        received(String(Number(target) + 1), { conversation: target }),
      ]
      await Promise.all([merge(ids[0] ?? '', ids[1] ?? ''), ...next.map((item) => applyItems(store, [item]))])
    }
    const said = (await tickets()).flatMap((ticket) => ticket.said)
    expect(said).toHaveLength(24)
    expect(new Set(said).size).toBe(24)
  })
})
