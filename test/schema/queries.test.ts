import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

describe('without a token', () => {
  it.each([
    '{ viewer { name } }',
    '{ tickets { totalCount } }',
    '{ accounts { name } }',
    `{ node(id: "${gid('User', uuidv7())}") { id } }`,
    'mutation { addNote(input: { ticketId: "x", body: "y" }) { position } }',
  ])('%s is refused', async (source) => {
    const { data, errors } = await world.ask(null, source)
    expect(errors).toEqual([expect.stringMatching(/^UNAUTHENTICATED: /)])
    expect(Object.values((data ?? {}) as object)).toEqual(data === null ? [] : [null])
  })
  it('only the shape of the schema is told', async () => {
    const { data, errors } = await world.ask(null, '{ __typename __type(name: "Ticket") { name } }')
    expect({ data, errors }).toEqual({ data: { __typename: 'Query', __type: { name: 'Ticket' } }, errors: [] })
  })
})

describe('viewer', () => {
  it('is the person the token belongs to', async () => {
    const { data, errors } = await world.ask(world.agent, '{ viewer { id name role email groups { name } } }')
    expect(errors).toEqual([])
    expect(data).toEqual({
      viewer: {
        id: gid('User', world.agent.userId),
        name: 'Grace',
        role: 'AGENT',
        email: 'grace@example.org',
        groups: [{ name: 'Billing' }],
      },
    })
  })
})

describe('accounts, users and groups', () => {
  it('lists the accounts, without anything secret', async () => {
    const { data, errors } = await world.ask(
      world.agent,
      '{ accounts { id screenName status captureMentions allowReplies isDefault } }',
    )
    expect(errors).toEqual([])
    expect(data).toEqual({
      accounts: [
        {
          id: gid('Account', world.accountId),
          screenName: 'acme',
          status: 'ACTIVE',
          captureMentions: true,
          allowReplies: true,
          isDefault: false,
        },
      ],
    })
    const fields = Object.keys(fieldsOf('Account'))
    expect(fields).toContain('screenName')
    expect(fields.filter((field) => /token|secret|credential|key/i.test(field))).toEqual([])
  })
  it('lists people by name, of the roles asked for, page by page', async () => {
    const first = await world.ask<{ users: { pageInfo: { endCursor: string } } }>(
      world.agent,
      '{ users(roles: [ADMIN, AGENT], first: 1) { nodes { name } pageInfo { hasNextPage endCursor } } }',
    )
    expect(first.errors).toEqual([])
    expect(first.data).toMatchObject({ users: { nodes: [{ name: 'Grace' }], pageInfo: { hasNextPage: true } } })
    const second = await world.ask(
      world.agent,
      `query($after: String) { users(roles: [ADMIN, AGENT], after: $after) { nodes { name } pageInfo { hasNextPage } } }`,
      { after: first.data.users.pageInfo.endCursor },
    )
    expect(second.data).toEqual({ users: { nodes: [{ name: 'Root' }], pageInfo: { hasNextPage: false } } })
    const inactive = await world.ask(world.agent, '{ users(active: false) { nodes { name } } }')
    expect(inactive.data).toEqual({ users: { nodes: [] } })
  })
  it('lists groups with their members', async () => {
    const { data } = await world.ask(world.admin, '{ groups { nodes { id name members { name } } } }')
    expect(data).toEqual({
      groups: { nodes: [{ id: gid('Group', world.groupId), name: 'Billing', members: [{ name: 'Grace' }] }] },
    })
  })
  it.each(['accounts { name }', 'users { nodes { name } }', 'groups { nodes { name } }', 'viewer { groups { name } }'])(
    'refuses an end user { %s }',
    async (field) => {
      const { errors } = await world.ask(world.customer, `{ ${field} }`)
      expect(errors).toEqual([expect.stringMatching(/^FORBIDDEN: .*agents and administrators/)])
    },
  )
})

describe('the comments of a ticket', () => {
  it('come page by page, oldest first, from either end', async () => {
    const { id } = await world.openTicket({ body: 'one', createdAt: new Date('2026-02-01T00:00:00Z') })
    for (const [index, body] of ['two', 'three', 'four'].entries())
      await world.addComment(id, { body, postedAt: new Date(Date.UTC(2026, 1, 2 + index)) })
    const source = `query($id: ID, $after: String) { ticket(id: $id) {
      all: comments { totalCount nodes { body author { name } } }
      last: comments(last: 2) { nodes { body } pageInfo { hasPreviousPage hasNextPage startCursor } }
      next: comments(first: 2, after: $after) { edges { node { body } cursor } pageInfo { hasNextPage } }
    } }`
    const start = await world.ask<{ ticket: { last: { pageInfo: { startCursor: string } } } }>(world.agent, source, {
      id: gid('Ticket', id),
    })
    expect(start.errors).toEqual([])
    const author = { name: 'Ada' }
    expect(start.data).toMatchObject({
      ticket: {
        all: {
          totalCount: 4,
          nodes: [
            { body: 'one', author },
            { body: 'two', author },
            { body: 'three', author },
            { body: 'four', author },
          ],
        },
        last: {
          nodes: [{ body: 'three' }, { body: 'four' }],
          pageInfo: { hasPreviousPage: true, hasNextPage: false },
        },
        next: { edges: [{ node: { body: 'one' } }, { node: { body: 'two' } }], pageInfo: { hasNextPage: true } },
      },
    })
    const after = start.data.ticket.last.pageInfo.startCursor
    const rest = await world.ask(world.agent, source, { id: gid('Ticket', id), after })
    expect(rest.data).toMatchObject({
      ticket: { next: { edges: [{ node: { body: 'four' } }], pageInfo: { hasNextPage: false } } },
    })
  })
  it('are refused by the hundreds', async () => {
    const { errors } = await world.ask(world.agent, '{ tickets { nodes { comments(first: 101) { totalCount } } } }')
    expect(errors[0]).toMatch(/^BAD_REQUEST: `first` must be between 0 and 100/)
  })
})

function fieldsOf(name: string): object {
  const type = world.schema.getType(name)
  return type && 'getFields' in type ? type.getFields() : {}
}
