import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { addAgent, addGroup } from './agents.ts'
import { bulkJobs } from './bulk-jobs.ts'
import { createWorld, gid, type World } from './world.ts'

/* F54, F56: what a restricted agent does not see, they can neither answer, move, merge nor delete, alone or in bulk. */

let world: World
let jobs: ReturnType<typeof bulkJobs>
let clerk: Viewer
let mine: string
let unseen: string
let deleted: string
/** An answer on the unseen ticket that failed. */
let answer: string

beforeAll(async () => {
  world = await createWorld()
  jobs = bulkJobs(world)
  clerk = await addAgent(world, 'GROUPS', [world.groupId])
  const open = async (data: object) => {
    const ticket = await world.openTicket({ body: '@acme hello?', ...data })
    await world.store.prisma.comment.update({
      where: { id: ticket.commentId },
      data: { externalId: `9${String(ticket.number).padStart(9, '0')}` },
    })
    return ticket.id
  }
  const groupId = await addGroup(world)
  mine = await open({ groupId: world.groupId })
  unseen = await open({ groupId })
  deleted = await open({ groupId, deletedAt: new Date() })
  answer = (
    await world.addComment(unseen, { authorId: world.agent.userId, direction: 'OUTBOUND', visibility: 'PUBLIC' })
  ).id
  await world.store.prisma.delivery.create({
    data: {
      commentId: answer,
      ticketId: unseen,
      channel: 'X_POST',
      accountId: world.accountId,
      target: '1',
      state: 'FAILED',
      error: 'WITHDRAWN',
      finishedAt: new Date(),
    },
  })
})
afterAll(() => world?.close())

async function asked<T>(source: string, variables: object, viewer = clerk): Promise<T> {
  const { data, errors } = await world.ask<T>(viewer, source, { ...variables })
  expect(errors).toEqual([])
  return data
}

