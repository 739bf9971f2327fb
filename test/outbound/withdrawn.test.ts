import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Attempted } from '../../src/domain/delivery.ts'
import type { Audience } from '../../src/domain/visibility.ts'
import { applyItems } from '../../src/ingest/apply.ts'
import { type Courier, deliver } from '../../src/outbound/deliver.ts'
import type { Store } from '../../src/store/store.ts'
import { deleteTicket, markTicketAsSpam } from '../../src/tickets/delete-ticket.ts'
import { mergeTickets } from '../../src/tickets/merge-tickets.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { BRAND_ID, createAccount, received } from '../helpers/posts.ts'
import { held, somebodyWaits } from '../helpers/races.ts'
import { silent, testStore } from '../helpers/stores.ts'

/** Answers and whoever deletes or merges their ticket in the same moment (F69, F70), with a wire that the test moves. */

let database: TestDatabase
let store: Store
let accountId: string
const agent: Audience = { userId: randomUUID(), role: 'AGENT', ticketAccess: 'ALL', groupIds: [] }

beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url, { poolSize: 6 })
  accountId = await createAccount(store)
  await store.prisma.user.create({
    data: { id: agent.userId, role: 'AGENT', name: 'Grace', email: 'grace@example.org' },
  })
})
afterEach(() => store.prisma.$executeRaw`TRUNCATE ticket CASCADE`)
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

let posts = 1_000
const nextPost = () => String(posts++)
/** A ticket with an answer that waits. */
async function waiting(body = 'On its way') {
  const conversation = nextPost()
  await applyItems(store, [received(conversation)])
  const { id: ticketId } = await store.prisma.ticket.findFirstOrThrow({ where: { threadKey: conversation } })
  const { id: commentId } = await store.prisma.comment.create({
    data: {
      ...{ id: randomUUID(), ticketId, authorId: agent.userId, channel: 'X_POST', body, postedAt: new Date() },
      ...{ direction: 'OUTBOUND', visibility: 'PUBLIC' },
      delivery: { create: { ticketId, channel: 'X_POST', accountId, target: conversation } },
    },
  })
  return { ticketId, commentId, conversation }
}

/** What X is asked to take, and says. */
function wire(says: { readonly prepare?: () => Promise<unknown>; readonly send?: () => Promise<Attempted> } = {}) {
  const sent: string[] = []
  const courier: Courier = {
    async prepare(_accountId, { commentId }) {
      await says.prepare?.()
      return {
        kind: 'READY',
        messageId: null,
        async send() {
          sent.push(commentId)
          return (await says.send?.()) ?? { kind: 'SENT', externalId: nextPost() }
        },
      }
    },
    lookFor: () => Promise.reject(new Error('nothing is to be looked for')),
  }
  return { sent, deliver: () => deliver({ store, courier, logger: silent }, accountId) }
}

const standing = (commentId: string) => store.prisma.delivery.findUniqueOrThrow({ where: { commentId } })
const TAKEN_BACK = { state: 'FAILED', error: 'TICKET_DELETED', finishedAt: expect.any(Date) }

describe.each([
  ['deleted', deleteTicket],
  ['marked as spam', markTicketAsSpam],
] as const)('an answer whose ticket is %s', (_what, remove) => {
  it('before its attempt begins is not sent, and the log says so', async () => {
    const { ticketId, commentId } = await waiting()
    const { head } = await store.log.head()
    const { sent, deliver } = wire({ prepare: () => remove(store, agent, ticketId) })
    await deliver()
    expect(sent).toEqual([])
    expect(await standing(commentId)).toMatchObject({ ...TAKEN_BACK, attempts: 0 })
    const told = (await store.log.read(head, 10)).map(({ body }) => body)
    expect(told.filter(({ type }) => type !== 'user.updated')).toMatchObject([
      { type: 'comment.updated', comment: { id: commentId }, changed: ['deliveryState'] },
      { type: 'ticket.deleted' },
    ])
    await store.prisma.user.updateMany({ data: { active: true } })
  })
})

