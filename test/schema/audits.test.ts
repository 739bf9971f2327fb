import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pruneEvents } from '../../src/store/housekeeping.ts'
import { closeSolved } from '../../src/tickets/close-solved.ts'
import { createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const AUDIT = `{
  at
  actor { kind part user { name } }
  events {
    __typename
    ... on AuditFieldChange { field before { ...value } after { ...value } }
    ... on AuditComment { type fields comment { body } }
    ... on AuditStep { type spam }
    ... on AuditMerge { into { number } sources { number } }
  }
}`
const VALUE = `fragment value on AuditValue {
  ... on AuditStatus { status }
  ... on AuditPriority { priority }
  ... on AuditAssignee { user { name } }
  ... on AuditGroup { group { name } }
  ... on AuditTags { tags }
  ... on AuditMoment { at }
}`

interface Node {
  readonly actor: {
    readonly kind: string
    readonly part: string | null
    readonly user: { readonly name: string } | null
  }
  readonly events: readonly Record<string, unknown>[]
}
interface Audits {
  readonly nodes: readonly Node[]
  readonly complete: boolean
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string }
}

async function auditsOf(id: string, args = 'first: 100'): Promise<Audits> {
  const { data, errors } = await world.ask<{ ticket: { audits: Audits } }>(
    world.agent,
    `query ($id: ID!) { ticket(id: $id) { audits(${args}) {
      complete pageInfo { hasNextPage hasPreviousPage endCursor } nodes ${AUDIT} } } } ${VALUE}`,
    { id: gid('Ticket', id) },
  )
  expect(errors).toEqual([])
  return data.ticket.audits
}

const update = (id: string, input: Record<string, unknown>) =>
  world.ask(
    world.agent,
    'mutation ($input: UpdateTicketInput!) { updateTicket(input: $input) { userErrors { code } } }',
    {
      input: { ticketId: gid('Ticket', id), ...input },
    },
  )

