import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createInbox, type Inbox } from '../../src/ingest/inbox.ts'
import { conversations } from '../../src/ingest/sources/conversations.ts'
import { directMessages } from '../../src/ingest/sources/direct-messages.ts'
import { likes } from '../../src/ingest/sources/likes.ts'
import { mentions } from '../../src/ingest/sources/mentions.ts'
import type { Source } from '../../src/ingest/sources/source.ts'
import { chatPages } from '../../src/ingest/xchat-pages.ts'
import type { Store } from '../../src/store/store.ts'
import { silent } from '../helpers/stores.ts'
import { type CallingWorld, callingWorld } from '../x-calls/world.ts'

/* One round meets a backlog that costs many times the budget: it stops within a page, and what is left is read later. */

let world: CallingWorld
let store: Store
let inbox: Inbox
beforeAll(async () => {
  world = await callingWorld()
  store = world.processes[0].store
  inbox = createInbox({ store, logger: silent })
})
afterAll(async () => {
  await inbox?.close()
  await world?.close()
})
beforeEach(async () => {
  await world.reset()
  await store.prisma.$executeRaw`TRUNCATE ticket, incoming_post, source_cursor, liked_post CASCADE`
  world.simulator.createUser({ username: 'ann' })
  await store.prisma.account.update({
    where: { id: world.accountId },
    data: { captureDirectMessages: true, trackLikes: true, capturesFrom: new Date() },
  })
})

async function round(source: Source): Promise<void> {
  const account = await store.prisma.account.findUniqueOrThrow({ where: { id: world.accountId } })
  const services = { store, x: world.x, inbox, logger: silent, calls: world.processes[0].calls }
  await source.round(services, account, new AbortController().signal)
}
const setBudget = (dollars: number | null) =>
  store.prisma.account.update({
    where: { id: world.accountId },
    data: { monthlyBudget: dollars === null ? null : BigInt(Math.round(dollars * 1e6)) },
  })
const dollars = async () => Object.values(await world.spent()).reduce((sum, [, , amount]) => sum + amount, 0)
const captured = async () => {
  const rows = await store.prisma.comment.findMany({ select: { externalId: true } })
  return rows.flatMap(({ externalId }) => externalId ?? []).sort()
}
const PAGE = 100

/** A round that may cost `limit` has cost a page more at most; without a limit, the next ones find all of it. */
async function expectWithin(source: Source, limit: number, price: number, wanted: readonly string[]): Promise<void> {
  await setBudget(limit)
  await round(source)
  expect(await dollars()).toBeGreaterThanOrEqual(limit)
  expect(await dollars()).toBeLessThanOrEqual(limit + PAGE * price)
  const calls = world.answers.length
  await round(source)
  expect(world.answers).toHaveLength(calls)
  await setBudget(null)
  for (let n = 0; n < 3; n++) await round(source)
  expect(await captured()).toEqual(wanted.toSorted())
}

describe('a budget that one round would overrun many times', () => {
  it('stops mentions after a page, also beyond the 800 that X keeps in reach', async () => {
    const { ids } = await world.simulator.burst({ count: 2_000, text: '@acme {n}' })
    await expectWithin(mentions, 1, 0.005, ids)
  })

  it('stops mentions where they are searched for', async () => {
    const { ids } = await world.simulator.burst({ count: 2_000, text: '@acme {n}' })
    await expectWithin(mentions, 5, 0.005, ids)
  })

  it('stops replies in threads', async () => {
    const { id } = world.simulator.createPost({ from: 'ann', text: '@acme the first' })
    await round(mentions)
    const { ids } = await world.simulator.burst({ count: 600, from: 'ann', text: 'and {n}', inReplyTo: id })
    await expectWithin(conversations, 1, 0.005, [id, ...ids])
  })

  it('stops direct messages', async () => {
    await round(directMessages)
    const sent = Array.from({ length: 600 }, (_, n) =>
      world.simulator.sendDirectMessage({ from: 'ann', to: 'acme', text: `message ${n}` }),
    )
    await expectWithin(
      directMessages,
      2,
      0.01,
      sent.map(({ id }) => id),
    )
  })

  it('stops likes, of which none is taken for known that was not read', async () => {
    await round(likes)
    const { ids } = await world.simulator.burst({ count: 600, from: 'ann', text: 'nice {n}' })
    for (const postId of ids) world.simulator.like({ user: 'acme', postId })
    await expectWithin(likes, 1, 0.005, ids)
  })

  it('stops XChat, but nobody who looks for an answer that was cut off', async () => {
    const asked: (string | undefined)[] = []
    const page = (_id: string, { pageToken }: { pageToken?: string }) => {
      asked.push(pageToken)
      return Promise.resolve({ body: { data: [], meta: { next_token: `${asked.length}` } } })
    }
    const chat = { events: page } as unknown as CallingWorld['x']['chat']
    const use = world.processes[0].calls.use
    let looks = 0
    const left = async () => ({
      windows: [],
      budget: { state: looks++ < 2 ? 'SLOWED' : 'EXHAUSTED', usedShare: 1, monthEndsInMs: 1 } as const,
    })
    const read = async (calls: Parameters<typeof chatPages>[0]['calls']) => {
      for await (const _ of chatPages({ x: { chat }, calls }, world.accountId, AbortSignal.timeout(10_000)).events(
        '1-2',
      ))
        if (asked.length === 5) break
    }
    await expect(read({ use, left })).rejects.toMatchObject({ kind: 'RATE_LIMITED' })
    expect(asked).toEqual([undefined, '1'])
    await read({ use })
    expect(asked).toHaveLength(5)
  })
})
