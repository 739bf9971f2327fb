import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { doBatch } from '../../src/bulk/batch.ts'
import { createBulkUpdateTask } from '../../src/bulk/task.ts'
import type { Viewer } from '../../src/schema/context.ts'
import { updateTicket } from '../../src/tickets/update-ticket.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { silent } from '../helpers/stores.ts'
import { at, createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

let ids: string[]
beforeEach(async () => {
  ids = []
  for (const body of ['one', 'two', 'three']) ids.push((await world.openTicket({ body })).id)
})
afterEach(async () => {
  await world.store.prisma.bulkUpdateJob.deleteMany()
  await world.store.prisma.ticket.deleteMany()
})

interface Job {
  id: string
  status: string
  total: number
  done: number
  failed: number
}
interface Payload {
  job: Job | null
  userErrors: { code: string; field: string[] }[]
  position: string
}

const JOB = 'job { id status total done failed } userErrors { code field } position'

const ask = (input: object, viewer: Viewer, idempotencyKey?: string) =>
  world.ask<{ bulkUpdateTickets: Payload }>(
    viewer,
    `mutation($input: BulkUpdateTicketsInput!) { bulkUpdateTickets(input: $input) { ${JOB} } }`,
    { input: { ...input, idempotencyKey } },
  )

async function begin(input: object, viewer: Viewer = world.agent, idempotencyKey?: string): Promise<Payload> {
  const { data, errors } = await ask(input, viewer, idempotencyKey)
  expect(errors).toEqual([])
  return data.bulkUpdateTickets
}

const dbId = (globalId: string | undefined) =>
  Buffer.from(globalId ?? '', 'base64')
    .toString()
    .split(':')[1] ?? ''

/** Does what a worker would. */
const work = async ({ job }: Payload) =>
  createBulkUpdateTask({ store: world.store, replies: bulkReplies(world.store), logger: silent })(
    { jobId: dbId(job?.id) },
    undefined,
  )

async function results(payload: Payload, viewer: Viewer = world.agent) {
  const { data } = await world.ask<{
    bulkUpdateJob: Job & {
      items: { nodes: { ticketId: string; outcome: string | null; changed: string[]; errors: { code: string }[] }[] }
    }
  }>(
    viewer,
    `query($id: ID!) { bulkUpdateJob(id: $id) { id status total done failed
       items(first: 100) { nodes { ticketId outcome changed errors { code } ticket { id } } } } }`,
    { id: payload.job?.id },
  )
  const job = data.bulkUpdateJob
  const outcomes = Object.fromEntries(job.items.nodes.map((item) => [dbId(item.ticketId), item.outcome]))
  return { job, items: job.items.nodes, outcomes }
}

async function call(field: 'cancelBulkUpdate' | 'undoBulkUpdate', id: string | undefined, viewer = world.agent) {
  const { data } = await world.ask<Record<string, Payload>>(
    viewer,
    `mutation($id: ID!) { ${field}(input: { id: $id }) { ${JOB} } }`,
    { id },
  )
  const payload = data[field]
  if (!payload) throw new Error('no payload')
  return payload
}

const tickets = () => ids.map((id) => gid('Ticket', id))
const row = (id: string | undefined) => world.store.prisma.ticket.findUniqueOrThrow({ where: { id: id ?? '' } })
const events = (ticketId: string | undefined) =>
  world.store.prisma.event.findMany({ where: { ticketId: ticketId ?? '' }, orderBy: { offset: 'asc' } })

describe('a bulk update', () => {
  it('changes every ticket of a list as updateTicket does, with its event, its note and its result', async () => {
    const [first] = ids
    await world.store.prisma.ticket.update({ where: { id: first ?? '' }, data: { tags: ['old', 'gone'] } })
    const patch = { status: 'SOLVED', addTags: ['outage'], removeTags: ['gone'], comment: 'All of them.' }
    const payload = await begin({ ids: tickets(), patch })
    expect(payload).toMatchObject({ userErrors: [], job: { status: 'QUEUED', total: 3, done: 0 } })
    await work(payload)
    const { job, items } = await results(payload)
    expect(job).toMatchObject({ status: 'COMPLETED', total: 3, done: 3, failed: 0 })
    for (const item of items)
      expect(item).toMatchObject({ outcome: 'CHANGED', changed: ['status', 'assigneeId', 'tags'], errors: [] })
    expect(await row(first)).toMatchObject({
      status: 'SOLVED',
      assigneeId: world.agent.userId,
      tags: ['old', 'outage'],
      commentCount: 1,
      solvedAt: expect.any(Date),
    })
    expect((await events(first)).map(({ type }) => type)).toEqual([
      'ticket.created',
      'ticket.updated',
      'comment.created',
    ])
    expect(await world.store.prisma.comment.count({ where: { ticketId: first ?? '', visibility: 'PRIVATE' } })).toBe(1)
    // A worker that does it again finds nothing to do.
    await work(payload)
    expect(await events(first)).toHaveLength(3)
  })

  it('leaves the same row and event behind as updateTicket', async () => {
    const [alone = '', inBulk = ''] = ids
    const patch = { status: 'PENDING', priority: 'HIGH', assigneeId: world.agent.userId, addTags: ['VIP '] } as const
    await updateTicket(world.store, world.agent, alone, patch)
    const assigneeId = gid('User', world.agent.userId)
    await work(await begin({ ids: [gid('Ticket', inBulk)], patch: { ...patch, assigneeId } }))
    const picture = async (id: string) => {
      const { status, priority, assigneeId: assignee, groupId, tags, solvedAt, version } = await row(id)
      const data = (await events(id)).at(-1)?.data as { before: object; changed: string[] }
      return {
        status,
        priority,
        assignee,
        groupId,
        tags,
        solvedAt,
        version,
        before: data.before,
        changed: data.changed,
      }
    }
    expect(await picture(inBulk)).toEqual(await picture(alone))
  })

  it('freezes what a filter finds at the start, and what the caller sees', async () => {
    const payload = await begin({ filter: { statuses: ['NEW'] }, patch: { priority: 'LOW' } })
    const { id: later } = await world.openTicket()
    await work(payload)
    expect((await results(payload)).job.total).toBe(3)
    expect((await row(later)).priority).toBeNull()
    const restricted: Viewer = { ...world.agent, ticketAccess: 'ASSIGNED' }
    expect((await begin({ filter: {}, patch: { priority: 'HIGH' } }, restricted)).job).toMatchObject({
      status: 'COMPLETED',
      total: 0,
    })
  })

  it('touches nothing that the caller does not see when its turn comes (F56)', async () => {
    const payload = await begin({ ids: tickets(), patch: { priority: 'URGENT' } })
    const [mine = ''] = ids
    await world.store.prisma.ticket.update({ where: { id: mine }, data: { assigneeId: world.agent.userId } })
    await world.store.prisma.user.update({ where: { id: world.agent.userId }, data: { ticketAccess: 'ASSIGNED' } })
    await work(payload)
    await world.store.prisma.user.update({ where: { id: world.agent.userId }, data: { ticketAccess: 'ALL' } })
    const { job, outcomes } = await results(payload)
    expect(job).toMatchObject({ status: 'COMPLETED', done: 3, failed: 2 })
    expect(ids.map((id) => outcomes[id])).toEqual(['CHANGED', 'NOT_FOUND', 'NOT_FOUND'])
    expect((await row(ids[1])).priority).toBeNull()
  })

  it('ends as FAILED when whoever began it may work tickets no more', async () => {
    const payload = await begin({ ids: tickets(), patch: { priority: 'URGENT' } })
    await world.store.prisma.user.update({ where: { id: world.agent.userId }, data: { active: false } })
    await work(payload)
    await world.store.prisma.user.update({ where: { id: world.agent.userId }, data: { active: true } })
    expect((await results(payload)).job).toMatchObject({ status: 'FAILED', done: 0 })
    expect((await row(ids[0])).priority).toBeNull()
  })

  it('gives each ticket its own patch, and leaves one of another version alone (F73)', async () => {
    const [a = '', b = '', c = ''] = ids
    const named = (id: string, patch: object, version?: number) => ({ ticketId: gid('Ticket', id), patch, version })
    const payload = await begin({
      patches: [
        named(a, { priority: 'LOW' }, 1),
        named(b, { priority: 'HIGH' }, 7),
        named(c, { status: 'NEW', comment: ' ' }),
      ],
    })
    await work(payload)
    const { outcomes, items } = await results(payload)
    expect([outcomes[a], outcomes[b], outcomes[c]]).toEqual(['CHANGED', 'CONFLICT', 'FAILED'])
    expect(items.flatMap(({ errors }) => errors.map(({ code }) => code)).sort()).toEqual(['CONFLICT', 'INVALID_INPUT'])
    expect((await row(b)).version).toBe(1)
  })

  it('leaves alone what changed since the position that the caller knew', async () => {
    const { position } = await world.openTicket()
    await updateTicket(world.store, world.admin, ids[1] ?? '', { priority: 'LOW' })
    const payload = await begin({ ids: tickets(), patch: { addTags: ['x'] }, ifPosition: at(position) })
    await work(payload)
    const { outcomes } = await results(payload)
    expect(ids.map((id) => outcomes[id])).toEqual(['CHANGED', 'CONFLICT', 'CHANGED'])
  })

  it('is begun once for a key, and the key is good for nothing else', async () => {
    const input = { ids: tickets(), patch: { addTags: ['x'] } }
    const [first, second] = await Promise.all([begin(input, world.agent, 'k'), begin(input, world.agent, 'k')])
    expect(second.job?.id).toBe(first.job?.id)
    const other = await begin({ ...input, patch: { addTags: ['y'] } }, world.agent, 'k')
    expect(other).toMatchObject({
      job: null,
      userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['idempotencyKey'] }],
    })
    expect((await begin(input, world.admin, 'k')).job?.id).not.toBe(first.job?.id)
  })

  it('is found again by its key also when the log has forgotten the position that the caller knew', async () => {
    const { position } = await world.openTicket()
    const input = { ids: tickets(), patch: { addTags: ['x'] }, ifPosition: at(position) }
    const first = await begin(input, world.agent, 'k')
    await world.store.prisma.$executeRaw`UPDATE event_log_head SET floor = head`
    expect((await begin(input, world.agent, 'k')).job?.id).toBe(first.job?.id)
    const { errors } = await ask(input, world.agent, 'another')
    expect(errors).toEqual([expect.stringMatching(/^POSITION_EXPIRED: /)])
  })

  it('waits with at most 29 others (F72)', async () => {
    const input = { ids: tickets(), patch: { addTags: ['x'] } }
    for (let n = 0; n < 30; n++) expect((await begin(input)).userErrors).toEqual([])
    expect((await begin(input)).userErrors).toMatchObject([{ code: 'TOO_MANY_BULK_UPDATES' }])
  })

  it('is stopped between two batches, and what was done stays done', async () => {
    const payload = await begin({ ids: tickets(), patch: { addTags: ['x'] } })
    const job = { jobId: dbId(payload.job?.id), ownerId: world.agent.userId }
    expect(
      await doBatch({ store: world.store, replies: bulkReplies(world.store) }, job, { size: 1, yields: false }),
    ).toBe('more')
    expect((await call('undoBulkUpdate', payload.job?.id)).userErrors).toMatchObject([{ code: 'BULK_UPDATE_RUNNING' }])
    expect((await call('cancelBulkUpdate', payload.job?.id)).job).toMatchObject({ status: 'CANCELLED', done: 1 })
    await work(payload)
    const { outcomes } = await results(payload)
    expect(Object.values(outcomes).filter((outcome) => outcome === 'CHANGED')).toHaveLength(1)
    expect(Object.values(outcomes).filter((outcome) => outcome === null)).toHaveLength(2)
  })

  it('that is stopped keeps no words of notes either', async () => {
    const patches = tickets().map((ticketId) => ({ ticketId, patch: { comment: 'Between us.', addTags: ['x'] } }))
    const payload = await begin({ patches })
    await call('cancelBulkUpdate', payload.job?.id)
    await work(payload)
    const items = await world.store.prisma.bulkUpdateItem.findMany({ where: { jobId: dbId(payload.job?.id) } })
    expect(items.map(({ patch }) => patch)).toEqual(tickets().map(() => ({ addTags: ['x'] })))
  })

  it('is taken back where nobody has changed the ticket since', async () => {
    const payload = await begin({ ids: tickets(), patch: { status: 'SOLVED', addTags: ['x'] } })
    const before = await row(ids[0])
    await work(payload)
    await updateTicket(world.store, world.admin, ids[1] ?? '', { priority: 'LOW' })
    const undo = await call('undoBulkUpdate', payload.job?.id)
    expect(undo.userErrors).toEqual([])
    expect((await call('undoBulkUpdate', payload.job?.id)).job?.id).toBe(undo.job?.id)
    await work(undo)
    const { outcomes } = await results(undo)
    expect(ids.map((id) => outcomes[id])).toEqual(['CHANGED', 'CONFLICT', 'CHANGED'])
    const { updatedAt: _, version, ...after } = await row(ids[0])
    const { updatedAt: __, version: old, ...original } = before
    expect(after).toEqual(original)
    expect(version).toBe(old + 2)
    expect(await row(ids[1])).toMatchObject({ status: 'SOLVED', tags: ['x'] })
  })

  it('is not taken back once its 30 days are over, for it may be half gone', async () => {
    const payload = await begin({ ids: tickets(), patch: { addTags: ['x'] } })
    await work(payload)
    const ended = (days: number) => world.store.prisma.$executeRaw`
      UPDATE bulk_update_job SET finished_at = now() - ${days} * interval '1 day' WHERE id = ${dbId(payload.job?.id)}::uuid`
    await ended(30.01)
    expect((await call('undoBulkUpdate', payload.job?.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    await ended(29.99)
    expect((await call('undoBulkUpdate', payload.job?.id)).userErrors).toEqual([])
  })

  it('tells its owner and administrators how it goes on, and nobody else', async () => {
    const payload = await begin({ ids: tickets(), patch: { addTags: ['x'] } }, world.admin)
    const source = `subscription($id: ID!, $after: Position) {
      bulkUpdateProgress(jobId: $id, after: $after) { status total done failed ratePerSecond etaSeconds job { id } } }`
    const variables = { id: payload.job?.id, after: payload.position }
    const watching = await world.listen<{ bulkUpdateProgress: object }>(world.admin, source, variables)
    const stranger = await world.listen<{ bulkUpdateProgress: object }>(world.agent, source, variables)
    await work(payload)
    const { data } = await watching.next()
    expect(data.bulkUpdateProgress).toMatchObject({ status: 'COMPLETED', total: 3, done: 3, etaSeconds: 0 })
    const heard = await Promise.race([stranger.next().then(() => 'heard'), world.openTicket().then(() => 'nothing')])
    expect(heard).toBe('nothing')
    const { data: seen } = await world.ask(world.agent, 'query($id: ID!) { bulkUpdateJob(id: $id) { id } }', variables)
    expect(seen).toEqual({ bulkUpdateJob: null })
    expect((await call('undoBulkUpdate', payload.job?.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    await watching.stop()
    await stranger.stop()
  })

  it('is shown before it is begun', async () => {
    await updateTicket(world.store, world.agent, ids[2] ?? '', { priority: 'LOW' })
    const { data, errors } = await world.ask<{
      previewBulkUpdate: { total: number; counts: object; sample: object[] }
    }>(
      world.agent,
      `query($input: BulkUpdateTicketsInput!) { previewBulkUpdate(input: $input, sample: 1) {
         total counts { outcome count } sample { ticketId outcome before { tags priority } after { tags priority } }
         userErrors { code } position } }`,
      { input: { filter: {}, patch: { priority: 'LOW' } } },
    )
    expect(errors).toEqual([])
    expect(data.previewBulkUpdate).toMatchObject({ total: 3, userErrors: [] })
    expect(data.previewBulkUpdate.counts).toEqual(
      expect.arrayContaining([
        { outcome: 'CHANGED', count: 2 },
        { outcome: 'UNCHANGED', count: 1 },
      ]),
    )
    expect(data.previewBulkUpdate.sample).toMatchObject([{ outcome: 'CHANGED', after: { priority: 'LOW' } }])
    expect((await row(ids[0])).priority).toBeNull()
  })

  const wrong: [string, () => object, object][] = [
    ['no targets', () => ({ patch: { status: 'OPEN' } }), { code: 'INVALID_INPUT', field: ['ids'] }],
    ['two kinds', () => ({ ids: tickets(), filter: {}, patch: {} }), { code: 'INVALID_INPUT', field: ['ids'] }],
    ['no patch', () => ({ ids: tickets() }), { code: 'INVALID_INPUT', field: ['patch'] }],
    ['an empty patch', () => ({ ids: tickets(), patch: {} }), { code: 'INVALID_INPUT', field: ['patch'] }],
    ['a tag that is none', () => ({ ids: tickets(), patch: { addTags: [''] } }), { field: ['patch', 'addTags'] }],
    [
      'removed tags that are no text',
      () => ({ ids: tickets(), patch: { removeTags: ['a\u0000'] } }),
      { code: 'INVALID_INPUT', field: ['patch', 'removeTags'] },
    ],
    [
      'answers of their own that are no text',
      () => ({ patches: [{ ticketId: tickets()[0], patch: { reply: { body: 'half \ud83d' } } }] }),
      { code: 'INVALID_INPUT', field: ['patches', '0', 'patch', 'reply', 'body'] },
    ],
    [
      'a group that is not there',
      () => ({ ids: tickets(), patch: { groupId: gid('Group', ids[0] ?? '') } }),
      { code: 'NOT_FOUND', field: ['patch', 'groupId'] },
    ],
    ['an id of something else', () => ({ ids: [gid('User', ids[0] ?? '')], patch: {} }), { field: ['ids'] }],
    [
      'too many',
      () => ({ ids: Array.from({ length: 1_001 }, () => tickets()[0]), patch: { status: 'OPEN' } }),
      { code: 'INVALID_INPUT', field: ['ids'] },
    ],
  ]
  it.each(wrong)('is refused with %s', async (_name, input, error) => {
    expect(await begin(input())).toMatchObject({ job: null, userErrors: [error] })
  })
})

describe('updateTicket', () => {
  it('with a version that is not the ticket’s changes nothing (F73)', async () => {
    const ask = (ifVersion: number) =>
      world.ask<{ updateTicket: { ticket: { version: number }; userErrors: object[] } }>(
        world.agent,
        `mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { ticket { version } userErrors { code field } } }`,
        { input: { ticketId: gid('Ticket', ids[0] ?? ''), priority: 'LOW', ifVersion } },
      )
    expect((await ask(2)).data.updateTicket).toEqual({
      ticket: { version: 1 },
      userErrors: [{ code: 'CONFLICT', field: ['ifVersion'] }],
    })
    expect((await ask(1)).data.updateTicket).toEqual({ ticket: { version: 2 }, userErrors: [] })
  })
})
