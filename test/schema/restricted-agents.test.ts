import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { addAgent, addGroup } from './agents.ts'
import { createWorld, gid, type World } from './world.ts'

/* F54, F56: what a restricted agent does not see is not there, by whatever way they ask. */

type Ticket = Awaited<ReturnType<World['openTicket']>>

let world: World
let agents: Record<'ofGroups' | 'ofAssigned', Viewer>
let tickets: Record<'ofMyGroup' | 'mine' | 'opened' | 'foreign' | 'loose', Ticket>
let note: string
let foreignNote: string

beforeAll(async () => {
  world = await createWorld()
  const foreignGroup = await addGroup(world)
  agents = {
    ofGroups: await addAgent(world, 'GROUPS', [world.groupId]),
    ofAssigned: await addAgent(world, 'ASSIGNED', [world.groupId]),
  }
  const loose = await world.openTicket({ body: 'loose' })
  tickets = {
    loose,
    ofMyGroup: await world.openTicket({ body: 'of my group', groupId: world.groupId, tags: ['vip'] }),
    mine: await world.openTicket({
      body: 'mine, parcel',
      groupId: foreignGroup,
      assigneeId: agents.ofAssigned.userId,
      followUpOfId: loose.id,
    }),
    opened: await world.openTicket({ body: 'opened by me', requesterId: agents.ofAssigned.userId }),
    foreign: await world.openTicket({
      body: 'foreign, parcel',
      groupId: foreignGroup,
      assigneeId: world.agent.userId,
      tags: ['vip'],
    }),
  }
  const team = { visibility: 'PRIVATE', direction: 'OUTBOUND', authorId: world.agent.userId } as const
  note = (await world.addComment(tickets.mine.id, { ...team, body: 'careful' })).id
  foreignNote = (await world.addComment(tickets.foreign.id, { ...team, body: 'secret' })).id
})
afterAll(() => world.close())

async function asked<T = unknown>(viewer: Viewer, source: string, variables = {}): Promise<T> {
  const { data, errors } = await world.ask<T>(viewer, source, variables)
  expect(errors).toEqual([])
  return data
}

const names = (list: { nodes: { subject: string }[] }) => list.nodes.map(({ subject }) => subject)

