import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { updateTicket } from '../../src/tickets/update-ticket.ts'
import { addAgent, addGroup, asViewer, setAccess } from './agents.ts'
import { bulkJobs, type Payload } from './bulk-jobs.ts'
import { createWorld, gid, type World } from './world.ts'

/* Taking bulk updates back: who may, how often, and what of it there is to see. */

let world: World
let jobs: ReturnType<typeof bulkJobs>
beforeAll(async () => {
  world = await createWorld()
  jobs = bulkJobs(world)
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

const tickets = () => ids.map((id) => gid('Ticket', id))
const row = (id: string | undefined) => world.store.prisma.ticket.findUniqueOrThrow({ where: { id: id ?? '' } })
const change = async (patch: object, viewer?: Viewer): Promise<Payload> =>
  jobs.work(await jobs.begin({ ids: tickets(), patch }, viewer))

describe('an undo', () => {
  it('that took nothing back stands in nobody’s way', async () => {
    const clerk = await addAgent(world, 'ASSIGNED')
    await world.store.prisma.ticket.updateMany({ where: { id: { in: ids } }, data: { assigneeId: clerk.userId } })
    const given = await change({ assigneeId: gid('User', world.agent.userId) }, clerk)
    const first = await jobs.work(await jobs.undo(given.job?.id, clerk))
    expect((await jobs.results(first, clerk)).job).toMatchObject({ status: 'COMPLETED', total: 3, failed: 3 })
    const second = await jobs.undo(given.job?.id, world.admin)
    expect(second.job?.id).not.toBe(first.job?.id)
    await jobs.work(second)
    const { job, outcomes } = await jobs.results(second, world.admin)
    expect(job).toMatchObject({ status: 'COMPLETED', total: 3, failed: 0 })
    expect(ids.map((id) => outcomes[id])).toEqual(['CHANGED', 'CHANGED', 'CHANGED'])
    expect((await row(ids[0])).assigneeId).toBe(clerk.userId)
    // Now there is nothing left, and asking again gives the same.
    expect((await jobs.undo(given.job?.id, clerk)).job?.id).toBe(second.job?.id)
  })

  it('is gone on with where one was stopped, failed, or not allowed, and only there', async () => {
    const group = await addGroup(world)
    const patch = { groupId: gid('Group', group), addTags: ['x'] }
    const given = await change(patch)
    const [a = '', b = '', c = ''] = ids
    await updateTicket(world.store, world.admin, b, { priority: 'LOW' })
    await world.store.prisma.bulkUpdateItem.updateMany({
      where: { ticketId: c },
      data: { before: { groupId: '00000000-0000-7000-8000-000000000000', tags: [] } },
    })
    const first = await jobs.work(await jobs.undo(given.job?.id))
    const outcomesOf = async (payload: Payload) => {
      const { outcomes } = await jobs.results(payload)
      return Object.fromEntries([a, b, c].flatMap((id) => (id in outcomes ? [[id, outcomes[id]]] : [])))
    }
    expect(await outcomesOf(first)).toEqual({ [a]: 'CHANGED', [b]: 'CONFLICT', [c]: 'FAILED' })
    const cancelled = await jobs.undo(given.job?.id)
    expect((await jobs.cancel(cancelled.job?.id)).job).toMatchObject({ status: 'CANCELLED', total: 1 })
    await world.store.prisma.bulkUpdateItem.updateMany({
      where: { ticketId: c, NOT: { before: { equals: {} } }, outcome: 'CHANGED' },
      data: { before: { groupId: null, tags: [] } },
    })
    const last = await jobs.work(await jobs.undo(given.job?.id))
    expect(await outcomesOf(last)).toEqual({ [c]: 'CHANGED' })
    expect(await row(c)).toMatchObject({ groupId: null, tags: [] })
    expect((await jobs.undo(given.job?.id)).job?.id).toBe(last.job?.id)
  })

  it('by an administrator is given, shown and told to whose bulk update it takes back, and to nobody else', async () => {
    const given = await change({ addTags: ['x'] })
    const undo = await jobs.undo(given.job?.id, world.admin)
    const other = await addAgent(world)
    // It waits; whose job it undoes gets it, and sees it.
    expect(await jobs.undo(given.job?.id)).toMatchObject({ job: { id: undo.job?.id }, userErrors: [] })
    const source = `subscription($id: ID!, $after: Position) {
      bulkUpdateProgress(jobId: $id, after: $after) { status done job { id } } }`
    const variables = { id: undo.job?.id, after: undo.position }
    const watching = await world.listen<{ bulkUpdateProgress: object }>(world.agent, source, variables)
    const stranger = await world.listen(other, source, variables)
    await jobs.work(undo)
    expect((await watching.next()).data.bulkUpdateProgress).toEqual({
      status: 'COMPLETED',
      done: 3,
      job: { id: undo.job?.id },
    })
    expect(await Promise.race([stranger.next(), world.openTicket().then(() => 'nothing')])).toBe('nothing')
    await watching.stop()
    await stranger.stop()
    expect((await jobs.results(undo)).job).toMatchObject({ id: undo.job?.id, undoOf: { id: given.job?.id } })
    expect((await jobs.results(undo, other)).job).toBeNull()
    const list = '{ bulkUpdateJobs(first: 10) { nodes { id } } }'
    expect((await world.ask(world.agent, list)).data).toEqual({
      bulkUpdateJobs: { nodes: [{ id: undo.job?.id }, { id: given.job?.id }] },
    })
    expect((await world.ask(other, list)).data).toEqual({ bulkUpdateJobs: { nodes: [] } })
  })

  it('by an administrator is not stopped or taken back by whom it is about', async () => {
    const given = await change({ addTags: ['x'] })
    const undo = await jobs.undo(given.job?.id, world.admin)
    const refused = { job: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] }
    expect(await jobs.cancel(undo.job?.id)).toMatchObject(refused)
    await jobs.work(undo)
    expect(await jobs.undo(undo.job?.id)).toMatchObject(refused)
  })

  it('does not betray the bulk update of somebody else to who was an administrator when they undid it', async () => {
    const given = await change({ addTags: ['x'] }, world.admin)
    const boss = await addAgent(world)
    await setAccess(world, boss.userId, { role: 'ADMIN' })
    const undo = await jobs.undo(given.job?.id, await asViewer(world, boss.userId))
    expect((await jobs.results(undo, await asViewer(world, boss.userId))).job?.undoOf).toEqual({ id: given.job?.id })
    await setAccess(world, boss.userId, { role: 'AGENT' })
    expect((await jobs.results(undo, await asViewer(world, boss.userId))).job).toMatchObject({
      id: undo.job?.id,
      undoOf: null,
    })
  })
})