it('an attempt that begins while somebody deletes the ticket waits for them, and does not begin', async () => {
  const { ticketId, commentId } = await waiting()
  const deleting = held(store)
  const deletion = deleteTicket(deleting.store, agent, ticketId)
  await deleting.done
  const { sent, deliver } = wire()
  const delivered = deliver()
  await somebodyWaits(store)
  deleting.release()
  await Promise.all([deletion, delivered])
  expect(sent).toEqual([])
  expect(await standing(commentId)).toMatchObject(TAKEN_BACK)
})

it.each<[string, Attempted, object]>([
  ['takes it: it is sent', { kind: 'SENT', externalId: '9000' }, { state: 'SENT', error: null }],
  ['takes nothing for now: it is not sent later', { kind: 'LATER', error: 'UNAVAILABLE' }, TAKEN_BACK],
  ['refuses it: that is why', { kind: 'REFUSED', error: 'FORBIDDEN' }, { state: 'FAILED', error: 'FORBIDDEN' }],
  ['does not say: it is looked for', { kind: 'UNCERTAIN', refused: false }, { state: 'SENDING', error: null }],
])('an answer that X is asked to take while its ticket is deleted; X %s', async (_what, attempted, expected) => {
  const { ticketId, commentId } = await waiting()
  const send = async () => {
    await deleteTicket(store, agent, ticketId)
    return attempted
  }
  await wire({ send }).deliver()
  expect(await standing(commentId)).toMatchObject(expected)
})

it('an answer that still waits though its ticket is deleted (of an older Perch) is not sent', async () => {
  const { ticketId, commentId } = await waiting()
  await store.prisma.ticket.update({ where: { id: ticketId }, data: { deletedAt: new Date() } })
  const { sent, deliver } = wire()
  await deliver()
  expect(sent).toEqual([])
  expect(await standing(commentId)).toMatchObject(TAKEN_BACK)
})

it('at any moment, of many: what is sent stands as sent, and what is taken back was not sent', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, (_, n) => waiting(`answer ${n}`)))
  const { sent, deliver } = wire()
  await Promise.all([
    deliver(),
    (async () => {
      for (const { ticketId } of all.toReversed()) await deleteTicket(store, agent, ticketId)
    })(),
  ])
  const states = await Promise.all(all.map(async ({ commentId }) => (await standing(commentId)).state))
  expect(states.every((state) => state === 'SENT' || state === 'FAILED')).toBe(true)
  expect(new Set(sent)).toEqual(new Set(all.map(({ commentId }) => commentId).filter((_, n) => states[n] === 'SENT')))
  expect(new Set(sent).size).toBe(sent.length)
})

it.each(['SENDING', 'UNKNOWN'] as const)(
  'an answer that is %s when its ticket is merged is known when X tells of it, and is no other comment',
  async (state) => {
    const source = await waiting('Already sent')
    const middle = await waiting()
    const target = await waiting()
    await store.prisma.delivery.update({
      where: { commentId: source.commentId },
      data: { state, uncertainSince: new Date(0), ...(state === 'UNKNOWN' && { finishedAt: new Date() }) },
    })
    for (const [from, to] of [
      [source, middle],
      [middle, target],
    ] as const)
      await mergeTickets(store, agent, { sourceIds: [from.ticketId], targetId: to.ticketId })
    const externalId = nextPost()
    const { conversation } = source
    const said = received(externalId, {
      author: BRAND_ID,
      conversation,
      answers: '900',
      text: 'Already sent',
      mentions: [],
    })
    await applyItems(store, [said, said])
    expect(await standing(source.commentId)).toMatchObject({ state: 'SENT', error: null })
    expect(await store.prisma.comment.findMany({ where: { externalId } })).toMatchObject([{ id: source.commentId }])
  },
)
