import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

interface Tickets {
  readonly tickets: {
    readonly totalCount: number
    readonly nodes: readonly { readonly number: number; readonly status: string; readonly priority: string | null }[]
  }
}

async function numbers(filter: Record<string, unknown>, orderBy?: Record<string, unknown>): Promise<number[]> {
  const { data, errors } = await world.ask<Tickets>(
    world.agent,
    `query($filter: TicketFilter, $orderBy: TicketOrder! = { field: NUMBER, direction: ASC }) {
      tickets(filter: $filter, orderBy: $orderBy) { totalCount nodes { number status priority } }
    }`,
    { filter, ...(orderBy && { orderBy }) },
  )
  expect(errors).toEqual([])
  expect(data.tickets.totalCount).toBe(data.tickets.nodes.length)
  return data.tickets.nodes.map(({ number }) => number)
}

describe('tickets', () => {
  let ids: string[]
  beforeAll(async () => {
    const day = (n: number) => new Date(Date.UTC(2026, 0, n))
    const tickets = [
      await world.openTicket({ body: 'The parcel is late', createdAt: day(1), updatedAt: day(9), tags: ['late'] }),
      await world.openTicket({ body: 'Invoice twice', createdAt: day(2), updatedAt: day(8), priority: 'URGENT' }),
      await world.openTicket({ body: 'Thanks!', createdAt: day(3), updatedAt: day(7), status: 'CLOSED' }),
      await world.openTicket({ body: 'Late again', createdAt: day(4), updatedAt: day(6), tags: ['late', 'vip'] }),
      await world.openTicket({ body: 'Broken', createdAt: day(5), updatedAt: day(5), assigneeId: world.agent.userId }),
    ]
    ids = tickets.map(({ id }) => id)
    await world.addComment(ids[1] ?? '', { body: 'A parcel of questions' })
    expect(tickets.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
  })

  it('come newest first, unless told otherwise', async () => {
    const { data } = await world.ask<Tickets>(world.agent, '{ tickets { nodes { number } } }')
    expect(data.tickets.nodes.map(({ number }) => number)).toEqual([5, 4, 3, 2, 1])
  })

  it.each([
    ['CREATED_AT', [1, 2, 3, 4, 5]],
    ['UPDATED_AT', [5, 4, 3, 2, 1]],
    ['NUMBER', [1, 2, 3, 4, 5]],
    ['PRIORITY', [1, 3, 4, 5, 2]],
    ['STATUS', [1, 2, 4, 5, 3]],
  ])('can be ordered by %s, both ways', async (field, expected) => {
    expect(await numbers({}, { field, direction: 'ASC' })).toEqual(expected)
    expect(await numbers({}, { field, direction: 'DESC' })).toEqual(expected.toReversed())
  })

  it.each<[string, Record<string, unknown>, number[]]>([
    ['by status', { statuses: ['CLOSED'] }, [3]],
    ['by nothing at all, which an empty list asks for', { statuses: [] }, []],
    ['by channel', { channels: ['X_CORP_DM'] }, []],
    ['by priority', { priorities: ['URGENT', 'HIGH'] }, [2]],
    ['by tags', { tags: { anyOf: [' LATE '], noneOf: ['vip'] } }, [1]],
    ['by words of the subject', { text: 'late parcel' }, [1]],
    ['by words of subjects and of comments', { text: 'parcel' }, [1, 2]],
    ['by words that must not be there', { text: 'late -again' }, [1]],
    ['by words that stand together', { text: '"parcel of questions"' }, [2]],
    ['by a text without words', { text: '!?' }, []],
    [
      'by when they were opened',
      { createdAfter: '2026-01-01T00:00:00Z', createdBefore: '2026-01-04T00:00:00Z' },
      [2, 3],
    ],
    ['by a moment before all history', { createdAfter: '0000-01-01T00:00:00Z', statuses: ['CLOSED'] }, [3]],
    ['by when they changed', { updatedAfter: '2026-01-07T00:00:00Z', updatedBefore: '2026-01-09T00:00:00Z' }, [2]],
    ['by nobody being assigned', { unassigned: true, statuses: ['NEW'] }, [1, 2, 4]],
  ])('can be filtered %s', async (_what, filter, expected) => {
    expect(await numbers(filter)).toEqual(expected)
  })

  it('can be filtered by who and where', async () => {
    const { agent, customer, stranger, accountId, groupId } = world
    expect(await numbers({ assigneeIds: [gid('User', agent.userId)] })).toEqual([5])
    expect(await numbers({ assigneeIds: [gid('User', agent.userId)], unassigned: true })).toEqual([1, 2, 3, 4, 5])
    expect(await numbers({ requesterIds: [gid('User', stranger.userId)] })).toEqual([])
    expect(await numbers({ requesterIds: [gid('User', customer.userId)], statuses: ['CLOSED'] })).toEqual([3])
    expect(await numbers({ accountIds: [gid('Account', accountId)] })).toHaveLength(5)
    expect(await numbers({ groupIds: [gid('Group', groupId)] })).toEqual([])
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['an id that is none', { accountIds: ['nonsense'] }, /^BAD_REQUEST: "nonsense" is not an id/],
    ['the id of something else', { groupIds: [gid('User', uuidv7())] }, /^BAD_REQUEST: .* is the id of a User/],
    ['too many entries', { tags: { anyOf: Array.from({ length: 101 }, () => 'a') } }, /^BAD_REQUEST: .*at most 100/],
    ['too long a text', { text: 'x'.repeat(201) }, /^BAD_REQUEST: .*200 characters/],
    ['what is not text', { text: 'a\u0000' }, /^BAD_REQUEST: .*not text/],
  ])('refuse %s in the filter', async (_what, filter, message) => {
    const { errors } = await world.ask(world.agent, 'query($f: TicketFilter) { tickets(filter: $f) { totalCount } }', {
      f: filter,
    })
    expect(errors).toEqual([expect.stringMatching(message)])
  })

  it('are found one by one, by id or by number', async () => {
    const id = gid('Ticket', ids[1] ?? '')
    const byId = await world.ask(world.agent, 'query($id: ID) { ticket(id: $id) { number subject tags } }', { id })
    const byNumber = await world.ask(world.agent, '{ ticket(number: 2) { number subject tags } }')
    expect(byId).toEqual({ data: { ticket: { number: 2, subject: 'Invoice twice', tags: [] } }, errors: [] })
    expect(byNumber).toEqual(byId)
    const missing = await world.ask(world.agent, '{ ticket(number: 77) { number } }')
    expect(missing).toEqual({ data: { ticket: null }, errors: [] })
  })

  it.each(['', '(id: "x", number: 1)', '(id: null)'])('ticket%s is refused: one of both is needed', async (args) => {
    const { errors } = await world.ask(world.agent, `{ ticket${args} { number } }`)
    expect(errors).toEqual([expect.stringMatching(/^BAD_REQUEST: Give either/)])
  })

  it('are found as nodes, with the others, in the order asked for', async () => {
    const { data, errors } = await world.ask(
      world.agent,
      'query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Ticket { number } ... on Group { name } } }',
      { ids: [gid('Group', world.groupId), gid('Ticket', ids[0] ?? ''), gid('Ticket', uuidv7())] },
    )
    expect(errors).toEqual([])
    expect(data).toEqual({
      nodes: [
        { __typename: 'Group', id: gid('Group', world.groupId), name: 'Billing' },
        { __typename: 'Ticket', id: gid('Ticket', ids[0] ?? ''), number: 1 },
        null,
      ],
    })
  })

  it.each(['garbage', 'VGlja2V0OjE=', gid('Ticket', 'x'), Buffer.from(`Job:${uuidv7()}`).toString('base64')])(
    'node(id: "%s") is refused: it is no id',
    async (id) => {
      const { errors } = await world.ask(world.agent, 'query($id: ID!) { node(id: $id) { id } }', { id })
      expect(errors).toEqual([expect.stringMatching(/^BAD_REQUEST: .* is not an id/)])
    },
  )

  it('are not fetched by more than 100 ids at once', async () => {
    const { errors } = await world.ask(world.agent, 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: Array.from({ length: 101 }, () => gid('Ticket', uuidv7())),
    })
    expect(errors).toEqual([expect.stringMatching(/^BAD_REQUEST: At most 100/)])
  })
})
