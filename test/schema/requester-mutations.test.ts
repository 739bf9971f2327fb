import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMENT_LENGTH } from '../../src/domain/ticket.ts'
import type { Viewer } from '../../src/schema/context.ts'
import { COMMENTS_AT_MOST } from '../../src/tickets/add-comment.ts'
import { createWorld, gid, type World } from './world.ts'

/** F26, F53, F66: what end users do by themselves, through the schema. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const ADD = `mutation ($input: AddCommentInput!) { addComment(input: $input) {
  ticket { number status followUpOf { number } solvedAt }
  comment { body channel direction visibility author { name } } userErrors { code field } position } }`
interface Added {
  addComment: {
    ticket: { number: number; status: string } | null
    comment: object | null
    userErrors: object[]
    position: string
  }
}
const say = (viewer: Viewer, ticketId: string, body: string) =>
  world.ask<Added>(viewer, ADD, { input: { ticketId: gid('Ticket', ticketId), body } })
const added = async (viewer: Viewer, ticketId: string, body: string) => {
  const { data, errors } = await say(viewer, ticketId, body)
  expect(errors).toEqual([])
  return data.addComment
}
const nothing = (code: string, field: string) => ({ comment: null, userErrors: [{ code, field: [field] }] })
/** What the log says since a position, in short. */
const said = async (offset: number) => {
  const rows = await world.store.prisma.event.findMany({
    where: { offset: { gt: offset } },
    orderBy: { offset: 'asc' },
  })
  return rows.map(({ type, actor }) => [type, actor])
}
const CUSTOMER = () => ({ kind: 'requester', id: world.customer.userId })

describe('addComment, too often', () => {
  it('is refused for the person, however many ask at once, until ten minutes have passed', async () => {
    const { id } = await world.openTicket({ requesterId: world.stranger.userId })
    const all = await Promise.all(Array.from({ length: 33 }, (_, n) => added(world.stranger, id, `Hello ${n}`)))
    const refused = all.filter(({ userErrors }) => userErrors.length > 0)
    expect(refused).toHaveLength(33 - COMMENTS_AT_MOST)
    for (const payload of refused) expect(payload).toMatchObject(nothing('TOO_MANY_TRIES', 'body'))
    expect(await world.store.prisma.comment.count({ where: { ticketId: id, channel: 'WEB' } })).toBe(COMMENTS_AT_MOST)

    const another = await world.openTicket({ requesterId: world.stranger.userId })
    expect(await added(world.stranger, another.id, 'Hello?')).toMatchObject(nothing('TOO_MANY_TRIES', 'body'))
    const mine = await world.openTicket()
    expect((await added(world.customer, mine.id, 'Hello?')).userErrors).toEqual([])
    await world.store.prisma.$executeRaw`
      UPDATE comment SET created_at = created_at - interval '10 minutes' WHERE ticket_id = ${id}::uuid`
    expect((await added(world.stranger, another.id, 'Hello?')).userErrors).toEqual([])
  })
})

