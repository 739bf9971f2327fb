import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Viewer } from '../../src/schema/context.ts'
import { snapshotOf } from '../../src/store/ticket-snapshot.ts'
import { closeSolved } from '../../src/tickets/close-solved.ts'
import { eraseDeleted } from '../../src/tickets/erase-deleted.ts'
import { at, createWorld, gid, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

interface Payload {
  readonly ticket: { readonly status: string; readonly deletedAt: string | null; readonly tags: string[] } | null
  readonly userErrors: { readonly code: string; readonly field: string[] }[]
  readonly position: string
}

const PAYLOAD = '{ ticket { status deletedAt tags importStoppedAt } userErrors { code field } position }'

async function act(name: string, ticketId: string, viewer = world.agent): Promise<Payload> {
  const { data, errors } = await world.ask<Record<string, Payload>>(
    viewer,
    `mutation ($id: ID!) { act: ${name}(input: { ticketId: $id }) ${PAYLOAD} }`,
    { id: gid('Ticket', ticketId) },
  )
  expect(errors).toEqual([])
  return data['act'] as Payload
}

async function merge(input: Record<string, unknown>): Promise<Payload> {
  const { data, errors } = await world.ask<{ act: Payload }>(
    world.agent,
    `mutation ($input: MergeTicketsInput!) { act: mergeTickets(input: $input) ${PAYLOAD} }`,
    { input },
  )
  expect(errors).toEqual([])
  return data.act
}

const mergeOf = (sourceIds: readonly string[], targetId: string, more = {}) =>
  merge({ sourceIds: sourceIds.map((id) => gid('Ticket', id)), targetId: gid('Ticket', targetId), ...more })

const codes = ({ userErrors }: Payload) => userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)

async function listed(viewer = world.agent, filter: Record<string, unknown> = {}): Promise<number[]> {
  const { data, errors } = await world.ask<{ tickets: { nodes: { number: number }[]; totalCount: number } }>(
    viewer,
    'query ($filter: TicketFilter) { tickets(first: 100, filter: $filter) { nodes { number } totalCount } }',
    { filter },
  )
  expect(errors).toEqual([])
  expect(data.tickets.totalCount).toBe(data.tickets.nodes.length)
  return data.tickets.nodes.map(({ number }) => number)
}

const statusOf = async (id: string) =>
  (await world.store.prisma.ticket.findUniqueOrThrow({ where: { id }, select: { status: true } })).status

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

