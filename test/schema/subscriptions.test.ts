import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addAgent } from './agents.ts'
import { at, createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const CREATED = `subscription($after: Position, $filter: TicketEventFilter) {
  ticketCreated(after: $after, filter: $filter) { position at ticket { number subject requester { name } } }
}`
const EVENTS = `subscription($after: Position, $filter: TicketEventFilter) {
  ticketEvents(after: $after, filter: $filter) {
    position type actor { kind part user { name } } ticket { number status }
    changes { field before after } comment { body }
  }
}`
const LINES = `subscription($after: Position) {
  ticketEvents(after: $after) { type actor { kind userId part } ticketId ticketNumber commentId }
}`
const UPDATE = 'mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { position userErrors { code } } }'

interface Created {
  readonly ticketCreated: { readonly position: string; readonly ticket: { readonly number: number } }
}
interface Events {
  readonly ticketEvents: {
    readonly position: string
    readonly type: string
    readonly ticket: { readonly number: number }
  }
}

const update = (input: Record<string, unknown>) => world.ask(world.agent, UPDATE, { input })

describe('ticketCreated', () => {
  it('tells of a new ticket as it is opened, with the position to resume after', async () => {
    const events = await world.listen<Created>(world.agent, CREATED)
    const { number, position } = await world.openTicket({ body: 'Hello' })
    const { data, errors } = await events.next()
    expect(errors).toEqual([])
    expect(data).toEqual({
      ticketCreated: {
        position: at(position),
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        ticket: { number, subject: 'Hello', requester: { name: 'Ada' } },
      },
    })
    await events.stop()
  })

  it('resumes after a position: first what was missed, then what comes, each once', async () => {
    const first = await world.openTicket()
    const missed = [await world.openTicket(), await world.openTicket()]
    const events = await world.listen<Created>(world.agent, CREATED, { after: at(first.position) })
    const live = await world.openTicket()
    const seen = (await events.take(3)).map(({ data }) => data.ticketCreated.ticket.number)
    expect(seen).toEqual([...missed, live].map(({ number }) => number))
    await events.stop()
  })

  it('tells only of tickets that match the filter when they are opened', async () => {
    const filter = { tags: { anyOf: ['VIP'] }, requesterIds: [gid('User', world.customer.userId)] }
    const events = await world.listen<Created>(world.agent, CREATED, { filter })
    await world.openTicket()
    await world.openTicket({ tags: ['vip'], requesterId: world.stranger.userId })
    const wanted = await world.openTicket({ tags: ['vip'] })
    expect((await events.next()).data.ticketCreated.ticket.number).toBe(wanted.number)
    await events.stop()
  })

  it('ends at once when the client leaves, also while it waits', async () => {
    const before = world.feed.readers()
    const events = await world.listen(world.agent, CREATED)
    const waiting = events.ended()
    expect(world.feed.readers()).toBe(before + 1)
    await events.stop()
    expect(await waiting).toBe(true)
    expect(world.feed.readers()).toBe(before)
  })
})

describe('ticketEvents', () => {
  it('tells everything that happens to a ticket, by whom, and what changed', async () => {
    const events = await world.listen(world.agent, EVENTS)
    const { id, number } = await world.openTicket({ body: 'Help' })
    const ticketId = gid('Ticket', id)
    const assigneeId = gid('User', world.agent.userId)
    await update({ ticketId, assigneeId, subject: 'Other', addTags: ['x'] })
    await world.addComment(id, { body: 'More' })
    await world.ask(world.agent, 'mutation($input: AddNoteInput!) { addNote(input: $input) { position } }', {
      input: { ticketId, body: 'A note' },
    })
    const heard = await events.take(4)
    const ticket = { number, status: expect.any(String) }
    const system = { kind: 'SYSTEM', part: 'ingest', user: null }
    const grace = { kind: 'USER', part: null, user: { name: 'Grace' } }
    const common = { position: expect.any(String), ticket }
    expect(heard.flatMap(({ errors }) => errors)).toEqual([])
    expect(heard.map(({ data }) => data)).toEqual([
      { ticketEvents: { ...common, type: 'TICKET_CREATED', actor: system, changes: [], comment: { body: 'Help' } } },
      {
        ticketEvents: {
          ...common,
          type: 'TICKET_UPDATED',
          actor: grace,
          comment: null,
          changes: [
            { field: 'subject', before: null, after: null },
            { field: 'status', before: 'NEW', after: 'OPEN' },
            { field: 'assigneeId', before: null, after: assigneeId },
            { field: 'tags', before: [], after: ['x'] },
          ],
        },
      },
      { ticketEvents: { ...common, type: 'COMMENT_CREATED', actor: system, changes: [], comment: { body: 'More' } } },
      { ticketEvents: { ...common, type: 'COMMENT_CREATED', actor: grace, changes: [], comment: { body: 'A note' } } },
    ])
    await events.stop()
  })

  it('names what an event is about without reading it, also when it is gone', async () => {
    const { id, number, commentId, position } = await world.openTicket()
    const ticketId = gid('Ticket', id)
    await update({ ticketId, status: 'OPEN' })
    await world.store.prisma.ticket.delete({ where: { id } })
    const events = await world.listen(world.agent, LINES, { after: `${position.epoch}:${position.offset - 1}` })
    world.sql.length = 0
    const heard = (await events.take(2)).map(({ data }) => data)
    expect(world.sql).toEqual([])
    const about = { ticketId, ticketNumber: number }
    const system = { kind: 'SYSTEM', userId: null, part: 'ingest' }
    const grace = { kind: 'USER', userId: gid('User', world.agent.userId), part: null }
    expect(heard).toEqual([
      { ticketEvents: { ...about, type: 'TICKET_CREATED', actor: system, commentId: gid('Comment', commentId) } },
      { ticketEvents: { ...about, type: 'TICKET_UPDATED', actor: grace, commentId: null } },
    ])
    await events.stop()
  })

  it('tells of a ticket that leaves the filter, and of one that enters it', async () => {
    const { id, number } = await world.openTicket({ status: 'OPEN', assigneeId: world.agent.userId })
    const ticketId = gid('Ticket', id)
    const events = await world.listen<Events>(world.agent, EVENTS, { filter: { statuses: ['OPEN'] } })
    await update({ ticketId, status: 'PENDING' })
    await update({ ticketId, status: 'HOLD' })
    await update({ ticketId, status: 'OPEN' })
    const marker = await world.openTicket({ status: 'OPEN' })
    const heard = (await events.take(3)).map(({ data }) => data)
    expect(heard).toMatchObject([
      { ticketEvents: { type: 'TICKET_UPDATED', changes: [{ field: 'status', before: 'OPEN', after: 'PENDING' }] } },
      { ticketEvents: { type: 'TICKET_UPDATED', changes: [{ field: 'status', before: 'HOLD', after: 'OPEN' }] } },
      { ticketEvents: { type: 'TICKET_CREATED', ticket: { number: marker.number } } },
    ])
    expect(heard[0]?.ticketEvents.ticket.number).toBe(number)
    await events.stop()
  })

  it('tells of a comment that changed, without its words', async () => {
    const { id, commentId } = await world.openTicket({ body: 'Help' })
    const events = await world.listen(world.agent, EVENTS)
    const { requesterId: authorId, ...row } = await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })
    const { number, status, priority, channel, accountId, assigneeId, groupId, tags } = row
    await world.store.change({ kind: 'system', part: 'outbound' }, async ({ emit }) =>
      emit({
        type: 'comment.updated',
        ticket: { id, number, status, priority, channel, accountId, requesterId: authorId, assigneeId, groupId, tags },
        comment: { id: commentId, authorId, direction: 'INBOUND', visibility: 'PUBLIC' },
        changed: ['deliveryState'],
        delivery: { before: 'SENDING', after: 'SENT' },
      }),
    )
    expect((await events.next()).data).toMatchObject({
      ticketEvents: {
        type: 'COMMENT_UPDATED',
        actor: { kind: 'SYSTEM', part: 'outbound' },
        changes: [{ field: 'deliveryState', before: 'SENDING', after: 'SENT' }],
        comment: { body: 'Help' },
      },
    })
    await events.stop()
  })

  it('ends behind `until`, whether the last events up to there are for the subscriber or not', async () => {
    const source = `subscription($after: Position, $filter: TicketEventFilter, $until: Position) {
      ticketEvents(after: $after, filter: $filter, until: $until) { ticket { number } }
    }`
    const { data } = await world.ask<{ eventLog: { start: string; end: string } }>(
      world.agent,
      '{ eventLog { start end } }',
    )
    const { start, end: after } = data.eventLog
    const { epoch, floor, head } = await world.store.log.head()
    expect([start, after]).toEqual([at({ epoch, offset: floor }), at({ epoch, offset: head })])
    const wanted = [await world.openTicket({ tags: ['until'] }), await world.openTicket({ tags: ['until'] })]
    const until = at((await world.openTicket()).position)
    await world.openTicket({ tags: ['until'] })
    const filter = { tags: { anyOf: ['until'] } }
    const events = await world.listen<Events>(world.agent, source, { after, until, filter })
    const numbers = (await events.take(2)).map(({ data }) => data.ticketEvents.ticket.number)
    expect(numbers).toEqual(wanted.map(({ number }) => number))
    expect(await events.ended()).toBe(true)
    const nothing = await world.listen(world.agent, source, { after: until, until })
    expect(await nothing.ended()).toBe(true)
  })

  it('waits for an `until` that the log has yet to reach, and refuses one of another epoch', async () => {
    const source = 'subscription($until: Position) { ticketEvents(until: $until) { ticket { number } } }'
    const { epoch, head } = await world.store.log.head()
    const events = await world.listen<Events>(world.agent, source, { until: at({ epoch, offset: head + 2 }) })
    const opened = [await world.openTicket(), await world.openTicket()]
    await world.openTicket()
    const numbers = (await events.take(2)).map(({ data }) => data.ticketEvents.ticket.number)
    expect(numbers).toEqual(opened.map(({ number }) => number))
    expect(await events.ended()).toBe(true)
    const foreign = await world.listen(world.agent, source, { until: 'abcdef012345:1' })
    expect((await foreign.next()).errors).toEqual([expect.stringMatching(/^POSITION_EXPIRED: /)])
    expect(await foreign.ended()).toBe(true)
  })

  it('says null for a ticket that is gone since', async () => {
    const { id, position } = await world.openTicket()
    await world.store.prisma.ticket.delete({ where: { id } })
    const after = `${position.epoch}:${position.offset - 1}`
    const events = await world.listen(world.agent, EVENTS, { after })
    expect(await events.next()).toMatchObject({
      errors: [],
      data: { ticketEvents: { type: 'TICKET_CREATED', ticket: null, comment: null } },
    })
    await events.stop()
  })
})