describe('addComment', () => {
  it('says more on one’s own ticket, publicly, from the page', async () => {
    const { id, number, position } = await world.openTicket()
    expect(await added(world.customer, id, 'One more thing.')).toMatchObject({
      ticket: { number, status: 'NEW', followUpOf: null },
      comment: {
        body: 'One more thing.',
        channel: 'WEB',
        direction: 'INBOUND',
        visibility: 'PUBLIC',
        author: { name: 'Ada' },
      },
      userErrors: [],
    })
    expect(await said(position.offset)).toEqual([['comment.created', CUSTOMER()]])
    expect((await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })).commentCount).toBe(1)
  })

  it.each([
    ['NEW', 'NEW'],
    ['OPEN', 'OPEN'],
    ['PENDING', 'OPEN'],
    ['HOLD', 'OPEN'],
    ['SOLVED', 'OPEN'],
  ] as const)('on a ticket that is %s leaves it %s (F66)', async (before, after) => {
    const data = { status: before, solvedAt: before === 'SOLVED' ? new Date() : null }
    const { id, position } = await world.openTicket(data)
    expect(await added(world.customer, id, 'Hello?')).toMatchObject({ ticket: { status: after, solvedAt: null } })
    const told = (await said(position.offset)).map(([type]) => type)
    expect(told).toEqual(before === after ? ['comment.created'] : ['comment.created', 'ticket.updated'])
  })

  it('on a closed ticket goes on in a follow-up: one, for as long as that is open (F26)', async () => {
    const { id, number, position } = await world.openTicket({ status: 'CLOSED', body: 'The old matter' })
    const first = await added(world.customer, id, 'It is broken again.')
    expect(first).toMatchObject({ ticket: { status: 'NEW', followUpOf: { number } }, userErrors: [] })
    expect(await said(position.offset)).toEqual([['ticket.created', CUSTOMER()]])
    const again = await Promise.all(['And again.', 'And again!'].map((body) => added(world.customer, id, body)))
    for (const { ticket } of again) expect(ticket?.number).toBe(first.ticket?.number)
    const followUp = await world.store.prisma.ticket.findFirstOrThrow({ where: { followUpOfId: id } })
    expect([followUp.subject, followUp.commentCount, followUp.requesterId]).toEqual([
      'The old matter',
      3,
      world.customer.userId,
    ])
    expect((await world.store.prisma.ticket.findUniqueOrThrow({ where: { id } })).status).toBe('CLOSED')
  })

  it('on a closed ticket goes on in the follow-up that the requester began by e-mail (F26)', async () => {
    const { id } = await world.openTicket({ status: 'CLOSED', body: 'The old matter' })
    const mail = await world.openTicket({ body: 'By e-mail' })
    const data = { followUpOfId: id, threadKey: 'email:<1@example.org>', movedToEmailAt: new Date() }
    await world.store.prisma.ticket.update({ where: { id: mail.id }, data })
    const { ticket } = await added(world.customer, id, 'And here I am.')
    expect(ticket?.number).toBe(mail.number)
    expect(await world.store.prisma.ticket.count({ where: { followUpOfId: id } })).toBe(1)
  })

  it('on a closed ticket, from several sides at once, opens one follow-up', async () => {
    const { id } = await world.openTicket({ status: 'CLOSED' })
    const all = await Promise.all(Array.from({ length: 6 }, (_, n) => added(world.customer, id, `Message ${n}`)))
    expect(new Set(all.map(({ ticket }) => ticket?.number)).size).toBe(1)
    const followUp = await world.store.prisma.ticket.findFirstOrThrow({
      where: { followUpOfId: id },
      include: { comments: true },
    })
    expect([followUp.commentCount, followUp.comments.length]).toEqual([6, 6])
  })

  it('may be as long as a comment is, and must say something', async () => {
    const { id } = await world.openTicket()
    const long = '字'.repeat(COMMENT_LENGTH)
    expect(await added(world.customer, id, long)).toMatchObject({ comment: { body: long } })
    for (const body of [`${long}!`, ' \n', '', 'half a \ud83d']) {
      expect(await added(world.customer, id, body)).toMatchObject(nothing('INVALID_INPUT', 'body'))
    }
  })

  it('is for whoever the ticket belongs to: anybody else’s is not there, and the team has ways of its own', async () => {
    const { id } = await world.openTicket()
    expect(await added(world.stranger, id, 'Me too.')).toMatchObject({
      ticket: null,
      ...nothing('NOT_FOUND', 'ticketId'),
    })
    for (const viewer of [world.agent, world.admin]) {
      expect((await say(viewer, id, 'As an agent.')).errors).toEqual([
        'FORBIDDEN: Mutation.addComment is for end users.',
      ])
    }
    const nobody = await world.ask(null, ADD, { input: { ticketId: gid('Ticket', id), body: 'Hi' } })
    expect(nobody.errors[0]).toMatch(/^UNAUTHENTICATED/)
    expect(await world.store.prisma.comment.count({ where: { ticketId: id } })).toBe(1)
  })
})

const UPDATE = `mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) {
  viewer { name email unconfirmedEmail } userErrors { code field } } }`
