import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Prisma } from '../../src/generated/prisma/client.ts'
import { createWorld, gid, type World } from './world.ts'

/** F19: the list of incoming posts, its filters, its order and its pages. */

let world: World
let other: string
const hour = (n: number) => new Date(Date.UTC(2026, 5, 1, n))

beforeAll(async () => {
  world = await createWorld()
  other = uuidv7()
  await world.store.prisma.account.create({ data: { id: other, xUserId: '2', screenName: 'emca', name: 'Emca' } })
  const ticket = await world.openTicket()
  await add({ id: '10', text: 'the parcel is late', postedAt: hour(1) })
  await add({ id: '11', text: 'the parcel came early', postedAt: hour(2), authorId: '101' })
  // Two of one moment: the id breaks the tie.
  await add({ id: '12', postedAt: hour(3), reason: 'TICKET_FULL' })
  await add({ id: '13', postedAt: hour(3), reason: 'AUTHOR_SUSPENDED' })
  await add({ id: '14', postedAt: hour(4), accountId: other })
  await add({ id: '15', postedAt: hour(5), state: 'IGNORED', reason: 'DELETED', text: '' })
  await add({ id: '16', postedAt: hour(6), state: 'IGNORED', reason: 'DISMISSED', accountId: other })
  await add({ id: '17', postedAt: hour(7), state: 'CONVERTED', ticketId: ticket.id })
})
afterAll(() => world.close())

function add(data: { id: string } & Partial<Prisma.IncomingPostUncheckedCreateInput>) {
  return world.store.prisma.incomingPost.create({
    data: {
      accountId: world.accountId,
      authorId: '100',
      conversationId: data.id,
      text: `post ${data.id}`,
      state: 'WAITING',
      reason: 'CAPTURE_OFF',
      postedAt: hour(0),
      ...data,
    },
  })
}

interface Page {
  readonly incomingPosts: {
    readonly totalCount: number
    readonly position: string
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string; readonly startCursor: string }
    readonly nodes: readonly { readonly xPostId: string }[]
  }
}

const LIST = `query ($filter: IncomingPostFilter, $orderBy: IncomingPostOrder! = {}, $first: Int, $after: String, $last: Int,
    $before: String) {
  incomingPosts(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount position pageInfo { hasNextPage endCursor startCursor } nodes { xPostId } } }`

async function page(variables: object) {
  const { data, errors } = await world.ask<Page>(world.admin, LIST, { ...variables })
  expect(errors).toEqual([])
  const { nodes, ...rest } = data.incomingPosts
  return { ids: nodes.map(({ xPostId }) => xPostId), ...rest }
}

const ALL = ['WAITING', 'CONVERTED', 'IGNORED']

