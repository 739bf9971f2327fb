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

  it('lists the notes, which stay', async () => {
    const [a = '', b = ''] = ids
    await updateTicket(world.store, world.admin, a, { priority: 'LOW' })
    const given = await change({ priority: 'LOW', comment: 'Seen.' })
    const undo = await jobs.work(await jobs.undo(given.job?.id))
    const { job, outcomes, codes } = await jobs.results(undo)
    expect(job).toMatchObject({ status: 'COMPLETED', total: 3, failed: 1 })
    expect([outcomes[a], codes[a]]).toEqual(['FAILED', ['NOTE_STAYS']])
    expect([outcomes[b], codes[b]]).toEqual(['CHANGED', ['NOTE_STAYS']])
    expect((await row(b)).priority).toBeNull()
    expect((await jobs.undo(given.job?.id)).job?.id).toBe(undo.job?.id)
    const withErrors = async (payload: Payload, hasErrors: boolean) => {
      const source = `query($id: ID!, $hasErrors: Boolean) {
        bulkUpdateJob(id: $id) { items(first: 9, hasErrors: $hasErrors) { nodes { place } } } }`
      const { data } = await world.ask<{ bulkUpdateJob: { items: { nodes: object[] } } }>(world.agent, source, {
        id: payload.job?.id,
        hasErrors,
      })
      return data.bulkUpdateJob.items.nodes.length
    }
    expect([await withErrors(given, true), await withErrors(given, false)]).toEqual([0, 3])
    expect([await withErrors(undo, true), await withErrors(undo, false)]).toEqual([3, 0])
  })

  it('of an undo does again what was undone', async () => {
    const given = await change({ status: 'SOLVED', addTags: ['x'] })
    const solved = await row(ids[0])
    const undo = await jobs.work(await jobs.undo(given.job?.id))
    expect(await row(ids[0])).toMatchObject({ status: 'NEW', tags: [], assigneeId: null, solvedAt: null })
    const again = await jobs.work(await jobs.undo(undo.job?.id))
    const { job, outcomes } = await jobs.results(again)
    expect(job).toMatchObject({ total: 3, failed: 0, undoOf: { id: undo.job?.id } })
    expect(ids.map((id) => outcomes[id])).toEqual(['CHANGED', 'CHANGED', 'CHANGED'])
    const picture = ({ status, tags, assigneeId, groupId, priority }: typeof solved) =>
      JSON.stringify([status, tags, assigneeId, groupId, priority])
    const after = await row(ids[0])
    expect(picture(after)).toBe(picture(solved))
    expect(after.solvedAt).toEqual(expect.any(Date))
    // What the first one did has its undo.
    expect((await jobs.undo(given.job?.id)).job?.id).toBe(undo.job?.id)
  })

  it('leaves alone the tickets whose old group or assignee is gone', async () => {
    const { prisma } = world.store
    const group = await addGroup(world)
    const [a = '', b = '', c = ''] = ids
    const [leaves, stays] = [await addAgent(world), await addAgent(world)]
    await prisma.ticket.update({ where: { id: a }, data: { groupId: group } })
    await prisma.ticket.update({ where: { id: b }, data: { assigneeId: leaves.userId } })
    await prisma.ticket.update({ where: { id: c }, data: { assigneeId: stays.userId } })
    const given = await change({ groupId: null, assigneeId: gid('User', world.agent.userId) })
    await prisma.group.delete({ where: { id: group } })
    await setAccess(world, leaves.userId, { active: false })
    const undo = await jobs.work(await jobs.undo(given.job?.id))
    const { outcomes, codes } = await jobs.results(undo)
    expect([outcomes[a], codes[a]]).toEqual(['FAILED', ['NOT_FOUND']])
    expect([outcomes[b], codes[b]]).toEqual(['FAILED', ['NOT_AN_AGENT']])
    expect(outcomes[c]).toBe('CHANGED')
    expect((await row(c)).assigneeId).toBe(stays.userId)
    // Who comes back can be given their tickets back.
    await setAccess(world, leaves.userId, { active: true })
    const second = await jobs.work(await jobs.undo(given.job?.id))
    expect((await jobs.results(second)).outcomes).toEqual({ [a]: 'FAILED', [b]: 'CHANGED' })
  })
})
