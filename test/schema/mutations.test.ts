import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/domain/event.ts'
import { parsePosition } from '../../src/domain/position.ts'
import type { Viewer } from '../../src/schema/context.ts'
import { createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

interface Payload {
  readonly position: string
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] }[]
  readonly ticket: Record<string, unknown> | null
}

async function update(input: Record<string, unknown>, viewer: Viewer = world.agent): Promise<Payload> {
  const { data, errors } = await world.ask<{ updateTicket: Payload }>(
    viewer,
    `mutation($input: UpdateTicketInput!) { updateTicket(input: $input) {
      position userErrors { code field message }
      ticket { subject status priority tags solvedAt assignee { name } group { name } }
    } }`,
    { input },
  )
  expect(errors).toEqual([])
  return data.updateTicket
}

const codes = ({ userErrors }: Payload) => userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)

/** The events that a change left behind, given the position before and the one that it answered. */
async function between(before: string, after: string): Promise<LogEvent[]> {
  const [from, to] = [parsePosition(before), parsePosition(after)]
  expect(from?.epoch).toBe(to?.epoch)
  const events = await world.store.log.read(from?.offset ?? 0, 1_000)
  return events.filter(({ offset }) => offset <= (to?.offset ?? 0))
}

const end = async () => {
  const { epoch, head } = await world.store.log.head()
  return `${epoch}:${head}`
}

describe('updateTicket', () => {
  it('changes what is given, tells what it made of it, and leaves one event', async () => {
    const { id, number } = await world.openTicket({ body: 'Old', tags: ['a'] })
    const before = await end()
    const payload = await update({
      ticketId: gid('Ticket', id),
      subject: ' New ',
      priority: 'HIGH',
      assigneeId: gid('User', world.agent.userId),
      groupId: gid('Group', world.groupId),
      addTags: ['VIP'],
      removeTags: ['A'],
    })
    expect(payload).toMatchObject({
      userErrors: [],
      ticket: {
        subject: 'New',
        status: 'OPEN',
        priority: 'HIGH',
        tags: ['vip'],
        solvedAt: null,
        assignee: { name: 'Grace' },
        group: { name: 'Billing' },
      },
    })
    const events = await between(before, payload.position)
    expect(events).toMatchObject([
      {
        actor: { kind: 'user', id: world.agent.userId },
        body: {
          type: 'ticket.updated',
          ticket: { id, number, status: 'OPEN', assigneeId: world.agent.userId, tags: ['vip'] },
          before: { status: 'NEW', priority: null, assigneeId: null, groupId: null, tags: ['a'] },
          changed: ['subject', 'status', 'priority', 'assigneeId', 'groupId', 'tags'],
        },
      },
    ])
    expect(JSON.stringify(events)).not.toMatch(/Old|New"/)
  })

  it('that changes nothing leaves no event, and does not touch the ticket', async () => {
    const { id } = await world.openTicket({ body: 'Same', tags: ['a'] })
    const before = await end()
    const row = await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })
    const payload = await update({ ticketId: gid('Ticket', id), subject: 'Same', status: 'NEW', addTags: ['a'] })
    expect(payload).toMatchObject({ userErrors: [], position: before, ticket: { subject: 'Same' } })
    expect(await end()).toBe(before)
    expect(await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })).toEqual(row)
  })

  it('that is refused changes nothing, says all that is wrong, and shows the ticket as it is', async () => {
    const { id } = await world.openTicket({ body: 'Same', priority: 'LOW' })
    const before = await end()
    const payload = await update({
      ticketId: gid('Ticket', id),
      subject: '',
      priority: null,
      status: 'CLOSED',
      assigneeId: gid('User', world.customer.userId),
      groupId: gid('Group', uuidv7()),
    })
    expect(codes(payload)).toEqual([
      'INVALID_INPUT subject',
      'PRIORITY_CANNOT_BE_CLEARED priority',
      'NOT_FOUND groupId',
      'NOT_AN_AGENT assigneeId',
      'INVALID_TRANSITION status',
    ])
    expect(payload).toMatchObject({ position: before, ticket: { subject: 'Same', priority: 'LOW', status: 'NEW' } })
  })

  it('notes when a ticket was solved, and forgets it when it is opened again', async () => {
    const { id } = await world.openTicket()
    const ticketId = gid('Ticket', id)
    const solved = await update({ ticketId, status: 'SOLVED' })
    expect(solved.ticket).toMatchObject({ status: 'SOLVED', assignee: { name: 'Grace' } })
    expect(solved.ticket?.['solvedAt']).toEqual(expect.stringMatching(/^\d{4}-/))
    const tagged = await update({ ticketId, addTags: ['x'] })
    expect(tagged.ticket?.['solvedAt']).toBe(solved.ticket?.['solvedAt'])
    expect((await update({ ticketId, status: 'OPEN' })).ticket).toMatchObject({ status: 'OPEN', solvedAt: null })
  })

  it('of a closed ticket is refused with CLOSED_TICKET, but for tags, subject and priority', async () => {
    const { id } = await world.openTicket({ status: 'CLOSED' })
    const ticketId = gid('Ticket', id)
    expect(codes(await update({ ticketId, status: 'OPEN' }))).toEqual(['CLOSED_TICKET status'])
    expect(await update({ ticketId, subject: 'S', tags: ['t'], priority: 'LOW' })).toMatchObject({
      userErrors: [],
      ticket: { status: 'CLOSED', subject: 'S', tags: ['t'], priority: 'LOW' },
    })
  })

  it('refuses somebody outside the group with NOT_IN_GROUP', async () => {
    const { id } = await world.openTicket({ groupId: world.groupId })
    const payload = await update({ ticketId: gid('Ticket', id), assigneeId: gid('User', world.admin.userId) })
    expect(codes(payload)).toEqual(['NOT_IN_GROUP assigneeId'])
    expect(codes(await update({ ticketId: gid('Ticket', id), status: 'SOLVED' }, world.admin))).toEqual([
      'ASSIGNEE_REQUIRED status',
    ])
  })

  it('refuses ids that are none with INVALID_INPUT, and a ticket that is not there with NOT_FOUND', async () => {
    const payload = await update({ ticketId: 'x', assigneeId: gid('Ticket', uuidv7()), groupId: 'y' })
    expect(codes(payload)).toEqual(['INVALID_INPUT ticketId', 'INVALID_INPUT assigneeId', 'INVALID_INPUT groupId'])
    expect(payload.ticket).toBeNull()
    expect(payload.position).toBe(await end())
    const missing = await update({ ticketId: gid('Ticket', uuidv7()), subject: 'x' })
    expect(codes(missing)).toEqual(['NOT_FOUND ticketId'])
    expect(missing.ticket).toBeNull()
  })

  it('by many at once loses nothing: who comes second finds what the first one left', async () => {
    const { id } = await world.openTicket()
    const before = await end()
    const tags = Array.from({ length: 12 }, (_, index) => `tag${index}`)
    const payloads = await Promise.all(tags.map((tag) => update({ ticketId: gid('Ticket', id), addTags: [tag] })))
    expect(payloads.flatMap(codes)).toEqual([])
    const row = await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })
    expect(row.tags.toSorted()).toEqual(tags.toSorted())
    // Each event begins where the one before it ended.
    const events = await between(before, await end())
    const steps = events.flatMap(({ body }) => (body.type === 'ticket.updated' ? [body] : []))
    expect(steps.map((step) => step.before.tags)).toEqual([[], ...steps.slice(0, -1).map((step) => step.ticket.tags)])
  })

  it('by two at once applies the rules to what the first one left', async () => {
    const { id } = await world.openTicket()
    const payloads = await Promise.all(
      [world.agent, world.admin].map((viewer) => update({ ticketId: gid('Ticket', id), status: 'SOLVED' }, viewer)),
    )
    expect(payloads.flatMap(codes)).toEqual([])
    const { assigneeId } = await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })
    const solves = (await world.store.log.read(0, 10_000)).filter(
      ({ body }) => body.type === 'ticket.updated' && body.ticket.id === id,
    )
    expect(solves).toHaveLength(1)
    expect(solves[0]?.actor).toEqual({ kind: 'user', id: assigneeId })
  })
})