describe('deleting', () => {
  it('takes a ticket out of lists, counts, search and the requester’s sight; the team finds it among the deleted', async () => {
    const { id, number } = await world.openTicket({ body: 'A wombat ate my parcel' })
    const payload = await act('deleteTicket', id)
    expect(payload).toMatchObject({ userErrors: [], ticket: { deletedAt: expect.any(String), status: 'NEW' } })
    expect(await listed()).not.toContain(number)
    expect(await listed(world.customer)).not.toContain(number)
    expect(await listed(world.agent, { text: 'wombat' })).toEqual([])
    expect(await listed(world.agent, { deleted: true, text: 'wombat' })).toEqual([number])

    const ask = 'query ($id: ID!) { ticket(id: $id) { number } node(id: $id) { id } }'
    const theirs = await world.ask(world.customer, ask, { id: gid('Ticket', id) })
    expect(theirs.data).toEqual({ ticket: null, node: null })
    const ours = await world.ask<{ ticket: { number: number } }>(world.agent, ask, { id: gid('Ticket', id) })
    expect(ours.data.ticket.number).toBe(number)
  })

  it('lists the deleted for nobody but the team', async () => {
    const { errors } = await world.ask(world.customer, '{ tickets(filter: { deleted: true }) { totalCount } }')
    expect(errors).toEqual([expect.stringMatching(/^FORBIDDEN/)])
  })

  it('leaves nothing to be done with it but restoring', async () => {
    const { id } = await world.openTicket()
    await act('deleteTicket', id)
    const { data } = await world.ask<Record<string, Payload>>(
      world.agent,
      `mutation ($id: ID!) {
        updateTicket(input: { ticketId: $id, priority: HIGH }) { userErrors { code field } }
        addNote(input: { ticketId: $id, body: "Hm" }) { userErrors { code field } }
        deleteTicket(input: { ticketId: $id }) { userErrors { code field } }
        markTicketAsSpam(input: { ticketId: $id }) { userErrors { code field } }
        replyToTicket(input: { ticketId: $id, body: "Hello" }) { userErrors { code field } }
      }`,
      { id: gid('Ticket', id) },
    )
    for (const [name, payload] of Object.entries(data))
      expect([name, codes(payload)]).toEqual([name, ['DELETED_TICKET ticketId']])
    expect(await world.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({
      priority: null,
      commentCount: 0,
    })
    expect(codes(await act('restoreTicket', id))).toEqual([])
    expect(codes(await act('restoreTicket', id))).toEqual(['NOT_DELETED ticketId'])
    expect(codes(await act('deleteTicket', gid('Ticket', id)))).toEqual(['INVALID_INPUT ticketId'])
  })

  it('is for closed tickets too (F68); spam is not (F69)', async () => {
    const { id } = await world.openTicket({ status: 'CLOSED' })
    expect(codes(await act('markTicketAsSpam', id))).toEqual(['CLOSED_TICKET ticketId'])
    expect(codes(await act('deleteTicket', id))).toEqual([])
  })

  it('is told live, to the requester as well, and so is restoring', async () => {
    const { id, position } = await world.openTicket({ status: 'OPEN' })
    const listen = 'subscription ($after: Position) { ticketEvents(after: $after) { type ticket { number } } }'
    const team = await world.listen<{ ticketEvents: { type: string } }>(world.agent, listen, { after: at(position) })
    const requester = await world.listen<{ ticketEvents: { type: string } }>(world.customer, listen, {
      after: at(position),
    })
    await act('deleteTicket', id)
    await act('restoreTicket', id)
    for (const listener of [team, requester]) {
      const events = await listener.take(2)
      expect(events.map(({ data }) => data.ticketEvents.type)).toEqual(['TICKET_DELETED', 'TICKET_RESTORED'])
      await listener.stop()
    }
  })
})

describe('what happens to a deleted ticket', () => {
  const listen = 'subscription ($after: Position) { ticketEvents(after: $after) { type ticketId changes { field } } }'
  type Told = { ticketEvents: { type: string; ticketId: string } }

  it('is told to the team, and not to its requester (F69)', async () => {
    const { id, position } = await world.openTicket({ status: 'OPEN' })
    await act('deleteTicket', id)
    const [first] = await world.store.prisma.comment.findMany({ where: { ticketId: id } })
    // As when X tells that the author edited the post: what it was made of is kept up.
    await world.store.change({ kind: 'system', part: 'ingest' }, async ({ db, emit }) => {
      const ticket = snapshotOf(await db.ticket.findUniqueOrThrow({ where: { id } }))
      const { id: commentId = '', authorId = null } = first ?? {}
      const comment = { id: commentId, authorId, direction: 'INBOUND', visibility: 'PUBLIC' } as const
      emit({ type: 'comment.updated', ticket, comment, changed: ['body'] })
      emit({ type: 'ticket.updated', ticket, before: {}, changed: ['subject'] })
    })
    await world.store.prisma.ticket.update({ where: { id }, data: { deletedAt: daysAgo(31) } })
    await eraseDeleted(world.store)
    const { id: next } = await world.openTicket()
    const heard = async (viewer: Viewer, count: number) => {
      const listener = await world.listen<Told>(viewer, listen, { after: at(position) })
      const events = await listener.take(count)
      await listener.stop()
      return events.map(({ data: { ticketEvents: event } }) => [event.type, event.ticketId === gid('Ticket', next)])
    }
    expect(await heard(world.agent, 5)).toEqual([
      ['TICKET_DELETED', false],
      ['COMMENT_UPDATED', false],
      ['TICKET_UPDATED', false],
      ['TICKET_ERASED', false],
      ['TICKET_CREATED', true],
    ])
    expect(await heard(world.customer, 2)).toEqual([
      ['TICKET_DELETED', false],
      ['TICKET_CREATED', true],
    ])
  })
})

describe('restoring', () => {
  it('ends after 30 days, also before the ticket is erased', async () => {
    const { id } = await world.openTicket()
    await act('deleteTicket', id)
    await world.store.prisma.ticket.update({ where: { id }, data: { deletedAt: daysAgo(29.99) } })
    expect(codes(await act('restoreTicket', id))).toEqual([])
    await act('deleteTicket', id)
    await world.store.prisma.ticket.update({ where: { id }, data: { deletedAt: daysAgo(30.01) } })
    expect(codes(await act('restoreTicket', id))).toEqual(['RESTORE_EXPIRED ticketId'])
  })

  it('leaves X’s posts to the conversation’s newer ticket, and comes back as it was beside it', async () => {
    const { id } = await world.openTicket({ threadKey: '77', status: 'PENDING' })
    await act('deleteTicket', id)
    await world.openTicket({ threadKey: '77' })
    const { ticket, userErrors } = await act('restoreTicket', id)
    expect(userErrors).toEqual([])
    expect(ticket).toMatchObject({ status: 'PENDING', deletedAt: null, importStoppedAt: expect.any(String) })
  })

  it('races a new ticket of the conversation without an error, whoever is first', async () => {
    for (let round = 0; round < 5; round++) {
      const threadKey = `race ${round}`
      const { id } = await world.openTicket({ threadKey })
      await act('deleteTicket', id)
      const [restored, opened] = await Promise.allSettled([act('restoreTicket', id), world.openTicket({ threadKey })])
      expect(restored).toMatchObject({ status: 'fulfilled', value: { userErrors: [] } })
      const taking = await world.store.prisma.ticket.count({
        where: { threadKey, status: { not: 'CLOSED' }, importStoppedAt: null, deletedAt: null },
      })
      // Ingestion starts over when it meets the index (src/ingest/apply.ts); this one does not.
      if (opened.status === 'rejected')
        expect(String(opened.reason)).toMatch(/ticket_one_open_per_thread|Unique constraint/)
      expect(taking).toBe(1)
    }
  })
})

describe('erasing', () => {
  it('takes the ticket and its comments 30 days later; the log keeps its events', async () => {
    const { id, commentId } = await world.openTicket({ body: 'My secret', sourcePostId: '4711' })
    await world.store.prisma.comment.update({ where: { id: commentId }, data: { externalId: '4711' } })
    const young = await world.openTicket()
    await act('deleteTicket', id)
    await act('deleteTicket', young.id)
    await world.store.prisma.ticket.update({ where: { id }, data: { deletedAt: daysAgo(30.01) } })
    await eraseDeleted(world.store)
    const { prisma } = world.store
    expect(await prisma.ticket.findUnique({ where: { id } })).toBeNull()
    expect(await prisma.comment.count({ where: { ticketId: id } })).toBe(0)
    expect(await prisma.ticket.findUnique({ where: { id: young.id } })).not.toBeNull()
    // X may tell of the post again: it is nothing then.
    expect(await prisma.deletedPost.findUnique({ where: { id: '4711' } })).not.toBeNull()
    const events = await prisma.event.findMany({ where: { ticketId: id }, orderBy: { offset: 'asc' } })
    expect(events.map(({ type }) => type)).toEqual(['ticket.created', 'ticket.deleted', 'ticket.erased'])
    expect(JSON.stringify(events.map(({ data }) => data))).not.toContain('secret')
  })
})

describe('spam', () => {
  it('deletes the ticket and suspends its requester, who can be let in again', async () => {
    const { id } = await world.openTicket({ requesterId: world.stranger.userId })
    const active = async () =>
      (await world.store.prisma.user.findUniqueOrThrow({ where: { id: world.stranger.userId } })).active
    expect(codes(await act('markTicketAsSpam', id))).toEqual([])
    expect(await active()).toBe(false)
    const suspension = async (name: string, userId: string) => {
      const { data } = await world.ask<{ act: Payload & { user: { active: boolean } | null } }>(
        world.agent,
        `mutation ($id: ID!) { act: ${name}(input: { userId: $id }) { user { active } userErrors { code field } } }`,
        { id: gid('User', userId) },
      )
      return data.act
    }
    expect((await suspension('unsuspendUser', world.stranger.userId)).user).toEqual({ active: true })
    expect((await suspension('suspendUser', world.stranger.userId)).user).toEqual({ active: false })
    expect((await suspension('unsuspendUser', world.stranger.userId)).user).toEqual({ active: true })
    expect(codes(await suspension('suspendUser', world.admin.userId))).toEqual(['NOT_AN_END_USER userId'])
    expect(codes(await suspension('suspendUser', id))).toEqual(['NOT_FOUND userId'])
  })

  it('of somebody of the team is refused, and the ticket stays', async () => {
    const { id } = await world.openTicket({ requesterId: world.admin.userId })
    expect(codes(await act('markTicketAsSpam', id))).toEqual(['NOT_AN_END_USER ticketId'])
    expect((await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })).deletedAt).toBeNull()
  })
})

