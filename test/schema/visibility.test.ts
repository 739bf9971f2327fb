import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, createWorld, gid, type World } from './world.ts'

/* F53, F54, F56: an end user sees their own tickets, and on them what is public, by whatever way they ask. */

let world: World
let own: { id: string; number: number; commentId: string }
let foreign: { id: string; number: number; commentId: string }
let note: string

beforeAll(async () => {
  world = await createWorld()
  own = await world.openTicket({ body: 'Mine', tags: ['difficult'], groupId: world.groupId })
  foreign = await world.openTicket({ body: 'Not mine', requesterId: world.stranger.userId })
  note = (
    await world.addComment(own.id, {
      body: 'customer is furious',
      visibility: 'PRIVATE',
      direction: 'OUTBOUND',
      authorId: world.agent.userId,
    })
  ).id
  await world.addComment(own.id, { body: 'We look into it', direction: 'OUTBOUND', authorId: world.agent.userId })
})
afterAll(() => world.close())

const asked = async (source: string, variables = {}) => {
  const { data, errors } = await world.ask(world.customer, source, variables)
  expect(errors).toEqual([])
  return data
}
const FORBIDDEN = [expect.stringMatching(/^FORBIDDEN: /)]

describe('an end user', () => {
  it('lists and counts their own tickets only', async () => {
    expect(await asked('{ tickets { totalCount nodes { subject } } }')).toEqual({
      tickets: { totalCount: 1, nodes: [{ subject: 'Mine' }] },
    })
    expect(
      await asked('query($f: TicketFilter) { tickets(filter: $f) { totalCount nodes { subject } } }', {
        f: { requesterIds: [gid('User', world.stranger.userId)] },
      }),
    ).toEqual({ tickets: { totalCount: 0, nodes: [] } })
  })

  it('finds no other ticket, by id, number, node or nodes', async () => {
    const id = gid('Ticket', foreign.id)
    expect(
      await asked(
        `query($id: ID!) { ticket(id: $id) { id } byNumber: ticket(number: ${foreign.number}) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }`,
        { id },
      ),
    ).toEqual({ ticket: null, byNumber: null, node: null, nodes: [null] })
  })

  it('reads and counts public comments only, in lists, on one ticket and from either end', async () => {
    const comments = 'comments { totalCount nodes { body } } first: comments(first: 2) { nodes { body } }'
    const expected = {
      comments: { totalCount: 2, nodes: [{ body: 'Mine' }, { body: 'We look into it' }] },
      first: { nodes: [{ body: 'Mine' }, { body: 'We look into it' }] },
    }
    const id = gid('Ticket', own.id)
    expect(await asked(`{ tickets { nodes { ${comments} } } }`)).toEqual({ tickets: { nodes: [expected] } })
    expect(
      await asked(
        `query($id: ID!) { ticket(id: $id) { ${comments} } node(id: $id) { ... on Ticket { ${comments} } } }`,
        {
          id,
        },
      ),
    ).toEqual({ ticket: expected, node: expected })
    const { data } = await world.ask(
      world.agent,
      `{ tickets(filter: {statuses: [NEW]}, last: 1) { nodes { ${comments} } } }`,
    )
    expect(data).toMatchObject({ tickets: { nodes: [{ comments: { totalCount: 3 } }] } })
  })

  it('fetches neither a private note nor another’s comment as a node', async () => {
    const ids = [own.commentId, note, foreign.commentId].map((id) => gid('Comment', id))
    expect(await asked('query($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { body } } }', { ids })).toEqual({
      nodes: [{ body: 'Mine' }, null, null],
    })
    const { data } = await world.ask(
      world.agent,
      'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { body } } }',
      {
        ids,
      },
    )
    expect(data).toEqual({ nodes: [{ body: 'Mine' }, { body: 'customer is furious' }, { body: 'Not mine' }] })
  })

  it('cannot find out the words of a private note by searching for them', async () => {
    const source = '{ tickets(filter: { text: "furious" }) { totalCount } }'
    expect(await asked(source)).toEqual({ tickets: { totalCount: 0 } })
    expect((await world.ask(world.agent, source)).data).toEqual({ tickets: { totalCount: 1 } })
    expect(await asked('{ tickets(filter: { text: "look" }) { totalCount } }')).toEqual({ tickets: { totalCount: 1 } })
  })

  it.each(['tags', 'group { name }'])('is refused a ticket’s { %s }, which is the team’s business', async (field) => {
    const { errors } = await world.ask(world.customer, `{ tickets { nodes { ${field} } } }`)
    expect(errors).toEqual(FORBIDDEN)
  })

  it.each([{ tags: { anyOf: ['difficult'] } }, { groupIds: [] }])('cannot filter by %j either', async (filter) => {
    const { errors } = await world.ask(
      world.customer,
      'query($f: TicketFilter) { tickets(filter: $f) { totalCount } }',
      { f: filter },
    )
    expect(errors).toEqual(FORBIDDEN)
  })

  it('sees who answers, but not how to reach them, and their own address', async () => {
    expect(
      await asked(
        '{ viewer { email } tickets { nodes { requester { email } comments { nodes { author { name email } } } } } }',
      ),
    ).toEqual({
      viewer: { email: 'ada@example.org' },
      tickets: {
        nodes: [
          {
            requester: { email: 'ada@example.org' },
            comments: {
              nodes: [
                { author: { name: 'Ada', email: 'ada@example.org' } },
                { author: { name: 'Grace', email: null } },
              ],
            },
          },
        ],
      },
    })
  })

  it.each(['role', 'active', 'createdAt', 'xProfile { username }'])('sees { %s } of themselves only', async (field) => {
    expect(await asked(`{ viewer { ${field} } tickets { nodes { requester { ${field} } } } }`)).toBeDefined()
    const { prisma } = world.store
    await prisma.ticket.update({ where: { id: own.id }, data: { assigneeId: world.agent.userId } })
    for (const where of ['assignee', 'comments { nodes { author']) {
      const braces = '} '.repeat(where.split('{').length - 1)
      const text = `{ tickets { nodes { ${where} { name ${field} } ${braces} } } }`
      const { data, errors } = await world.ask(world.customer, text)
      expect(errors.length).toBeGreaterThan(0)
      expect(new Set(errors)).toEqual(new Set(FORBIDDEN))
      // Nothing stands there half: the agent's name is told to those who ask for no more.
      expect(JSON.stringify(data)).not.toMatch(/"Grace","\w+":(?!null)/)
    }
  })

  it('fetches of people, accounts and groups only themselves, whatever stands beside them', async () => {
    const ids = [
      gid('User', world.agent.userId),
      gid('User', world.customer.userId),
      gid('Account', world.accountId),
      gid('Group', world.groupId),
      gid('User', world.stranger.userId),
    ]
    expect(await asked('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })).toEqual({
      nodes: [null, { id: ids[1] }, null, null, null],
    })
    for (const id of ids.filter((_, index) => index !== 1))
      expect(await asked('query($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
  })

  it('sees the face of the account, not how it is set up', async () => {
    expect(await asked('{ tickets { nodes { account { screenName name } } } }')).toEqual({
      tickets: { nodes: [{ account: { screenName: 'acme', name: 'Acme' } }] },
    })
    const { errors } = await world.ask(world.customer, '{ tickets { nodes { account { isDefault } } } }')
    expect(errors).toEqual(FORBIDDEN)
  })

  it('does not see another’s closed ticket that theirs continues', async () => {
    const closed = await world.openTicket({ status: 'CLOSED', requesterId: world.stranger.userId })
    const mine = await world.openTicket({ status: 'CLOSED' })
    const followUps = [
      await world.openTicket({ followUpOfId: closed.id }),
      await world.openTicket({ followUpOfId: mine.id }),
    ].map(({ id }) => gid('Ticket', id))
    const source = 'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Ticket { followUpOf { number } } } }'
    expect(await asked(source, { ids: followUps })).toEqual({
      nodes: [{ followUpOf: null }, { followUpOf: { number: mine.number } }],
    })
    expect((await world.ask(world.agent, source, { ids: followUps })).data).toEqual({
      nodes: [{ followUpOf: { number: closed.number } }, { followUpOf: { number: mine.number } }],
    })
  })

  it.each([
    ['updateTicket(input: { ticketId: $id, subject: "x" }) { position }'],
    ['addNote(input: { ticketId: $id, body: "x" }) { position }'],
  ])('may not %s, not even on their own', async (field) => {
    const { errors } = await world.ask(world.customer, `mutation($id: ID!) { ${field} }`, { id: gid('Ticket', own.id) })
    expect(errors).toEqual(FORBIDDEN)
  })

  it('who is nobody here sees nothing', async () => {
    const nobody = { ...world.stranger, userId: uuidv7() }
    const { data } = await world.ask(nobody, '{ tickets { totalCount } }')
    expect(data).toEqual({ tickets: { totalCount: 0 } })
  })
})

describe('live, an end user', () => {
  const source = `subscription($after: Position) {
    ticketEvents(after: $after) { type changes { field } comment { body } ticket { subject } }
  }`

  it('hears of their own tickets and public comments only', async () => {
    const events = await world.listen(world.customer, source)
    await world.openTicket({ requesterId: world.stranger.userId })
    const { id } = await world.openTicket({ body: 'Live' })
    await world.addComment(id, { visibility: 'PRIVATE', body: 'secret' })
    const input = { ticketId: gid('Ticket', id), addTags: ['rude'], groupId: gid('Group', world.groupId) }
    const update = 'mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { userErrors { code } } }'
    // Tags and group alone are nothing that they are told; with a status, the status is.
    await world.ask(world.agent, update, { input })
    await world.ask(world.agent, update, { input: { ticketId: input.ticketId, tags: [], status: 'PENDING' } })
    await world.addComment(id, { body: 'public' })
    const heard = await events.take(3)
    const ticket = { subject: 'Live' }
    expect(heard.map(({ data }) => data)).toEqual([
      { ticketEvents: { type: 'TICKET_CREATED', changes: [], comment: { body: 'Live' }, ticket } },
      { ticketEvents: { type: 'TICKET_UPDATED', changes: [{ field: 'status' }], comment: null, ticket } },
      { ticketEvents: { type: 'COMMENT_CREATED', changes: [], comment: { body: 'public' }, ticket } },
    ])
    await events.stop()
  })

  it('does not read what was public when it happened, but is private now', async () => {
    const { id, position } = await world.openTicket({ body: 'Regretted' })
    const comment = await world.addComment(id, { body: 'oops' })
    await world.store.prisma.comment.update({ where: { id: comment.id }, data: { visibility: 'PRIVATE' } })
    const events = await world.listen(world.customer, source, { after: at(position) })
    expect((await events.next()).data).toMatchObject({ ticketEvents: { type: 'COMMENT_CREATED', comment: null } })
    await events.stop()
  })

  it('cannot filter by what they do not see', async () => {
    const refused = await world.listen(
      world.customer,
      'subscription { ticketCreated(filter: { tags: { anyOf: ["x"] } }) { position } }',
    )
    expect(refused.refused).toEqual(FORBIDDEN)
  })
})