describe('addNote', () => {
  const source = `mutation($input: AddNoteInput!) { addNote(input: $input) {
    position userErrors { code field message }
    comment { body visibility direction channel author { name } ticket { number } delivery { state } }
  } }`
  const add = async (input: Record<string, unknown>) => {
    const { data, errors } = await world.ask<{ addNote: Payload }>(world.agent, source, { input })
    expect(errors).toEqual([])
    return data.addNote
  }

  it('adds a private comment of the agent, and leaves an event without its words', async () => {
    const { id, number } = await world.openTicket()
    const before = await end()
    const payload = await add({ ticketId: gid('Ticket', id), body: 'Call back tomorrow' })
    expect(payload).toMatchObject({
      userErrors: [],
      comment: {
        body: 'Call back tomorrow',
        visibility: 'PRIVATE',
        direction: 'OUTBOUND',
        channel: 'API',
        author: { name: 'Grace' },
        ticket: { number },
        delivery: null,
      },
    })
    const events = await between(before, payload.position)
    expect(events).toMatchObject([
      {
        actor: { kind: 'user', id: world.agent.userId },
        body: { type: 'comment.created', ticket: { id }, comment: { visibility: 'PRIVATE' } },
      },
    ])
    expect(JSON.stringify(events)).not.toContain('Call back')
    expect(await world.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({ commentCount: 1 })
  })

  it.each([
    ['an empty text', { body: ' ' }, 'INVALID_INPUT body'],
    ['what is not text', { body: 'a\u0000' }, 'INVALID_INPUT body'],
    ['a ticket that is not there', { ticketId: gid('Ticket', uuidv7()), body: 'x' }, 'NOT_FOUND ticketId'],
    ['an id that is none', { ticketId: 'x', body: 'x' }, 'INVALID_INPUT ticketId'],
  ])('refuses %s', async (_what, input, code) => {
    const { id } = await world.openTicket()
    const before = await end()
    const payload = await add({ ticketId: gid('Ticket', id), ...input })
    expect(codes(payload)).toEqual([code])
    expect(payload).toMatchObject({ comment: null, position: before })
    expect(await end()).toBe(before)
  })

  it('refuses a closed ticket', async () => {
    const { id } = await world.openTicket({ status: 'CLOSED' })
    expect(codes(await add({ ticketId: gid('Ticket', id), body: 'x' }))).toEqual(['CLOSED_TICKET ticketId'])
  })
})