describe.each([
  ['ticketCreated', CREATED],
  ['ticketEvents', EVENTS],
])('%s', (_name, source) => {
  it('answers POSITION_EXPIRED, and ends, for a position of another epoch or ahead of the log', async () => {
    const { epoch, head } = await world.store.log.head()
    for (const after of ['abc123:1', `${epoch}:${head + 1_000}`]) {
      const events = await world.listen(world.agent, source, { after })
      expect(events.refused).toEqual([])
      const { data, errors } = await events.next()
      expect(data).toBeNull()
      expect(errors).toEqual([expect.stringMatching(/^POSITION_EXPIRED: /)])
      expect(await events.ended()).toBe(true)
    }
  })

  it('refuses what is no position, by variable and in the text', async () => {
    const byVariable = await world.listen(world.agent, source, { after: 'yesterday' })
    expect(byVariable.refused).toEqual([expect.stringMatching(/^BAD_REQUEST: .*A position is the text/)])
    const inText = await world.ask(world.agent, 'subscription { ticketCreated(after: "yesterday") { position } }')
    expect(inText.errors).toEqual([expect.stringMatching(/^BAD_REQUEST: .*A position is the text/)])
  })

  it('refuses who sent no token', async () => {
    const events = await world.listen(null, source)
    expect(events.refused).toEqual([expect.stringMatching(/^UNAUTHENTICATED: /)])
  })

  it('refuses ids in the filter that are none', async () => {
    const filter = { accountIds: [gid('User', uuidv7())] }
    const events = await world.listen(world.agent, source, { filter })
    expect(events.refused).toEqual([expect.stringMatching(/^BAD_REQUEST: .*is the id of a User/)])
  })
})

describe('many subscribers with the same operation', () => {
  it.each([
    ['who see all tickets', () => Promise.resolve(world.agent), {}],
    [
      'who are restricted to a group',
      () => addAgent(world, 'GROUPS', [world.groupId]),
      { groupId: () => world.groupId },
    ],
  ])('%s cost the database no more than one', async (_name, subscriber, where) => {
    const source = `subscription { ticketEvents {
      type actor { user { name } } comment { body author { name } }
      ticket { number requester { name xProfile { username } } comments(last: 3) { nodes { body author { name } } } }
    } }`
    const issued = async (subscribers: number) => {
      const all = []
      for (let index = 0; index < subscribers; index++) all.push(await world.listen(await subscriber(), source))
      const { id } = await world.openTicket('groupId' in where ? { groupId: where.groupId() } : {})
      await Promise.all(all.map((events) => events.next()))
      world.sql.length = 0
      await world.addComment(id)
      const heard = await Promise.all(all.map((events) => events.next()))
      for (const { data, errors } of heard) {
        expect(errors).toEqual([])
        expect(data).toEqual(heard[0]?.data)
      }
      for (const events of all) await events.stop()
      return world.sql.length
    }
    const one = await issued(1)
    expect(await issued(25)).toBe(one)
  })
})
