import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { addAgent, addGroup, asViewer, setAccess } from './agents.ts'
import { at, createWorld, gid, type World } from './world.ts'

/* F54, F56: live events of restricted agents, and what becomes of them when access changes meanwhile. */

let world: World
let foreignGroup: string
beforeAll(async () => {
  world = await createWorld()
  foreignGroup = await addGroup(world)
})
afterAll(() => world.close())

const EVENTS = `subscription($after: Position, $filter: TicketEventFilter) { ticketEvents(after: $after, filter: $filter) {
  position type ticketId actor { kind } ticket { subject } changes { field before after } comment { body }
} }`

interface Event {
  readonly position: string
  readonly type: string
  readonly ticketId: string | null
  readonly actor: object | null
  readonly ticket: { readonly subject: string } | null
  readonly changes: readonly { readonly field: string }[]
  readonly comment: { readonly body: string } | null
}

async function follow(viewer: Viewer, variables = {}) {
  const events = await world.listen<{ ticketEvents: Event } | null>(viewer, EVENTS, variables)
  expect(events.refused).toEqual([])
  return {
    stop: () => events.stop(),
    /** The next so many; each without an error. */
    async take(count: number): Promise<Event[]> {
      const answers = await events.take(count)
      return answers.map(({ data, errors }) => {
        expect(errors).toEqual([])
        if (!data) throw new Error('There is no data.')
        return data.ticketEvents
      })
    },
    next: () => events.next(),
    ended: () => events.ended(),
  }
}

const told = ({ type, ticket, ticketId }: Event) => `${type} ${ticket?.subject ?? (ticketId === null ? '-' : 'gone')}`

async function update(id: string, patch: object): Promise<void> {
  const { data, errors } = await world.ask<{ updateTicket: { userErrors: unknown[] } }>(
    world.admin,
    'mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { userErrors { code message } } }',
    { input: { ticketId: gid('Ticket', id), ...patch } },
  )
  expect({ errors, ...data }).toEqual({ errors: [], updateTicket: { userErrors: [] } })
}
const toGroup = (id: string, groupId: string | null) =>
  update(id, { groupId: groupId === null ? null : gid('Group', groupId) })