describe('a restricted agent', () => {
  it('lists and counts what they see, and pages through it from both ends', async () => {
    const source = `query($first: Int, $last: Int, $after: String, $before: String) {
      tickets(first: $first, last: $last, after: $after, before: $before) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { subject }
      } }`
    type Page = {
      tickets: {
        totalCount: number
        pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
        nodes: { subject: string }[]
      }
    }
    const { tickets: first } = await asked<Page>(agents.ofAssigned, source, { first: 1 })
    expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true, hasPreviousPage: false } })
    expect(names(first)).toEqual(['opened by me'])
    const { tickets: second } = await asked<Page>(agents.ofAssigned, source, {
      first: 1,
      after: first.pageInfo.endCursor,
    })
    expect(second).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: false } })
    expect(names(second)).toEqual(['mine, parcel'])
    const { tickets: last } = await asked<Page>(agents.ofAssigned, source, { last: 1 })
    expect(names(last)).toEqual(['mine, parcel'])
    const { tickets: before } = await asked<Page>(agents.ofAssigned, source, {
      last: 5,
      before: last.pageInfo.startCursor,
    })
    expect(names(before)).toEqual(['opened by me'])

    const { tickets: ofGroups } = await asked<Page>(agents.ofGroups, source)
    expect(ofGroups.totalCount).toBe(1)
    expect(names(ofGroups)).toEqual(['of my group'])
    const { tickets: all } = await asked<Page>(world.agent, source)
    expect(all.totalCount).toBe(5)
  })

  it.each([
    ['tags', { tags: { anyOf: ['vip'] } }, ['of my group'], []],
    ['words', { text: 'parcel' }, [], ['mine, parcel']],
    ['words of notes', { text: 'secret' }, [], []],
    ['words of notes that they may read', { text: 'careful' }, [], ['mine, parcel']],
    ['statuses', { statuses: ['NEW'] }, ['of my group'], ['opened by me', 'mine, parcel']],
    ['nobody works on it', { unassigned: true }, ['of my group'], ['opened by me']],
  ])('finds no other by a filter: %s', async (_name, filter, ofGroups, ofAssigned) => {
    const source = 'query($filter: TicketFilter) { tickets(filter: $filter) { totalCount nodes { subject } } }'
    for (const [viewer, found] of [
      [agents.ofGroups, ofGroups],
      [agents.ofAssigned, ofAssigned],
    ] as const) {
      expect(await asked(viewer, source, { filter })).toEqual({
        tickets: { totalCount: found.length, nodes: found.map((subject) => ({ subject })) },
      })
    }
  })

  it('finds by id, number, node and nodes what they see, and nothing else', async () => {
    const source = `query($id: ID!, $number: Int!) {
      ticket(id: $id) { subject } byNumber: ticket(number: $number) { subject }
      node(id: $id) { ... on Ticket { subject } } nodes(ids: [$id]) { ... on Ticket { subject } }
    }`
    const found = async (viewer: Viewer, { id, number }: Ticket) =>
      asked(viewer, source, { id: gid('Ticket', id), number })
    const nothing = { ticket: null, byNumber: null, node: null, nodes: [null] }
    const all = (subject: string) => ({
      ticket: { subject },
      byNumber: { subject },
      node: { subject },
      nodes: [{ subject }],
    })
    expect(await found(agents.ofGroups, tickets.ofMyGroup)).toEqual(all('of my group'))
    expect(await found(agents.ofAssigned, tickets.mine)).toEqual(all('mine, parcel'))
    for (const hidden of [tickets.foreign, tickets.loose, tickets.mine, tickets.opened])
      expect(await found(agents.ofGroups, hidden)).toEqual(nothing)
    for (const hidden of [tickets.foreign, tickets.loose, tickets.ofMyGroup])
      expect(await found(agents.ofAssigned, hidden)).toEqual(nothing)
  })

  it('reads comments, private ones too, of the tickets that they see, and fetches no others', async () => {
    const ids = [note, foreignNote, tickets.loose.commentId, tickets.ofMyGroup.commentId].map((id) =>
      gid('Comment', id),
    )
    const source = 'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { body ticket { subject } } } }'
    expect(await asked(agents.ofAssigned, source, { ids })).toEqual({
      nodes: [{ body: 'careful', ticket: { subject: 'mine, parcel' } }, null, null, null],
    })
    expect(await asked(agents.ofGroups, source, { ids })).toEqual({
      nodes: [null, null, null, { body: 'of my group', ticket: { subject: 'of my group' } }],
    })
    const counted = '{ tickets { nodes { comments { totalCount nodes { body } } } } }'
    expect(await asked(agents.ofAssigned, counted)).toEqual({
      tickets: {
        nodes: [
          { comments: { totalCount: 1, nodes: [{ body: 'opened by me' }] } },
          { comments: { totalCount: 2, nodes: [{ body: 'mine, parcel' }, { body: 'careful' }] } },
        ],
      },
    })
  })

  it('is not told which closed ticket theirs continues, unless they see that', async () => {
    const source = 'query($id: ID!) { ticket(id: $id) { followUpOf { subject } } }'
    const id = gid('Ticket', tickets.mine.id)
    expect(await asked(agents.ofAssigned, source, { id })).toEqual({ ticket: { followUpOf: null } })
    expect(await asked(world.agent, source, { id })).toEqual({ ticket: { followUpOf: { subject: 'loose' } } })
  })

  it.each(['foreign', 'loose', 'ofMyGroup'] as const)(
    'changes nothing of a ticket that they do not see: %s',
    async (which) => {
      const ticketId = gid('Ticket', tickets[which].id)
      const before = await world.store.log.head()
      expect(
        await asked(
          agents.ofAssigned,
          `mutation($id: ID!) {
            updateTicket(input: { ticketId: $id, priority: HIGH }) { ticket { id } userErrors { code field } }
            addNote(input: { ticketId: $id, body: "mine now" }) { comment { id } userErrors { code field } }
          }`,
          { id: ticketId },
        ),
      ).toEqual({
        updateTicket: { ticket: null, userErrors: [{ code: 'NOT_FOUND', field: ['ticketId'] }] },
        addNote: { comment: null, userErrors: [{ code: 'NOT_FOUND', field: ['ticketId'] }] },
      })
      expect(await world.store.log.head()).toEqual(before)
    },
  )

  it('works the tickets that they see, and may give one away: then it is gone', async () => {
    const { id } = await world.openTicket({ groupId: world.groupId })
    const ticketId = gid('Ticket', id)
    expect(
      await asked(
        agents.ofGroups,
        'mutation($id: ID!) { addNote(input: { ticketId: $id, body: "look" }) { comment { body } userErrors { code } } }',
        { id: ticketId },
      ),
    ).toEqual({ addNote: { comment: { body: 'look' }, userErrors: [] } })
    expect(
      await asked(
        agents.ofGroups,
        'mutation($id: ID!) { updateTicket(input: { ticketId: $id, groupId: null }) { ticket { id } userErrors { code } } }',
        { id: ticketId },
      ),
    ).toEqual({ updateTicket: { ticket: null, userErrors: [] } })
    expect(await asked(agents.ofGroups, 'query($id: ID!) { ticket(id: $id) { id } }', { id: ticketId })).toEqual({
      ticket: null,
    })
    expect(await asked(world.agent, 'query($id: ID!) { ticket(id: $id) { group { id } } }', { id: ticketId })).toEqual({
      ticket: { group: null },
    })
  })
})

describe('an administrator', () => {
  it('sees the ticket of an incoming post, and every other', async () => {
    await world.store.prisma.incomingPost.create({
      data: {
        id: '777',
        accountId: world.accountId,
        authorId: '100',
        text: 'hello',
        conversationId: '777',
        state: 'CONVERTED',
        ticketId: tickets.loose.id,
        postedAt: new Date(),
      },
    })
    expect(
      await asked(world.admin, 'query($id: ID!) { node(id: $id) { ... on IncomingPost { ticket { subject } } } }', {
        id: gid('IncomingPost', '777'),
      }),
    ).toEqual({ node: { ticket: { subject: 'loose' } } })
  })
})
