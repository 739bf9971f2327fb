import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { addAgent, addGroup } from './agents.ts'
import { bulkJobs } from './bulk-jobs.ts'
import { at, createWorld, gid, type World } from './world.ts'

/* What `ticketEvents` says out of the log alone: for whoever copies it, as `perch export` does. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const LINES = `subscription ($after: Position) { ticketEvents(after: $after) {
  type ticketId mergedIntoId mergedSourceIds actor { userId bulkUpdateId }
  snapshot { status priority channel accountId requesterId assigneeId groupId tags }
} }`

interface Line {
  type: string
  ticketId: string
  mergedIntoId: string | null
  mergedSourceIds: string[]
  actor: { userId: string | null; bulkUpdateId: string | null } | null
  snapshot: Record<string, unknown> | null
}

async function lines(viewer: Viewer, after: string, count: number): Promise<Line[]> {
  const listener = await world.listen<{ ticketEvents: Line }>(viewer, LINES, { after })
  const taken = await listener.take(count)
  await listener.stop()
  expect(taken.flatMap(({ errors }) => errors)).toEqual([])
  return taken.map(({ data }) => data.ticketEvents)
}

const end = async () => at((await world.openTicket()).position)
const ask = (source: string, variables: object) => world.ask(world.agent, source, { ...variables })
const update = (id: string, input: object) =>
  ask('mutation ($input: UpdateTicketInput!) { updateTicket(input: $input) { position } }', {
    input: { ticketId: gid('Ticket', id), ...input },
  })

it('a line shows the ticket as the event left it, whatever became of it, and reads nothing for it', async () => {
  const after = await end()
  const { id } = await world.openTicket({ tags: ['vip'], groupId: world.groupId })
  await update(id, { priority: 'HIGH', assigneeId: gid('User', world.agent.userId) })
  await update(id, { priority: 'LOW', groupId: null })
  await world.store.prisma.ticket.update({ where: { id }, data: { tags: [] } })
  world.sql.length = 0
  const [opened, taken, last] = await lines(world.agent, after, 3)
  expect(world.sql).toEqual([])
  const snapshot = {
    status: 'NEW',
    priority: null,
    channel: 'X_CORP',
    accountId: gid('Account', world.accountId),
    requesterId: gid('User', world.customer.userId),
    assigneeId: null,
    groupId: gid('Group', world.groupId),
    tags: ['vip'],
  }
  expect(opened).toMatchObject({ type: 'TICKET_CREATED', snapshot, mergedIntoId: null, mergedSourceIds: [] })
  const assigned = { ...snapshot, status: 'OPEN', priority: 'HIGH', assigneeId: gid('User', world.agent.userId) }
  expect(taken?.snapshot).toEqual(assigned)
  expect(last?.snapshot).toEqual({ ...assigned, priority: 'LOW', groupId: null })
  // Tags and groups are the team's own business.
  const [theirs] = await lines(world.customer, after, 1)
  expect(theirs?.snapshot).toEqual({ ...snapshot, groupId: null, tags: null })
})

it('a ticket that leaves the sight of somebody shows nothing of where it went', async () => {
  const clerk = await addAgent(world, 'GROUPS', [world.groupId])
  const after = await end()
  const { id } = await world.openTicket({ groupId: world.groupId })
  await update(id, { groupId: gid('Group', await addGroup(world)), priority: 'HIGH' })
  const [, left] = await lines(clerk, after, 2)
  expect(left).toEqual({
    type: 'TICKET_LEFT',
    ticketId: gid('Ticket', id),
    mergedIntoId: null,
    mergedSourceIds: [],
    actor: null,
    snapshot: null,
  })
})

it('a merge names the other side, to those who see it', async () => {
  const clerk = await addAgent(world, 'GROUPS', [world.groupId])
  const [target, seen, unseen] = [
    await world.openTicket(),
    await world.openTicket({ groupId: world.groupId }),
    await world.openTicket(),
  ]
  const after = await end()
  const sourceIds = [seen, unseen].map(({ id }) => gid('Ticket', id))
  const merge = 'mutation ($s: [ID!]!, $t: ID!) { mergeTickets(input: { sourceIds: $s, targetId: $t }) { position } }'
  await ask(merge, { s: sourceIds, t: gid('Ticket', target.id) })
  const back = await world.openTicket({ groupId: world.groupId })
  await ask(merge, { s: [gid('Ticket', (await world.openTicket()).id)], t: gid('Ticket', back.id) })
  await world.openTicket({ groupId: world.groupId })
  const merged = async (viewer: Viewer, count: number) =>
    (await lines(viewer, after, count)).flatMap(({ type, ticketId, mergedIntoId, mergedSourceIds }) =>
      type === 'TICKET_MERGED' ? [{ ticketId, mergedIntoId, mergedSourceIds }] : [],
    )
  const all = await merged(world.agent, 16)
  expect(all).toEqual(
    expect.arrayContaining([
      ...sourceIds.map((ticketId) => ({ ticketId, mergedIntoId: gid('Ticket', target.id), mergedSourceIds: [] })),
      { ticketId: gid('Ticket', target.id), mergedIntoId: null, mergedSourceIds: sourceIds },
    ]),
  )
  expect(await merged(clerk, 7)).toEqual([
    { ticketId: gid('Ticket', seen.id), mergedIntoId: null, mergedSourceIds: [] },
    { ticketId: gid('Ticket', back.id), mergedIntoId: null, mergedSourceIds: [] },
  ])
})

it('what a bulk update does names it, to the team alone', async () => {
  const jobs = bulkJobs(world)
  const after = await end()
  const { id } = await world.openTicket()
  const { job } = await jobs.work(await jobs.begin({ ids: [gid('Ticket', id)], patch: { status: 'PENDING' } }))
  await update(id, { priority: 'LOW' })
  const team = await lines(world.agent, after, 3)
  const userId = gid('User', world.agent.userId)
  expect(team.map(({ actor }) => actor)).toEqual([
    { userId: null, bulkUpdateId: null },
    { userId, bulkUpdateId: job?.id },
    { userId, bulkUpdateId: null },
  ])
  expect((await lines(world.customer, after, 2))[1]?.actor).toEqual({ userId, bulkUpdateId: null })
  const { data } = await world.ask<{ ticket: { audits: { nodes: object[] } } }>(
    world.agent,
    'query ($id: ID!) { ticket(id: $id) { audits(first: 9) { nodes { actor { bulkUpdateId } } } } }',
    { id: gid('Ticket', id) },
  )
  expect(data.ticket.audits.nodes).toMatchObject([{}, { actor: { bulkUpdateId: job?.id } }, {}])
})