describe('a restricted agent', () => {
  it('hears of the tickets of their groups, and of no others', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const events = await follow(agent)
    const created = await world.listen<{ ticketCreated: { ticket: { subject: string } } }>(
      agent,
      'subscription { ticketCreated { ticket { subject } } }',
    )
    const foreign = await world.openTicket({ body: 'foreign', groupId: foreignGroup })
    await world.addComment(foreign.id)
    await world.openTicket({ body: 'loose' })
    const own = await world.openTicket({ body: 'own', groupId: world.groupId })
    await world.addComment(own.id, { body: 'psst', visibility: 'PRIVATE' })
    await update(own.id, { priority: 'HIGH' })
    const heard = await events.take(3)
    expect(heard.map(told)).toEqual(['TICKET_CREATED own', 'COMMENT_CREATED own', 'TICKET_UPDATED own'])
    expect(heard.map(({ comment }) => comment?.body ?? null)).toEqual(['own', 'psst', null])
    expect((await created.next()).data.ticketCreated.ticket.subject).toBe('own')
    await events.stop()
    await created.stop()
  })

  it('is told the id, and nothing else, of a ticket that leaves their sight, and all of one that comes', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const { id } = await world.openTicket({ body: 'travels', groupId: world.groupId, status: 'OPEN' })
    const events = await follow(agent)
    await update(id, { groupId: gid('Group', foreignGroup), priority: 'URGENT', addTags: ['secret'] })
    await update(id, { priority: 'LOW' })
    await world.addComment(id)
    await toGroup(id, world.groupId)
    const [left, came] = await events.take(2)
    expect(left).toEqual({
      position: expect.any(String),
      type: 'TICKET_LEFT',
      ticketId: gid('Ticket', id),
      actor: null,
      ticket: null,
      changes: [],
      comment: null,
    })
    expect(came).toMatchObject({
      type: 'TICKET_UPDATED',
      ticketId: gid('Ticket', id),
      actor: { kind: 'USER' },
      ticket: { subject: 'travels' },
      changes: [{ field: 'groupId', after: gid('Group', world.groupId) }],
    })
    await events.stop()
  })

  it.each<[string, 'GROUPS' | 'ASSIGNED']>([
    ['of groups', 'GROUPS'],
    ['of their own', 'ASSIGNED'],
  ])('%s follows what is assigned to them', async (_name, access) => {
    const agent = await addAgent(world, access)
    const { id } = await world.openTicket({ body: 'for you' })
    const events = await follow(agent)
    await update(id, { assigneeId: gid('User', agent.userId) })
    await update(id, { priority: 'HIGH' })
    await update(id, { assigneeId: gid('User', world.agent.userId) })
    await update(id, { priority: 'LOW' })
    const marker = await world.openTicket({ body: 'marker', assigneeId: agent.userId, status: 'OPEN' })
    const heard = await events.take(4)
    expect(heard.map(({ type }) => type)).toEqual(['TICKET_UPDATED', 'TICKET_UPDATED', 'TICKET_LEFT', 'TICKET_CREATED'])
    expect(heard.at(-1)?.ticketId).toBe(gid('Ticket', marker.id))
    await events.stop()
  })

  it('learns nothing from a filter about what a ticket became out of their sight', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const low = await world.openTicket({ body: 'low', groupId: world.groupId, priority: 'LOW' })
    const urgent = await world.openTicket({ body: 'urgent', groupId: world.groupId, priority: 'URGENT' })
    const events = await follow(agent, { filter: { priorities: ['URGENT'] } })
    // It never matched where it was seen; where it matches, it is not seen.
    await update(low.id, { groupId: gid('Group', foreignGroup), priority: 'URGENT' })
    await toGroup(urgent.id, foreignGroup)
    const [left] = await events.take(1)
    expect(left).toMatchObject({ type: 'TICKET_LEFT', ticketId: gid('Ticket', urgent.id) })
    await events.stop()
  })

  it('replays after a position what they may see today', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const { head, epoch } = await world.store.log.head()
    const own = await world.openTicket({ body: 'own', groupId: world.groupId })
    await world.openTicket({ body: 'foreign', groupId: foreignGroup })
    await toGroup(own.id, foreignGroup)
    await world.openTicket({ body: 'later', groupId: world.groupId })
    const events = await follow(agent, { after: `${epoch}:${head}` })
    expect((await events.take(3)).map(told)).toEqual([
      'TICKET_CREATED gone',
      'TICKET_LEFT gone',
      'TICKET_CREATED later',
    ])
    await events.stop()
  })
})