describe('incoming posts', () => {
  it.each<[what: string, filter: object | null, ids: string[]]>([
    ['are those that wait, the newest first', null, ['14', '13', '12', '11', '10']],
    ['are all of them when all states are named', { states: ALL }, ['17', '16', '15', '14', '13', '12', '11', '10']],
    ['of some states', { states: ['IGNORED', 'CONVERTED'] }, ['17', '16', '15']],
    ['of no state are none', { states: [] }, []],
    ['for some reasons', { states: ALL, reasons: ['TICKET_FULL', 'DELETED'] }, ['15', '12']],
    ['by a handle, however it is spelled', { authorUsername: ' @BOB ' }, ['11']],
    ['by nobody known', { authorUsername: 'nobody' }, []],
    ['with all of some words', { text: 'parcel late' }, ['10']],
    ['without a word', { text: 'parcel -late' }, ['11']],
    ['posted after and before', { postedAfter: hour(1), postedBefore: hour(4) }, ['13', '12', '11']],
  ])('%s', async (_what, filter, ids) => {
    const found = await page({ filter })
    expect(found.ids).toEqual(ids)
    expect(found.totalCount).toBe(ids.length)
  })

  it('are those of some accounts', async () => {
    const accountIds = [gid('Account', other)]
    expect((await page({ filter: { accountIds } })).ids).toEqual(['14'])
    expect((await page({ filter: { accountIds, states: ALL } })).ids).toEqual(['16', '14'])
    const both = [gid('Account', other), gid('Account', world.accountId), gid('Account', other)]
    const all = await page({ filter: { accountIds: both, states: [...ALL, 'WAITING'] } })
    expect(all.ids).toHaveLength(8)
    expect(all.totalCount).toBe(8)
  })

  it.each(['ASC', 'DESC'])('come page by page, each once, forwards and backwards (%s)', async (direction) => {
    const wanted = { filter: { states: ALL }, orderBy: { field: 'POSTED_AT', direction } }
    const { ids } = await page(wanted)
    const forwards: string[] = []
    for (let after: string | null = null; ; ) {
      const next = await page({ ...wanted, first: 3, after })
      forwards.push(...next.ids)
      if (!next.pageInfo.hasNextPage) break
      after = next.pageInfo.endCursor
    }
    expect(forwards).toEqual(ids)
    const backwards: string[] = []
    for (let before: string | null = null; backwards.length < ids.length; ) {
      const previous = await page({ ...wanted, last: 3, before })
      expect(previous.ids.length).toBeGreaterThan(0)
      backwards.unshift(...previous.ids)
      before = previous.pageInfo.startCursor
    }
    expect(backwards).toEqual(ids)
  })

  it('show who wrote them, for whom, and what became of them', async () => {
    const { data, errors } = await world.ask(
      world.admin,
      `{ incomingPosts(filter: { states: [CONVERTED] }) { nodes { id xPostId text author { username } account { screenName }
         conversationId inReplyToPostId state reason ticket { number } postedAt editedAt url } } }`,
    )
    expect(errors).toEqual([])
    expect(data).toEqual({
      incomingPosts: {
        nodes: [
          {
            id: gid('IncomingPost', '17'),
            xPostId: '17',
            text: 'post 17',
            author: { username: 'ada' },
            account: { screenName: 'acme' },
            conversationId: '17',
            inReplyToPostId: null,
            state: 'CONVERTED',
            reason: 'CAPTURE_OFF',
            ticket: { number: 1 },
            postedAt: hour(7).toISOString(),
            editedAt: null,
            url: 'https://x.com/ada/status/17',
          },
        ],
      },
    })
  })

  it.each([
    ['a cursor of another order', { after: '', orderBy: { direction: 'ASC' } }],
    ['an account that is none', { filter: { accountIds: [gid('Ticket', uuidv7())] } }],
    ['a cursor with an id that is none', { after: cursor(['POSTED_AT DESC', hour(1).toISOString(), "1'; --"]) }],
    ['too many words', { filter: { text: 'x'.repeat(201) } }],
  ])('refuse %s', async (_what, variables) => {
    const { endCursor } = (await page({ first: 1 })).pageInfo
    const after = 'after' in variables ? variables.after || endCursor : null
    const { errors } = await world.ask(world.admin, LIST, { ...variables, after })
    expect(errors.join()).toMatch(/^BAD_REQUEST/)
  })
})

function cursor(place: unknown[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

it('a page then a subscription after its position misses nothing and repeats nothing', async () => {
  const { position } = await page({})
  const ids = [gid('IncomingPost', '10')]
  const { errors } = await world.ask(
    world.admin,
    'mutation ($ids: [ID!]!) { dismissIncomingPosts(input: { ids: $ids }) { position } }',
    { ids },
  )
  expect(errors).toEqual([])
  const events = await world.listen<{ incomingPostEvents: { type: string; incomingPost: { xPostId: string } } }>(
    world.admin,
    `subscription ($after: Position, $filter: IncomingPostEventFilter) {
       incomingPostEvents(after: $after, filter: $filter) { type incomingPost { xPostId } } }`,
    { after: position, filter: { accountIds: [gid('Account', world.accountId)] } },
  )
  expect((await events.next()).data).toEqual({
    incomingPostEvents: { type: 'DISMISSED', incomingPost: { xPostId: '10' } },
  })
  await events.stop()
})
