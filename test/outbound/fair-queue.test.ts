import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { applyItems } from '../../src/ingest/apply.ts'
import { deliver } from '../../src/outbound/deliver.ts'
import { OUTBOUND } from '../../src/outbound/rows.ts'
import { writeReplies } from '../../src/outbound/write-replies.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { createAccount, received } from '../helpers/posts.ts'
import { silent, testStore } from '../helpers/stores.ts'

/** In which order an account's answers are sent that wait: everybody's, and those of bulk updates. */

let database: TestDatabase
let store: Store
let accountId: string
const [ada, bob] = [randomUUID(), randomUUID()]

beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  accountId = await createAccount(store)
  for (const [id, name] of [
    [ada, 'Ada'],
    [bob, 'Bob'],
  ] as const)
    await store.prisma.user.create({ data: { id, role: 'AGENT', name, email: `${name}@example.org` } })
})
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

let posts = 9_000
async function ticket(): Promise<string> {
  const id = String(posts++)
  await applyItems(store, [received(id)])
  return (await store.prisma.ticket.findFirstOrThrow({ where: { threadKey: id } })).id
}

async function give(authorId: string, body: string, on: { ticketId?: string; bulk?: boolean } = {}) {
  const { bulk = false, ticketId = await ticket() } = on
  const plan = { channel: 'X_POST', accountId, reason: null, target: '1', participants: [] } as const
  await store.change(OUTBOUND, (scope) =>
    writeReplies(scope, [{ ticketId, plan, body }], { authorId, bulk, now: new Date() }),
  )
  return ticketId
}

it('each author in turn, every fifth time a bulk update’s, and of a ticket nothing before what was said first', async () => {
  for (const n of [1, 2]) await give(ada, `bulk ${n}`, { bulk: true })
  const last = await give(ada, 'bulk 3', { bulk: true })
  for (const n of [1, 2, 3, 4, 5, 6]) await give(ada, `ada ${n}`)
  for (const n of [1, 2]) await give(bob, `bob ${n}`)
  // A bulk update's answer waits on this ticket: it goes with the agent's, before it.
  await give(bob, 'bob 3', { ticketId: last })
  const sent: string[] = []
  const courier = {
    prepare: async (_accountId: unknown, { body }: { body: string }) => ({
      kind: 'READY' as const,
      messageId: null,
      async send() {
        sent.push(body)
        return { kind: 'SENT' as const, externalId: String(posts++) }
      },
    }),
    lookFor: () => Promise.reject(new Error('nothing is to be looked for')),
  }
  await deliver({ store, courier, logger: silent }, accountId)
  expect(sent).toEqual([
    ...['ada 1', 'bob 1', 'ada 2', 'bob 2', 'bulk 1'],
    ...['bulk 3', 'ada 3', 'bob 3', 'ada 4', 'bulk 2'],
    ...['ada 5', 'ada 6'],
  ])
})