describe('while a subscription lives', () => {
  it('a change of groups divides its events at the place in the log where it stands', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const events = await follow(agent)
    const open = async (groupId: string | null) => gid('Ticket', (await world.openTicket({ groupId })).id)
    const seen = [await open(world.groupId)]
    await open(foreignGroup)
    await setAccess(world, agent.userId, { groupIds: [foreignGroup] })
    await open(world.groupId)
    seen.push(await open(foreignGroup))
    await setAccess(world, agent.userId, { groupIds: [foreignGroup, world.groupId] })
    seen.push(await open(world.groupId))
    await setAccess(world, agent.userId, { ticketAccess: 'ASSIGNED' })
    await open(world.groupId)
    await setAccess(world, agent.userId, { ticketAccess: 'ALL' })
    seen.push(await open(null))
    const heard = await events.take(8)
    const changed = 'ACCESS_CHANGED'
    expect(heard.map(({ type, ticketId }) => (type === changed ? changed : ticketId))).toEqual([
      seen[0],
      changed,
      seen[1],
      changed,
      seen[2],
      changed,
      changed,
      seen[3],
    ])
    expect(heard[1]).toMatchObject({
      ticketId: null,
      ticket: null,
      changes: [],
      comment: null,
      actor: { kind: 'USER' },
    })
    await events.stop()
  })

  it('nothing is said of changes that do not change what is seen, nor of those of others', async () => {
    const all = await addAgent(world)
    const assigned = await addAgent(world, 'ASSIGNED')
    const [hearsAll, hearsOwn] = [await follow(all), await follow(assigned)]
    await setAccess(world, all.userId, { groupIds: [world.groupId] })
    await setAccess(world, assigned.userId, { groupIds: [world.groupId] })
    await world.openTicket({ body: 'marker', assigneeId: assigned.userId, status: 'OPEN' })
    expect((await hearsAll.take(1)).map(told)).toEqual(['TICKET_CREATED marker'])
    expect((await hearsOwn.take(1)).map(told)).toEqual(['TICKET_CREATED marker'])
    await hearsAll.stop()
    await hearsOwn.stop()
  })

  it('new sight holds for the objects that events show, too', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const closed = await world.openTicket({ body: 'closed', groupId: foreignGroup, status: 'OPEN' })
    const source = 'subscription { ticketEvents { type ticket { subject followUpOf { subject } } } }'
    const events = await world.listen(agent, source)
    await world.openTicket({ body: 'follow-up', groupId: world.groupId, followUpOfId: closed.id })
    expect((await events.next()).data).toEqual({
      ticketEvents: { type: 'TICKET_CREATED', ticket: { subject: 'follow-up', followUpOf: null } },
    })
    await setAccess(world, agent.userId, { groupIds: [foreignGroup, world.groupId] })
    expect((await events.next()).data).toMatchObject({ ticketEvents: { type: 'ACCESS_CHANGED' } })
    await world.openTicket({ body: 'another', groupId: world.groupId, followUpOfId: closed.id })
    expect((await events.next()).data).toEqual({
      ticketEvents: { type: 'TICKET_CREATED', ticket: { subject: 'another', followUpOf: { subject: 'closed' } } },
    })
    await events.stop()
  })

  it('whoever was read before a change, and subscribes after it, is judged by the change', async () => {
    const agent = await addAgent(world, 'GROUPS', [world.groupId])
    const stale = await asViewer(world, agent.userId)
    await setAccess(world, agent.userId, { groupIds: [] })
    const { position } = await world.openTicket({ body: 'before', groupId: world.groupId })
    // Once from now on, once after a position behind the change.
    for (const variables of [{}, { after: at(position) }]) {
      const events = await follow(stale, variables)
      await world.openTicket({ body: 'hidden', groupId: world.groupId })
      await world.openTicket({ body: 'own', assigneeId: agent.userId, status: 'OPEN' })
      expect((await events.take(1)).map(told)).toEqual(['TICKET_CREATED own'])
      await events.stop()
    }
  })

  it('old changes of access, met in a replay, do not bring old sight back', async () => {
    const agent = await addAgent(world, 'GROUPS', [])
    const { head, epoch } = await world.store.log.head()
    await setAccess(world, agent.userId, { groupIds: [foreignGroup] })
    await world.openTicket({ body: 'foreign', groupId: foreignGroup })
    await setAccess(world, agent.userId, { groupIds: [world.groupId] })
    await world.openTicket({ body: 'own', groupId: world.groupId })
    const events = await follow(await asViewer(world, agent.userId), { after: `${epoch}:${head}` })
    expect((await events.take(1)).map(told)).toEqual(['TICKET_CREATED own'])
    await events.stop()
  })

  it.each<[string, Parameters<typeof setAccess>[2]]>([
    ['is deactivated', { active: false }],
    ['loses the role', { role: 'AGENT' }],
  ])('it ends when the person %s, at that place of the log', async (_name, change) => {
    const person = await addAgent(world)
    await setAccess(world, person.userId, { role: 'ADMIN' })
    const events = await follow(await asViewer(world, person.userId))
    await setAccess(world, person.userId, change)
    await world.openTicket()
    const { data, errors } = await events.next()
    expect(data).toBeNull()
    expect(errors).toEqual([expect.stringMatching(/^UNAUTHENTICATED: /)])
    expect(await events.ended()).toBe(true)
  })

  it('who becomes an administrator goes on as who they signed in as', async () => {
    const agent = await addAgent(world, 'ASSIGNED')
    const events = await follow(agent)
    await setAccess(world, agent.userId, { role: 'ADMIN' })
    await world.openTicket({ body: 'loose' })
    expect((await events.take(2)).map(told)).toEqual(['ACCESS_CHANGED -', 'TICKET_CREATED loose'])
    await setAccess(world, agent.userId, { role: 'AGENT' })
    await events.stop()
  })
})
