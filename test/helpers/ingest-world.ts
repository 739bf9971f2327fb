import { expect } from 'vitest'
import { z } from 'zod'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { connectBrand } from './perch.ts'
import { testStore } from './stores.ts'

/** A simulator, a database and a connected brand, for tests that break what is between them. */
export interface IngestWorld {
  readonly simulator: Simulator
  readonly database: TestDatabase
  readonly store: Store
  /** What a process is started with. */
  readonly common: { readonly databaseUrl: string; readonly simulatorUrl: string }
  close(): Promise<void>
}

export async function ingestWorld(): Promise<IngestWorld> {
  const [simulator, database] = await Promise.all([createSimulator(), testDatabase()])
  const store = await testStore(database.url)
  await connectBrand(database.url, simulator)
  return {
    simulator,
    database,
    store,
    common: { databaseUrl: database.url, simulatorUrl: simulator.url },
    async close() {
      await store.close()
      await simulator.close()
      await database.drop()
    },
  }
}

/** Resolves when so many posts are comments. */
export async function captured({ prisma }: Store, count: number, timeout = 60_000): Promise<void> {
  await expect.poll(() => prisma.comment.count(), { timeout, interval: 200 }).toBeGreaterThanOrEqual(count)
}

/** How long a post that is made now takes to be a comment, in seconds. Gives its id, too. */
export async function resumption({ simulator, store }: IngestWorld): Promise<{ id: string; seconds: number }> {
  const { id } = simulator.createPost({ from: 'lena', text: '@acme still there?' })
  const begun = performance.now()
  const there = () => store.prisma.comment.count({ where: { externalId: id } }).catch(() => 0)
  await expect.poll(there, { timeout: 60_000, interval: 50 }).toBe(1)
  return { id, seconds: (performance.now() - begun) / 1_000 }
}

/** Exactly these posts are comments, each once, each with a ticket and an event of its own; the log has no gap. */
export function expectExactly(store: Store, postIds: readonly string[]): Promise<void> {
  return expectThreads(store, new Map(postIds.map((id) => [id, [id]])))
}

/**
 * Exactly these conversations (by the id of their first post) are tickets, and exactly their posts are comments on them,
 * each once, in whatever order they came. One event tells of each ticket and one of each further comment; the log has no
 * gap.
 */
export async function expectThreads(
  { prisma, log }: Store,
  threads: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const tickets = await prisma.ticket.findMany({
    select: { id: true, threadKey: true, comments: { select: { id: true, externalId: true } } },
  })
  const said = ({ threadKey, comments }: (typeof tickets)[number]) =>
    `${threadKey}: ${comments
      .map(({ externalId }) => externalId)
      .sort()
      .join()}`
  expect(tickets.map(said).sort()).toEqual(
    [...threads].map(([id, posts]) => `${id}: ${posts.toSorted().join()}`).sort(),
  )
  expect(await prisma.comment.count()).toBe(tickets.reduce((sum, { comments }) => sum + comments.length, 0))

  const { head } = await log.head()
  const events = await prisma.event.findMany({ orderBy: { offset: 'asc' } })
  expect(events.map(({ offset }) => Number(offset))).toEqual(Array.from({ length: head }, (_, n) => n + 1))
  const created = events.filter(({ type }) => type === 'ticket.created')
  expect(created.map(({ ticketId }) => ticketId).sort()).toEqual(tickets.map(({ id }) => id).sort())
  // The first comment of a ticket comes with it.
  const told = events.flatMap(({ type, data }) => {
    if (type === 'ticket.created') return [withTicket.parse(data).commentId]
    return type === 'comment.created' ? [further.parse(data).comment.id] : []
  })
  expect(told.sort()).toEqual(tickets.flatMap(({ comments }) => comments.map(({ id }) => id)).sort())
}

const withTicket = z.object({ commentId: z.string() })
const further = z.object({ comment: z.object({ id: z.string() }) })
