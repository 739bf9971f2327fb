import { expect } from 'vitest'
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
export async function expectExactly({ prisma, log }: Store, postIds: readonly string[]): Promise<void> {
  const wanted = postIds.toSorted()
  const comments = await prisma.comment.findMany({ select: { externalId: true } })
  expect(comments.map(({ externalId }) => externalId ?? 'without an id').sort()).toEqual(wanted)
  const tickets = await prisma.ticket.findMany({ select: { id: true, sourcePostId: true } })
  expect(tickets.map(({ sourcePostId }) => sourcePostId ?? 'without a post').sort()).toEqual(wanted)
  const { head } = await log.head()
  const events = await prisma.event.findMany({ select: { offset: true, type: true, ticketId: true } })
  expect(events).toHaveLength(head)
  const created = events.filter(({ type }) => type === 'ticket.created').map(({ ticketId }) => ticketId)
  expect(created.toSorted()).toEqual(tickets.map(({ id }) => id).sort())
  expect(events.some(({ type }) => type === 'comment.created')).toBe(false)
}
