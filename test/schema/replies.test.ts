import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

/** Answers as agents give them (F27-F37): what is kept, and what is refused. What sends them is tested in test/outbound. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

const WELL = {
  allowReplies: true,
  status: 'ACTIVE',
  deactivatedAt: null,
  deauthorizedAt: null,
  deauthorizationCause: null,
  unlinkedAt: null,
} as const

let otherId: string
beforeEach(async () => {
  const { prisma } = world.store
  const other = { xUserId: '2', screenName: 'AcmeHelp', name: 'Help' }
  otherId = uuidv7()
  await prisma.account.create({ data: { id: otherId, ...other } })
})
afterEach(async () => {
  const { prisma } = world.store
  await prisma.delivery.deleteMany()
  await prisma.account.deleteMany({ where: { id: otherId } })
  await prisma.account.update({ where: { id: world.accountId }, data: { allowReplies: true, status: 'ACTIVE' } })
  await prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUITE' } })
})

const setAccount = (data: object) => world.store.prisma.account.update({ where: { id: world.accountId }, data })

interface Reply {
  readonly comment: { readonly id: string; readonly delivery: Record<string, unknown> | null } | null
  readonly ticket: { readonly status: string } | null
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[]; readonly message: string }[]
  readonly position: string
}

const REPLY = `mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) {
  comment { id body channel direction visibility author { name } delivery { state attempts error account { screenName } } }
  ticket { status } userErrors { code field message } position } }`

async function reply(input: Record<string, unknown>, viewer = world.agent): Promise<Reply> {
  const { data, errors } = await world.ask<{ replyToTicket: Reply }>(viewer, REPLY, { input })
  expect(errors).toEqual([])
  return data.replyToTicket
}

const codes = ({ userErrors }: Reply) => userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)

let posts = 7_000_000_000
async function post(body = '@acme where is my parcel?', data: Record<string, unknown> = {}) {
  const ticket = await world.openTicket({ body, ...data })
  const externalId = String(posts++)
  await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { externalId } })
  return { ...ticket, externalId, ticketId: gid('Ticket', ticket.id) }
}

async function message(channel: 'X_DM' | 'X_CHAT') {
  const ticket = await post('Hello', { channel: 'X_CORP_DM' })
  await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { channel } })
  return ticket
}

describe('replyToTicket', () => {
  it('keeps the answer, the job that sends it, and an event without its words, in one commit', async () => {
    const { ticketId, id, externalId } = await post()
    const payload = await reply({ ticketId, body: '  @ada It is on its way.\n', status: 'PENDING' })
    expect(payload).toMatchObject({
      userErrors: [],
      ticket: { status: 'PENDING' },
      comment: {
        body: '@ada It is on its way.',
        channel: 'X_POST',
        direction: 'OUTBOUND',
        visibility: 'PUBLIC',
        author: { name: 'Grace' },
        delivery: { state: 'QUEUED', attempts: 0, error: null, account: { screenName: 'acme' } },
      },
    })
    const delivery = await world.store.prisma.delivery.findFirstOrThrow({ where: { ticketId: id } })
    expect(delivery).toMatchObject({ accountId: world.accountId, target: externalId, mentions: ['ada', 'acme'] })
    const jobs = await world.store.prisma.$queryRaw<{ payload: unknown }[]>`
      SELECT payload FROM graphile_worker._private_jobs j
      JOIN graphile_worker._private_tasks t ON t.id = j.task_id WHERE t.identifier = 'deliver'`
    expect(jobs).toEqual([{ payload: { accountId: world.accountId } }])
    const events = await world.store.prisma.event.findMany({ where: { ticketId: id }, orderBy: { offset: 'asc' } })
    expect(events.map(({ type }) => type)).toEqual(['ticket.created', 'ticket.updated', 'comment.created'])
    expect(JSON.stringify(events.map(({ data }) => data))).not.toContain('on its way')
    expect(events.at(-1)?.data).toMatchObject({ ticket: { status: 'PENDING' } })
  })

  it('answers the customer’s last post, in its newest version, or the one that is named', async () => {
    const { ticketId, id, commentId, externalId } = await post()
    await world.addComment(id, { body: '@acme hello?', externalId: '880', versionId: '881', postedAt: new Date() })
    await reply({ ticketId, body: 'first' })
    await reply({ ticketId, body: 'second', commentId: gid('Comment', commentId) })
    const deliveries = await world.store.prisma.delivery.findMany({
      where: { ticketId: id },
      orderBy: { createdAt: 'asc' },
    })
    expect(deliveries.map(({ target }) => target)).toEqual(['881', externalId])
  })

  it('answers a message by a message, to the person, as it came', async () => {
    for (const channel of ['X_DM', 'X_CHAT'] as const) {
      await world.store.prisma.accountXChat.deleteMany()
      await world.store.prisma.account.update({ where: { id: world.accountId }, data: { captureDirectMessages: true } })
      await world.store.prisma.accountXChat.create({
        data: {
          accountId: world.accountId,
          status: 'CONFIRMED',
          secretKey: 'sealed',
          keyVersion: '1',
          confirmedAt: new Date(),
        },
      })
      const { ticketId, id } = await message(channel)
      expect(await reply({ ticketId, body: 'x'.repeat(10_000) })).toMatchObject({
        comment: { channel },
        userErrors: [],
      })
      const delivery = await world.store.prisma.delivery.findFirstOrThrow({ where: { ticketId: id } })
      expect(delivery).toMatchObject({ channel, target: '100', mentions: [] })
    }
    await world.store.prisma.accountXChat.deleteMany()
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['an empty text', { body: '\n' }, 'INVALID_INPUT body'],
    ['nothing but the customer’s handle', { body: '@ada' }, 'INVALID_INPUT body'],
    ['what is longer than a post', { body: '日'.repeat(141) }, 'INVALID_INPUT body'],
    ['a ticket that is not there', { ticketId: gid('Ticket', uuidv7()) }, 'NOT_FOUND ticketId'],
    ['an account that is not there', { accountId: gid('Account', uuidv7()) }, 'NOT_FOUND accountId'],
    ['a comment that is not there', { commentId: gid('Comment', uuidv7()) }, 'NOTHING_TO_ANSWER commentId'],
    ['an id that is none', { commentId: 'x' }, 'INVALID_INPUT commentId'],
    ['a status that cannot be', { status: 'NEW' }, 'INVALID_TRANSITION status'],
  ])('refuses %s, and keeps nothing', async (_what, input, code) => {
    const { ticketId, id } = await post()
    await world.store.prisma.ticket.update({ where: { id }, data: { status: 'OPEN' } })
    const payload = await reply({ ticketId, body: 'fine', ...input })
    expect(codes(payload)).toEqual([code])
    expect(payload.comment).toBeNull()
    expect(await world.store.prisma.delivery.count()).toBe(0)
    expect(await world.store.prisma.ticket.findUnique({ where: { id } })).toMatchObject({
      commentCount: 0,
      status: 'OPEN',
    })
  })

  it('names the excess of a text that is too long', async () => {
    const { ticketId } = await post()
    const [error] = (await reply({ ticketId, body: '日'.repeat(141) })).userErrors
    expect(error?.message).toBe(
      'A post has at most 280 characters as X counts them; this has 282, 2 characters too many.',
    )
  })

  it('refuses a closed ticket, one without anything to answer, and end users', async () => {
    const closed = await post('@acme hi', { status: 'CLOSED' })
    expect(codes(await reply({ ticketId: closed.ticketId, body: 'x' }))).toEqual(['CLOSED_TICKET ticketId'])
    const { ticketId, commentId } = await post()
    await world.store.prisma.comment.update({ where: { id: commentId }, data: { deletedAt: new Date() } })
    expect(codes(await reply({ ticketId, body: 'x' }))).toEqual(['NOTHING_TO_ANSWER ticketId'])
    const { errors } = await world.ask(world.customer, REPLY, { input: { ticketId, body: 'x' } })
    expect(errors.join()).toMatch(/FORBIDDEN/)
  })

  it('sends from whom the agent names, if that account may (F28, F36)', async () => {
    const { ticketId } = await post('@acme @acmehelp hi')
    const accountId = gid('Account', otherId)
    expect((await reply({ ticketId, body: 'x', accountId })).comment?.delivery).toMatchObject({
      account: { screenName: 'AcmeHelp' },
    })
    const { prisma } = world.store
    for (const [data, code] of [
      [{ allowReplies: false }, 'REPLIES_NOT_ALLOWED'],
      [{ status: 'DEACTIVATED', deactivatedAt: new Date() }, 'DEACTIVATED'],
      [{ status: 'DEAUTHORIZED', deauthorizedAt: new Date(), deauthorizationCause: 'REFUSED' }, 'DEAUTHORIZED'],
      [{ status: 'UNLINKED', unlinkedAt: new Date() }, 'NOT_FOUND'],
    ] as const) {
      await prisma.account.update({ where: { id: otherId }, data: { ...WELL, ...data } })
      expect(codes(await reply({ ticketId, body: 'x', accountId }))).toEqual([`${code} accountId`])
    }
    const unnamed = await post('@acme hi')
    await prisma.account.update({ where: { id: otherId }, data: WELL })
    expect(codes(await reply({ ticketId: unnamed.ticketId, body: 'x', accountId }))).toEqual(['NOT_SUMMONED accountId'])
  })

  it('sends from the default account where the one addressed does not answer, else from nobody (F33, F34)', async () => {
    const { prisma } = world.store
    await prisma.account.update({ where: { id: world.accountId }, data: { allowReplies: false } })
    const { ticketId } = await post('@acme @AcmeHelp hi')
    expect(codes(await reply({ ticketId, body: 'x' }))).toEqual(['REPLIES_NOT_ALLOWED accountId'])
    await prisma.account.update({ where: { id: otherId }, data: { isDefault: true } })
    expect((await reply({ ticketId, body: 'x' })).comment?.delivery).toMatchObject({
      account: { screenName: 'AcmeHelp' },
    })
  })
})

describe('replyOptions', () => {
  const OPTIONS = `query($ticketId: ID!, $body: String!) { replyOptions(ticketId: $ticketId, body: $body) {
    channel answers { body } senders { account { screenName } allowed refusal message }
    preselected { account { screenName } reason } refusal limit weightedLength charactersLeft expectedAt price } }`
  const options = async (ticketId: string, body = '') =>
    (await world.ask<{ replyOptions: Record<string, unknown> | null }>(world.agent, OPTIONS, { ticketId, body })).data
      .replyOptions

  it('tell who may answer and who will, how long the text is, when it goes and what it costs', async () => {
    const { ticketId } = await post()
    const before = Date.now()
    const told = await options(ticketId, '@ada 日本 https://example.com/a/long/path')
    expect(told).toMatchObject({
      channel: 'X_POST',
      answers: { body: '@acme where is my parcel?' },
      senders: [
        { account: { screenName: 'acme' }, allowed: true, refusal: null, message: null },
        { account: { screenName: 'AcmeHelp' }, allowed: false, refusal: 'NOT_SUMMONED', message: expect.any(String) },
      ],
      preselected: { account: { screenName: 'acme' }, reason: 'ADDRESSED' },
      refusal: null,
      limit: 280,
      weightedLength: 28,
      charactersLeft: 252,
      price: '0.20',
    })
    expect(Date.parse(String(told?.['expectedAt'])) - before).toBeLessThan(5_000)
    expect(await options(ticketId, 'no link')).toMatchObject({ price: '0.01' })
  })

  it('expect a later moment, the more waits before', async () => {
    const { ticketId } = await post()
    const at = async () => Date.parse(String((await options(ticketId))?.['expectedAt'])) - Date.now()
    await reply({ ticketId, body: 'one' })
    const soon = await at()
    const [first] = await world.store.prisma.delivery.findMany({ include: { comment: true } })
    if (!first) throw new Error('nothing waits')
    const { comment, ...delivery } = first
    const many = Array.from({ length: 100 }, () => uuidv7())
    await world.store.prisma.comment.createMany({ data: many.map((id) => ({ ...comment, id, externalId: null })) })
    await world.store.prisma.delivery.createMany({ data: many.map((commentId) => ({ ...delivery, commentId })) })
    expect(soon).toBeLessThan(5_000)
    // X takes 100 posts in 15 minutes.
    expect(await at()).toBeGreaterThan(14 * 60_000)
  })

  it('tell of messages, of a plan without them, and of tickets that are not there', async () => {
    const { ticketId } = await message('X_DM')
    expect(await options(ticketId, 'abc')).toMatchObject({
      channel: 'X_DM',
      limit: 10_000,
      weightedLength: null,
      charactersLeft: 9_997,
      price: '0.015',
    })
    await world.store.prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUPPORT' } })
    expect(await options(ticketId)).toMatchObject({ preselected: null, refusal: 'PLAN' })
    expect(await options(gid('Ticket', uuidv7()))).toBeNull()
  })
})

describe('retryReply', () => {
  const RETRY = `mutation($input: RetryReplyInput!) { retryReply(input: $input) {
    comment { id delivery { state attempts error retryable } } ticket { status } userErrors { code field message } position } }`
  const retry = async (input: Record<string, unknown>) =>
    (await world.ask<{ retryReply: Reply }>(world.agent, RETRY, { input })).data.retryReply

  it.each<[string, string | null, boolean, string | null]>([
    ['FAILED', 'FORBIDDEN', false, null],
    ['FAILED', 'DUPLICATE', false, 'CONFLICT commentId'],
    ['SENT', null, false, 'CONFLICT commentId'],
    ['QUEUED', null, false, 'CONFLICT commentId'],
    ['SENDING', null, true, 'CONFLICT commentId'],
    ['UNKNOWN', 'UNKNOWN', false, 'MAY_BE_SENT evenIfSent'],
    ['UNKNOWN', 'UNKNOWN', true, null],
  ])('of %s (%s), even if sent: %j', async (state, error, evenIfSent, code) => {
    const { ticketId, id } = await post()
    const commentId = (await reply({ ticketId, body: 'x' })).comment?.id
    await world.store.prisma.$executeRaw`
      UPDATE delivery SET state = ${state}::"DeliveryState", error = ${error}, attempts = 3,
        finished_at = CASE WHEN ${state} IN ('QUEUED', 'SENDING') THEN NULL ELSE now() END
      WHERE ticket_id = ${id}::uuid`
    const payload = await retry({ commentId, evenIfSent })
    expect(codes(payload)).toEqual(code === null ? [] : [code])
    if (code === null) {
      expect(payload.comment).toMatchObject({ id: commentId, delivery: { state: 'QUEUED', attempts: 0, error: null } })
    } else expect(await world.store.prisma.delivery.findFirst({ where: { ticketId: id } })).toMatchObject({ state })
  })

  const failed = (ticketId: string, error: string) =>
    world.store.prisma.delivery.updateMany({
      where: { ticketId },
      data: { state: 'FAILED', error, finishedAt: new Date() },
    })

  it('of an e-mail goes to the address that the customer has now, and to none', async () => {
    const { prisma } = world.store
    const { ticketId, id } = await post()
    await prisma.ticket.update({ where: { id }, data: { movedToEmailAt: new Date() } })
    const address = (email: string | null) =>
      prisma.user.update({ where: { id: world.customer.userId }, data: { email } })
    const { email } = await prisma.user.findUniqueOrThrow({ where: { id: world.customer.userId } })
    await address('old@mail.example')
    const commentId = (await reply({ ticketId, body: 'x' })).comment?.id
    await failed(id, 'MAIL_REFUSED')
    await address(null)
    expect(codes(await retry({ commentId }))).toEqual(['NO_EMAIL commentId'])
    await address('new@mail.example')
    expect(codes(await retry({ commentId }))).toEqual([])
    expect(await prisma.delivery.findFirst({ where: { ticketId: id } })).toMatchObject({
      state: 'QUEUED',
      target: 'new@mail.example',
    })
    await address(email)
  })

  it.each<[string, 'X_POST' | 'X_DM', () => Promise<unknown>]>([
    ['REPLIES_NOT_ALLOWED', 'X_POST', () => setAccount({ allowReplies: false })],
    ['DEACTIVATED', 'X_POST', () => setAccount({ status: 'DEACTIVATED', deactivatedAt: new Date() })],
    ['PLAN', 'X_DM', () => world.store.prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUPPORT' } })],
    ['CLOSED_TICKET', 'X_POST', () => world.store.prisma.ticket.updateMany({ data: { status: 'CLOSED' } })],
  ])('is refused as things stand: %s', async (code, way, change) => {
    const { ticketId, id } = way === 'X_POST' ? await post() : await message(way)
    const commentId = (await reply({ ticketId, body: 'x' })).comment?.id
    await failed(id, 'FORBIDDEN')
    await change()
    expect(codes(await retry({ commentId }))).toEqual([`${code} commentId`])
    expect(await world.store.prisma.delivery.findFirst({ where: { ticketId: id } })).toMatchObject({ state: 'FAILED' })
    await setAccount(WELL)
  })

  it('refuses what is no answer', async () => {
    const { commentId } = await post()
    for (const id of [commentId, uuidv7()])
      expect(codes(await retry({ commentId: gid('Comment', id) }))).toEqual(['NOT_FOUND commentId'])
  })
})