/** All that a deed could have changed. */
const picture = async () =>
  JSON.stringify(
    [
      await world.store.log.head(),
      await world.store.prisma.ticket.findMany({ orderBy: { id: 'asc' } }),
      await world.store.prisma.comment.count(),
      await world.store.prisma.delivery.findMany(),
    ],
    (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  )

const DEEDS: [string, string, () => object, string, string][] = [
  ['answer it', 'replyToTicket', () => ({ ticketId: gid('Ticket', unseen), body: 'Hi' }), 'ReplyToTicket', 'ticketId'],
  ['retry its answers', 'retryReply', () => ({ commentId: gid('Comment', answer) }), 'RetryReply', 'commentId'],
  ['move it', 'moveTicketToEmail', () => ({ ticketId: gid('Ticket', unseen) }), 'MoveTicketToEmail', 'ticketId'],
  [
    'merge it into theirs',
    'mergeTickets',
    () => ({ sourceIds: [gid('Ticket', unseen)], targetId: gid('Ticket', mine) }),
    'MergeTickets',
    'sourceIds',
  ],
  [
    'merge theirs into it',
    'mergeTickets',
    () => ({ sourceIds: [gid('Ticket', mine)], targetId: gid('Ticket', unseen) }),
    'MergeTickets',
    'targetId',
  ],
  ['delete it', 'deleteTicket', () => ({ ticketId: gid('Ticket', unseen) }), 'Ticket', 'ticketId'],
  ['restore it', 'restoreTicket', () => ({ ticketId: gid('Ticket', deleted) }), 'Ticket', 'ticketId'],
]

describe('of a ticket that they do not see, a restricted agent', () => {
  it.each(DEEDS)('cannot %s', async (_what, name, input, type, field) => {
    const source = `mutation($input: ${type}Input!) { ${name}(input: $input) { userErrors { code field } ticket { id } } }`
    const before = await picture()
    type Payload = { ticket: { id: string } | null; userErrors: { field: string[] }[] }
    const data = await asked<Record<string, Payload>>(source, { input: input() })
    const { ticket, userErrors } = data[name] as Payload
    // What is merged into theirs fails, and theirs is theirs to see.
    expect(ticket?.id ?? gid('Ticket', mine)).toBe(gid('Ticket', mine))
    expect(userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    expect(userErrors[0]?.field[0]).toBe(field)
    expect(await picture()).toBe(before)
    // Somebody who sees it can: nothing else stands in the way.
    if (name === 'replyToTicket') {
      const theirs = await asked<Record<string, { userErrors: object[] }>>(source, { input: input() }, world.agent)
      expect(theirs[name]?.userErrors).toEqual([])
    }
  })

  it('is not told how it could be answered', async () => {
    const source = 'query($id: ID!) { replyOptions(ticketId: $id) { charactersLeft } }'
    expect(await asked(source, { id: gid('Ticket', unseen) })).toEqual({ replyOptions: null })
    expect(await asked(source, { id: gid('Ticket', mine) })).toMatchObject({ replyOptions: {} })
  })

  it('is shown nothing of it by a preview, named or found by a filter', async () => {
    const source = `query($input: BulkUpdateTicketsInput!) { previewBulkUpdate(input: $input, sample: 9) {
      total counts { outcome count } sample { ticketId outcome before { status } after { status } sender { channel } text } } }`
    const patch = { addTags: ['x'], reply: { body: 'Hello.' } }
    const named = await asked<{ previewBulkUpdate: { sample: object[] } }>(source, {
      input: { ids: [unseen, mine].map((id) => gid('Ticket', id)), patch },
    })
    const hidden = { outcome: 'NOT_FOUND', before: null, after: null, sender: null, text: null }
    expect(named.previewBulkUpdate.sample).toEqual(
      expect.arrayContaining([
        { ticketId: gid('Ticket', unseen), ...hidden },
        expect.objectContaining({ ticketId: gid('Ticket', mine), outcome: 'CHANGED' }),
      ]),
    )
    const found = await asked<{ previewBulkUpdate: object }>(source, { input: { filter: {}, patch } })
    expect(found.previewBulkUpdate).toMatchObject({ total: 1, sample: [{ ticketId: gid('Ticket', mine) }] })
  })

  it('changes by a filter what they see of what matches, and nothing else', async () => {
    const all = { filter: { statuses: ['NEW', 'OPEN'] }, patch: { addTags: ['swept'] } }
    const payload = await jobs.work(await jobs.begin(all, clerk))
    const { job, outcomes } = await jobs.results(payload, clerk)
    expect(job).toMatchObject({ status: 'COMPLETED', total: 1, done: 1, failed: 0 })
    expect(outcomes).toEqual({ [mine]: 'CHANGED' })
    const swept = await world.store.prisma.ticket.findMany({ where: { tags: { has: 'swept' } }, select: { id: true } })
    expect(swept).toEqual([{ id: mine }])
    expect((await jobs.begin(all, world.agent)).job?.total).toBeGreaterThan(1)
  })

  it('is shown neither the ticket nor the answer among the items of their bulk update, once it is out of sight', async () => {
    const given = await jobs.work(
      await jobs.begin({ ids: [gid('Ticket', mine)], patch: { reply: { body: 'Hello again.' } } }, clerk),
    )
    const before = await jobs.results(given, clerk)
    expect(before.items).toMatchObject([{ outcome: 'CHANGED', ticket: { id: gid('Ticket', mine) }, reply: {} }])
    expect(before.items[0]?.reply).not.toBeNull()
    await world.store.prisma.ticket.update({ where: { id: mine }, data: { groupId: null } })
    expect((await jobs.results(given, clerk)).items).toMatchObject([
      { ticketId: gid('Ticket', mine), outcome: 'CHANGED', ticket: null, reply: null },
    ])
    await world.store.prisma.ticket.update({ where: { id: mine }, data: { groupId: world.groupId } })
  })

  it('is not told that theirs was merged into it, by the ticket or by its audits', async () => {
    const source = `query($id: ID!) { ticket(id: $id) {
      mergedInto { id } audits(last: 1) { nodes { events { ... on AuditMerge { into { id } sources { id } } } } } } }`
    const merge =
      'mutation($s: [ID!]!, $t: ID!) { mergeTickets(input: { sourceIds: $s, targetId: $t }) { userErrors { code } } }'
    const [source1, target1] = [await world.openTicket({ groupId: world.groupId }), await world.openTicket()]
    const [source2, target2] = [await world.openTicket(), await world.openTicket({ groupId: world.groupId })]
    for (const [from, into] of [
      [source1, target1],
      [source2, target2],
    ] as const)
      await asked(merge, { s: [gid('Ticket', from.id)], t: gid('Ticket', into.id) }, world.agent)
    const merged = (into: object | null, sources: object[]) => ({
      audits: { nodes: [{ events: [{ into, sources }] }] },
    })
    const read = async (id: string, viewer: Viewer) =>
      (await asked<{ ticket: object }>(source, { id: gid('Ticket', id) }, viewer)).ticket
    expect(await read(source1.id, clerk)).toEqual({ mergedInto: null, ...merged(null, []) })
    expect(await read(target2.id, clerk)).toEqual({ mergedInto: null, ...merged(null, []) })
    const into = { id: gid('Ticket', target1.id) }
    expect(await read(source1.id, world.agent)).toEqual({ mergedInto: into, ...merged(into, []) })
    expect(await read(target2.id, world.agent)).toEqual({
      mergedInto: null,
      ...merged(null, [{ id: gid('Ticket', source2.id) }]),
    })
  })
})