describe('closing', () => {
  const setDays = (days: number) =>
    world.ask<{ updateWorkspace: { workspace: { closeSolvedAfterDays: number }; userErrors: { code: string }[] } }>(
      world.admin,
      'mutation ($days: Int!) { updateWorkspace(input: { closeSolvedAfterDays: $days }) { workspace { closeSolvedAfterDays } userErrors { code field } } }',
      { days },
    )

  it.each([
    [4, 3.99, 'SOLVED'],
    [4, 4.01, 'CLOSED'],
    [0, 0.01, 'CLOSED'],
    [28, 27.99, 'SOLVED'],
    [28, 28.01, 'CLOSED'],
  ])('after %d days: solved %d days ago, it is %s', async (days, ago, status) => {
    const { data } = await setDays(days)
    expect(data.updateWorkspace.workspace.closeSolvedAfterDays).toBe(days)
    const { id } = await world.openTicket({ status: 'SOLVED', solvedAt: daysAgo(ago) })
    await closeSolved(world.store)
    expect(await statusOf(id)).toBe(status)
    const events = await world.store.prisma.event.findMany({ where: { ticketId: id, type: 'ticket.updated' } })
    expect(events.map(({ actor }) => actor)).toEqual(status === 'CLOSED' ? [{ kind: 'system', part: 'closing' }] : [])
    await setDays(4)
  })

  it.each([-1, 29])('takes no %d days', async (days) => {
    const { data } = await setDays(days)
    expect(data.updateWorkspace.userErrors).toEqual([{ code: 'INVALID_INPUT', field: ['closeSolvedAfterDays'] }])
  })

  it('leaves alone what is not solved, what is deleted, and what somebody is changing', async () => {
    const solvedAt = daysAgo(5)
    const pending = await world.openTicket({ status: 'PENDING', solvedAt })
    const deleted = await world.openTicket({ status: 'SOLVED', solvedAt, deletedAt: new Date() })
    const reopened = await world.openTicket({ status: 'SOLVED', solvedAt })
    await world.store.change({ kind: 'system', part: 'test' }, async ({ db }) => {
      await db.ticket.update({ where: { id: reopened.id }, data: { status: 'OPEN', solvedAt: null } })
      // While the customer's words are on their way: the job goes past, and does not wait.
      await closeSolved(world.store)
    })
    await closeSolved(world.store)
    expect(await Promise.all([pending, deleted, reopened].map(({ id }) => statusOf(id)))).toEqual([
      'PENDING',
      'SOLVED',
      'OPEN',
    ])
  })
})