const update = async (viewer: Viewer, input: object) => {
  const { data, errors } = await world.ask<{ updateViewer: object }>(viewer, UPDATE, { input })
  expect(errors).toEqual([])
  return data.updateViewer
}

describe('updateViewer', () => {
  it('changes the name, as one line of text', async () => {
    expect(await update(world.stranger, { name: '  Robert  ' })).toMatchObject({ viewer: { name: 'Robert' } })
    for (const name of ['', ' ', 'x'.repeat(101), 'two\nlines', 'half a \ud83d', 'nul \u0000']) {
      expect(await update(world.stranger, { name })).toMatchObject({
        viewer: { name: 'Robert' },
        userErrors: [{ code: 'INVALID_INPUT', field: ['name'] }],
      })
    }
    expect(await update(world.stranger, {})).toMatchObject({ viewer: { name: 'Robert' }, userErrors: [] })
  })

  it('keeps a new address as unconfirmed, with one job to write to it', async () => {
    const before = { email: 'ada@example.org' }
    expect(await update(world.customer, { email: ' New.Ada@Example.org ' })).toMatchObject({
      viewer: { ...before, unconfirmedEmail: 'new.ada@example.org' },
    })
    const jobs = () => world.store.prisma.$queryRaw<{ key: string }[]>`
      SELECT key FROM graphile_worker.jobs WHERE task_identifier = 'confirm_email'`
    expect(await jobs()).toHaveLength(1)
    for (const email of [
      'ada',
      'a@b',
      'a b@example.org',
      'ada@example.org\nBcc: x@example.org',
      `${'x'.repeat(250)}@e.org`,
    ]) {
      expect(await update(world.customer, { email })).toMatchObject({
        viewer: { unconfirmedEmail: 'new.ada@example.org' },
        userErrors: [{ code: 'INVALID_INPUT', field: ['email'] }],
      })
    }
    // Wrong in one thing, changed in none.
    expect(await update(world.customer, { name: '', email: 'third@example.org' })).toMatchObject({
      viewer: { unconfirmedEmail: 'new.ada@example.org' },
    })
    // Back to what it was: nothing waits any more.
    expect(await update(world.customer, { email: 'ADA@example.org' })).toMatchObject({
      viewer: { ...before, unconfirmedEmail: null },
    })
    expect(await jobs()).toHaveLength(1)
  })

  it('sends five mails a day, whatever the address', async () => {
    const person = world.stranger
    for (let n = 1; n <= 5; n++) {
      expect(await update(person, { email: `bob${n}@example.org` })).toMatchObject({ userErrors: [] })
    }
    const refused = { userErrors: [{ code: 'TOO_MANY_TRIES', field: ['email'] }] }
    expect(await update(person, { email: 'bob6@example.org', name: 'Bobby' })).toMatchObject({
      viewer: { name: 'Robert', unconfirmedEmail: 'bob5@example.org' },
      ...refused,
    })
    await world.store.prisma.$executeRaw`
      UPDATE email_confirmation SET created_at = created_at - interval '1 day'`
    expect(await update(person, { email: 'bob6@example.org' })).toMatchObject({ userErrors: [] })
  })

  it('takes the address away at once', async () => {
    expect(await update(world.customer, { email: null })).toMatchObject({
      viewer: { email: null, unconfirmedEmail: null },
    })
    await world.store.prisma.user.update({ where: { id: world.customer.userId }, data: { email: 'ada@example.org' } })
  })

  it('is for end users, and tells nobody else what waits', async () => {
    const { errors } = await world.ask(world.agent, UPDATE, { input: { name: 'Boss' } })
    expect(errors).toEqual(['FORBIDDEN: Mutation.updateViewer is for end users.'])
    const { data } = await world.ask(
      world.admin,
      'query ($id: ID!) { node(id: $id) { ... on User { unconfirmedEmail } } }',
      {
        id: gid('User', world.stranger.userId),
      },
    )
    expect(data).toEqual({ node: { unconfirmedEmail: null } })
  })
})
