import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

/*
 * The SQL of the main operations, in shape and in number. Each runs over a few objects and over many:
 * the number must not change (no N+1), and the shapes are kept in the snapshot.
 */

let world: World
const ids: string[] = []

beforeAll(async () => {
  world = await createWorld()
  for (let index = 0; index < 12; index++) {
    const { id } = await world.openTicket({
      assigneeId: index % 2 ? world.agent.userId : world.admin.userId,
      groupId: world.groupId,
      requesterId: index % 3 ? world.customer.userId : world.stranger.userId,
    })
    await world.addComment(id, { authorId: world.agent.userId, direction: 'OUTBOUND' })
    ids.push(gid('Ticket', id))
  }
  for (let index = 0; index < 10; index++)
    await world.addComment(await rawId(0), { authorId: index % 2 ? world.agent.userId : world.customer.userId })
})
afterAll(() => world.close())

const rawId = async (index: number) =>
  (await world.store.prisma.ticket.findFirstOrThrow({ where: { number: index + 1 } })).id

/** The statement without what differs from run to run: parameters, lists, columns, layout. */
function shape(sql: string): string {
  return sql
    .replace(/\s+/g, ' ')
    .replaceAll('"public".', '')
    .replace(/^ ?SELECT "(\w+)"\."\w+".*? FROM/, 'SELECT $1.* FROM')
    .replace(/RETURNING "(\w+)".*$/, 'RETURNING $1.*')
    .replace(/\((\$\d+,? ?)+\)/g, '($…)')
    .replace(/\$\d+/g, '$')
    .replace(/ OFFSET \$$/, '')
    .trim()
}

async function issued(work: () => Promise<readonly string[]>): Promise<string[]> {
  world.sql.length = 0
  expect(await work()).toEqual([])
  // Sorted: Prisma reads relations side by side, in no order of their own.
  return world.sql.map(shape).toSorted()
}

const ask =
  (source: string, variables = {}, viewer = world.agent) =>
  async () =>
    (await world.ask(viewer, source, variables)).errors

const PAGE = `query($first: Int!) { tickets(first: $first) { totalCount position pageInfo { hasNextPage endCursor } nodes {
  id number subject status priority tags createdAt
  requester { name xProfile { username followersCount verified } } account { screenName }
  assignee { name } group { name }
  comments(last: 3) { nodes { body author { name xProfile { username } } } }
} } }`

it('a page of tickets, with all that a list shows of them', async () => {
  const few = await issued(ask(PAGE, { first: 1 }))
  const many = await issued(ask(PAGE, { first: 12 }))
  expect(many).toEqual(few)
  expect(many).toMatchSnapshot()
})

it('a page of tickets that asks for comments in two ways, through fragments', async () => {
  const source = `query($first: Int!) { tickets(first: $first) { edges { node { ...T } } } }
    fragment T on Ticket { newest: comments(last: 1) { ...C } ... on Ticket { oldest: comments(first: 1) { ...C } } }
    fragment C on CommentConnection { edges { node { body author { name } } } }`
  const few = await issued(ask(source, { first: 1 }))
  const many = await issued(ask(source, { first: 12 }))
  expect(many).toEqual(few)
  expect(many).toMatchSnapshot()
})

it('a ticket with its comments and who wrote them', async () => {
  const source = `query($id: ID!) { ticket(id: $id) { number subject comments(first: 50) { totalCount edges { cursor node {
    body author { name role xProfile { username } }
  } } } } }`
  const few = await issued(ask(source, { id: ids[1] }))
  const many = await issued(ask(source, { id: ids[0] }))
  expect(many).toEqual(few)
  expect(many).toMatchSnapshot()
})

it('many tickets as nodes, with their comments', async () => {
  const source = `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Ticket { number requester { name }
    comments(last: 2) { nodes { body author { name } } } } } }`
  const few = await issued(ask(source, { ids: ids.slice(0, 2) }))
  const many = await issued(ask(source, { ids }))
  expect(many).toEqual(few)
  expect(many).toMatchSnapshot()
})

describe('incoming posts', () => {
  const posts = Array.from({ length: 24 }, (_, index) => String(index + 1))
  beforeAll(async () => {
    await world.store.prisma.account.updateMany({ data: { captureMentions: false, manualConversion: true } })
    await world.store.prisma.incomingPost.createMany({
      data: posts.map((id, index) => ({
        id,
        accountId: world.accountId,
        authorId: index % 2 ? '100' : '101',
        conversationId: id,
        text: `post ${id}`,
        state: 'WAITING',
        reason: 'CAPTURE_OFF',
        postedAt: new Date(index),
      })),
    })
  })

  it('a page of them, with all that a list shows of them', async () => {
    const source = `query($first: Int!) { incomingPosts(first: $first) { totalCount position nodes {
      id xPostId text state reason url author { username name } account { screenName } ticket { number } } } }`
    const few = await issued(ask(source, { first: 1 }, world.admin))
    const many = await issued(ask(source, { first: 12 }, world.admin))
    expect(many).toEqual(few)
    expect(many).toMatchSnapshot()
  })

  it('convertPosts', async () => {
    const source = `mutation($ids: [ID!]!) { convertPosts(input: { ids: $ids }) { position results { index outcome
      incomingPost { state author { username } ticket { number } } ticket { number requester { name } } error { code } } } }`
    const ids = posts.map((id) => gid('IncomingPost', id))
    const few = await issued(ask(source, { ids: ids.slice(0, 2) }, world.admin))
    const many = await issued(ask(source, { ids: ids.slice(2) }, world.admin))
    expect(many).toEqual(few)
    expect(many).toMatchSnapshot()
  })
})

it('the viewer', async () => {
  expect(await issued(ask('{ viewer { id name role email groups { name } xProfile { username } } }'))).toMatchSnapshot()
})

it('the accounts', async () => {
  expect(await issued(ask('{ accounts { id screenName name status isDefault } }'))).toMatchSnapshot()
})

it('groups with their members, to assign from', async () => {
  expect(await issued(ask('{ groups { nodes { id name members { id name } } } }'))).toMatchSnapshot()
})

it('updateTicket', async () => {
  const source = `mutation($input: UpdateTicketInput!) { updateTicket(input: $input) {
    position userErrors { code } ticket { number status assignee { name } tags }
  } }`
  const input = { ticketId: ids[3], status: 'PENDING', addTags: ['a'], assigneeId: gid('User', world.agent.userId) }
  expect(await issued(ask(source, { input }))).toMatchSnapshot()
})

it('addNote', async () => {
  const source =
    'mutation($input: AddNoteInput!) { addNote(input: $input) { position comment { body author { name } } } }'
  expect(await issued(ask(source, { input: { ticketId: ids[4], body: 'x' } }))).toMatchSnapshot()
})

it('a ticketCreated payload', async () => {
  const events = await world.listen(
    world.agent,
    `subscription { ticketCreated { position ticket { number subject requester { name xProfile { username followersCount } }
      account { screenName } comments(first: 1) { nodes { body author { name } } } } } }`,
  )
  await world.openTicket()
  expect(await issued(async () => (await events.next()).errors)).toMatchSnapshot()
  await events.stop()
})