describe('the audits of a ticket', () => {
  it('say who did what, with the values before and after', async () => {
    const { id } = await world.openTicket({ body: 'Hello?' })
    await update(id, {
      assigneeId: gid('User', world.agent.userId),
      groupId: gid('Group', world.groupId),
      priority: 'HIGH',
    })
    await update(id, { tags: ['a'], subject: 'Parcel', status: 'SOLVED' })
    await world.store.prisma.ticket.update({ where: { id }, data: { solvedAt: new Date(0) } })
    await closeSolved(world.store)
    await world.ask(world.agent, 'mutation ($id: ID!) { deleteTicket(input: { ticketId: $id }) { position } }', {
      id: gid('Ticket', id),
    })

    const { nodes, complete } = await auditsOf(id)
    const grace = { kind: 'USER', part: null, user: { name: 'Grace' } }
    const change = (field: string, before: unknown, after: unknown) => ({
      __typename: 'AuditFieldChange',
      field,
      before,
      after,
    })
    expect(complete).toBe(true)
    expect(nodes.map(({ actor, events }) => ({ actor, events }))).toEqual([
      {
        actor: { kind: 'SYSTEM', part: 'ingest', user: null },
        events: [
          { __typename: 'AuditStep', type: 'TICKET_CREATED', spam: false },
          { __typename: 'AuditComment', type: 'COMMENT_CREATED', fields: [], comment: { body: 'Hello?' } },
        ],
      },
      {
        actor: grace,
        events: [
          change('STATUS', { status: 'NEW' }, { status: 'OPEN' }),
          change('PRIORITY', null, { priority: 'HIGH' }),
          change('ASSIGNEE', null, { user: { name: 'Grace' } }),
          change('GROUP', null, { group: { name: 'Billing' } }),
        ],
      },
      {
        actor: grace,
        events: [
          change('SUBJECT', null, null),
          change('STATUS', { status: 'OPEN' }, { status: 'SOLVED' }),
          change('TAGS', { tags: [] }, { tags: ['a'] }),
        ],
      },
      {
        actor: { kind: 'SYSTEM', part: 'closing', user: null },
        events: [change('STATUS', { status: 'SOLVED' }, { status: 'CLOSED' })],
      },
      { actor: grace, events: [{ __typename: 'AuditStep', type: 'TICKET_DELETED', spam: false }] },
    ])
  })

  it('tell since when answers go by e-mail, and that they do so no more', async () => {
    const { id } = await world.openTicket()
    for (const back of [false, true])
      await world.ask(
        world.agent,
        'mutation ($id: ID!, $back: Boolean) { moveTicketToEmail(input: { ticketId: $id, back: $back }) { position } }',
        { id: gid('Ticket', id), back },
      )
    const moment = { at: expect.stringMatching(/^2/) }
    const moved = { __typename: 'AuditFieldChange', field: 'MOVED_TO_EMAIL' }
    expect((await auditsOf(id)).nodes.slice(1).map(({ events }) => events)).toEqual([
      [{ ...moved, before: null, after: moment }],
      [{ ...moved, before: moment, after: null }],
    ])
  })

  it('tell of merging on both sides', async () => {
    const [target, source] = [await world.openTicket(), await world.openTicket()]
    await world.ask(
      world.agent,
      'mutation ($s: [ID!]!, $t: ID!) { mergeTickets(input: { sourceIds: $s, targetId: $t }) { position } }',
      { s: [gid('Ticket', source.id)], t: gid('Ticket', target.id) },
    )
    const last = async (id: string) => (await auditsOf(id, 'last: 1')).nodes[0]?.events
    expect(await last(source.id)).toEqual([{ __typename: 'AuditMerge', into: { number: target.number }, sources: [] }])
    expect(await last(target.id)).toEqual([
      { __typename: 'AuditMerge', into: null, sources: [{ number: source.number }] },
    ])
  })

  it('come page by page, from either end, without gap or repetition', async () => {
    const { id } = await world.openTicket()
    for (const priority of ['LOW', 'HIGH', 'LOW', 'URGENT']) await update(id, { priority })
    const all = (await auditsOf(id)).nodes
    expect(all).toHaveLength(5)
    const found: Node[] = []
    for (let after = ''; ; ) {
      const page = await auditsOf(id, `first: 2${after && `, after: "${after}"`}`)
      found.push(...page.nodes)
      expect(page.pageInfo.hasPreviousPage).toBe(after !== '')
      if (!page.pageInfo.hasNextPage) break
      after = page.pageInfo.endCursor
    }
    expect(found).toEqual(all)
    const end = await auditsOf(id, 'last: 2')
    expect(end.nodes).toEqual(all.slice(-2))
    expect(end.pageInfo.hasPreviousPage).toBe(true)
  })

  it('refuse a cursor of something else, and whoever is not of the team', async () => {
    const { id } = await world.openTicket()
    const ask = 'query ($id: ID!) { ticket(id: $id) { audits(after: "x") { complete } } }'
    const ours = await world.ask(world.agent, ask, { id: gid('Ticket', id) })
    expect(ours.errors).toEqual([expect.stringMatching(/^BAD_REQUEST/)])
    const theirs = await world.ask(world.customer, ask, { id: gid('Ticket', id) })
    expect(theirs.errors).toEqual([expect.stringMatching(/^FORBIDDEN/)])
  })

  it('take the same statements for one ticket and for many', async () => {
    const ids: string[] = []
    for (let index = 0; index < 6; index++) {
      const { id } = await world.openTicket()
      await update(id, {
        assigneeId: gid('User', index % 2 ? world.agent.userId : world.admin.userId),
        priority: 'LOW',
      })
      await update(id, { priority: 'HIGH', tags: [`t${index}`] })
      ids.push(gid('Ticket', id))
    }
    const statements = async (nodes: readonly string[]) => {
      world.sql.length = 0
      const { data, errors } = await world.ask<{ nodes: { audits: Audits }[] }>(
        world.agent,
        `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Ticket { audits(first: 10) { nodes ${AUDIT} } } } } ${VALUE}`,
        { ids: nodes },
      )
      expect(errors).toEqual([])
      expect(data.nodes.map(({ audits }) => audits.nodes.length)).toEqual(nodes.map(() => 3))
      return world.sql.length
    }
    const one = await statements(ids.slice(0, 1))
    expect(await statements(ids)).toBe(one)
  })

  it('say when the log no longer reaches back to the beginning', async () => {
    const { id } = await world.openTicket()
    await update(id, { priority: 'LOW' })
    const { prisma } = world.store
    await prisma.event.updateMany({ where: { ticketId: id, type: 'ticket.created' }, data: { at: new Date(0) } })
    await prisma.event.updateMany({ where: { NOT: { ticketId: id } }, data: { at: new Date(0) } })
    await pruneEvents(prisma, 30)
    const { nodes, complete } = await auditsOf(id)
    expect(complete).toBe(false)
    expect(nodes.map(({ events }) => events.length)).toEqual([1])
  })
})