describe('merging', () => {
  it('closes the sources, unites the tags, and tells all of it without the customer’s words', async () => {
    const target = await world.openTicket({ status: 'OPEN', tags: ['a', 'b'], body: 'First' })
    const one = await world.openTicket({ tags: ['b', 'c'], body: 'Second' })
    const two = await world.openTicket({ status: 'SOLVED', tags: ['d'], body: 'Third' })
    await world.addComment(two.id, { body: 'Third,\nagain' })
    await world.addComment(two.id, { body: 'Between us', visibility: 'PRIVATE' })
    const { ticket, userErrors } = await mergeOf([one.id, two.id], target.id)
    expect(userErrors).toEqual([])
    expect(ticket).toMatchObject({ status: 'OPEN', tags: ['a', 'b', 'c', 'd'] })

    const { data } = await world.ask<{ ticket: { status: string; mergedInto: { number: number } } }>(
      world.agent,
      'query ($id: ID!) { ticket(id: $id) { status mergedInto { number } comments(last: 1) { nodes { body visibility } } } }',
      { id: gid('Ticket', two.id) },
    )
    expect(data.ticket).toEqual({
      status: 'CLOSED',
      mergedInto: { number: target.number },
      comments: {
        nodes: [{ body: `This ticket was closed and merged into #${target.number}.`, visibility: 'PRIVATE' }],
      },
    })
    const told = await world.store.prisma.comment.findMany({
      where: { ticketId: target.id },
      orderBy: { createdAt: 'asc' },
    })
    expect(told.at(-1)).toMatchObject({
      visibility: 'PRIVATE',
      body: `Ticket #${one.number} was merged into this one.\n\nTicket #${two.number} was merged into this one.`,
    })
    const events = await world.store.prisma.event.findMany({ where: { ticketId: two.id }, orderBy: { offset: 'asc' } })
    expect(events.map(({ type }) => type).slice(-3)).toEqual(['comment.created', 'ticket.updated', 'ticket.merged'])
  })

  it('takes words of the agent’s own', async () => {
    const [target, source] = [await world.openTicket(), await world.openTicket()]
    await mergeOf([source.id], target.id, { sourceComment: 'Went there', targetComment: 'Came from there' })
    const { prisma } = world.store
    expect(
      await prisma.comment.count({ where: { ticketId: source.id, body: 'Went there', visibility: 'PRIVATE' } }),
    ).toBe(1)
    expect(await prisma.comment.count({ where: { ticketId: target.id, body: 'Came from there' } })).toBe(1)
  })

  it('is refused, all of it, with every reason', async () => {
    const { prisma } = world.store
    const accountId = crypto.randomUUID()
    await prisma.account.create({ data: { id: accountId, xUserId: '99', screenName: 'other', name: 'Other' } })
    const target = await world.openTicket()
    const closed = await world.openTicket({ status: 'CLOSED' })
    const deleted = await world.openTicket({ deletedAt: new Date() })
    const elsewhere = await world.openTicket({ accountId })
    const somebodys = await world.openTicket({ requesterId: world.stranger.userId })
    const fine = await world.openTicket()
    const cases = [
      [[fine.id, target.id], target.id, ['MERGE_INTO_ITSELF sourceIds']],
      [[fine.id, closed.id, deleted.id], target.id, ['DELETED_TICKET sourceIds', 'CLOSED_TICKET sourceIds']],
      [
        [fine.id, elsewhere.id, somebodys.id],
        target.id,
        ['MERGE_ACROSS_ACCOUNTS sourceIds', 'MERGE_ACROSS_REQUESTERS sourceIds'],
      ],
      [[fine.id], closed.id, ['CLOSED_TICKET targetId']],
      [[fine.id], deleted.id, ['DELETED_TICKET targetId']],
      [[fine.id], crypto.randomUUID(), ['NOT_FOUND targetId']],
      [[fine.id, crypto.randomUUID()], target.id, ['NOT_FOUND sourceIds']],
      [[], target.id, ['INVALID_INPUT sourceIds']],
      [Array.from({ length: 101 }, () => crypto.randomUUID()), target.id, ['INVALID_INPUT sourceIds']],
    ] as const
    for (const [sources, into, expected] of cases) expect(codes(await mergeOf(sources, into))).toEqual(expected)
    expect(await statusOf(fine.id)).toBe('NEW')
    expect(codes(await mergeOf([fine.id], target.id, { targetComment: ' ' }))).toEqual(['INVALID_INPUT targetComment'])
  })

  it('crosswise at once merges one way or the other, never both, and nobody waits in a circle', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await world.openTicket(), await world.openTicket()]
      const outcomes = await Promise.all([mergeOf([a.id], b.id), mergeOf([b.id], a.id)])
      expect(outcomes.map((outcome) => codes(outcome).length === 0).sort()).toEqual([false, true])
      expect((await Promise.all([statusOf(a.id), statusOf(b.id)])).sort()).toEqual(['CLOSED', 'NEW'])
    }
  })

  it('is not for customers', async () => {
    for (const call of [
      'deleteTicket(input: { ticketId: "x" })',
      'restoreTicket(input: { ticketId: "x" })',
      'markTicketAsSpam(input: { ticketId: "x" })',
      'mergeTickets(input: { sourceIds: [], targetId: "x" })',
    ]) {
      const { errors } = await world.ask(world.customer, `mutation { ${call} { position } }`)
      expect(errors).toEqual([expect.stringMatching(/^FORBIDDEN/)])
    }
  })
})
