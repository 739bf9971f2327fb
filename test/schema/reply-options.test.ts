import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, gid, type World } from './world.ts'

/** What agents are told before they answer (F27-F36), and when what they gave is expected to be sent. */

let world: World
let otherId: string
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  otherId = uuidv7()
  const other = { id: otherId, xUserId: '2', screenName: 'AcmeHelp', name: 'Help' }
  await world.store.prisma.account.create({ data: other })
})
afterEach(async () => {
  const { prisma } = world.store
  await prisma.delivery.deleteMany()
  await prisma.account.deleteMany({ where: { id: otherId } })
  await prisma.account.update({ where: { id: world.accountId }, data: WELL })
})
afterAll(() => world?.close())

const WELL = {
  allowReplies: true,
  isDefault: false,
  status: 'ACTIVE',
  unlinkedAt: null,
  deactivatedAt: null,
  deauthorizedAt: null,
  deauthorizationCause: null,
} as const

let posts = 8_000_000_000
async function post(data: Record<string, unknown> = {}, channel: 'X_POST' | 'X_DM' | 'X_CHAT' = 'X_POST') {
  const ticket = await world.openTicket({ body: '@acme @acmehelp hi', ...data })
  const externalId = String(posts++)
  await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { externalId, channel } })
  return { ...ticket, ticketId: gid('Ticket', ticket.id) }
}

interface Sender {
  readonly account: { readonly screenName: string }
  readonly allowed: boolean
  readonly refusal: string | null
  readonly message: string | null
  readonly expectedAt: string | null
  readonly price: string | null
}
interface Options {
  readonly senders: readonly Sender[]
  readonly preselected: { readonly account: { readonly screenName: string } } | null
  readonly refusal: string | null
  readonly problem: { readonly code: string; readonly field: string[]; readonly message: string } | null
  readonly expectedAt: string
  readonly price: string
}

async function options(ticketId: string, viewer = world.agent): Promise<Options> {
  const text = `query($ticketId: ID!) { replyOptions(ticketId: $ticketId, body: "yes") {
    senders { account { screenName } allowed refusal message expectedAt price } preselected { account { screenName } }
    refusal problem { code field message } expectedAt price } }`
  const { data, errors } = await world.ask<{ replyOptions: Options }>(viewer, text, { ticketId })
  expect(errors).toEqual([])
  return data.replyOptions
}

async function reply(ticketId: string, input: object = {}, viewer = world.agent) {
  const text = `mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) {
    comment { id delivery { expectedAt } } userErrors { code field message } } }`
  const { data } = await world.ask<{
    replyToTicket: {
      comment: { id: string; delivery: { expectedAt: string | null } } | null
      userErrors: NonNullable<Options['problem']>[]
    }
  }>(viewer, text, { input: { ticketId, body: 'yes', ...input } })
  return data.replyToTicket
}

/** Seconds from now. */
const inSeconds = (moment: string | null | undefined) => (Date.parse(moment ?? '') - Date.now()) / 1_000

it.each([
  ['CLOSED_TICKET', { status: 'CLOSED' }],
  ['DELETED_TICKET', { deletedAt: new Date() }],
] as const)('of a ticket that takes no answer say why, as the answer itself would: %s', async (code, change) => {
  const { id, ticketId } = await post()
  await world.store.prisma.ticket.update({ where: { id }, data: { ...change, assigneeId: null } })
  const told = await options(ticketId)
  expect(told).toMatchObject({
    problem: { code },
    preselected: null,
    senders: [
      { allowed: false, refusal: null, message: told.problem?.message, expectedAt: null, price: null },
      { allowed: false },
    ],
  })
  expect((await reply(ticketId)).userErrors).toEqual([told.problem])
})

it('say that there is nothing to answer', async () => {
  const { ticketId, commentId } = await post()
  await world.store.prisma.comment.update({ where: { id: commentId }, data: { deletedAt: new Date() } })
  expect(await options(ticketId)).toMatchObject({ problem: { code: 'NOTHING_TO_ANSWER' }, preselected: null })
})

const DAY = new Date()
it.each<[string, string, object]>([
  ['REPLIES_NOT_ALLOWED', 'Replies are not allowed', { allowReplies: false }],
  ['DEACTIVATED', 'switched off', { status: 'DEACTIVATED', deactivatedAt: DAY }],
  [
    'DEAUTHORIZED',
    'no longer lets the account in',
    { status: 'DEAUTHORIZED', deauthorizedAt: DAY, deauthorizationCause: 'REFUSED' },
  ],
])('show %s of an account, and propose the default one', async (refusal, words, change) => {
  const { prisma } = world.store
  await prisma.account.update({ where: { id: otherId }, data: { isDefault: true } })
  await prisma.account.update({ where: { id: world.accountId }, data: change })
  expect(await options((await post()).ticketId)).toMatchObject({
    problem: null,
    preselected: { account: { screenName: 'AcmeHelp' } },
    senders: [
      { allowed: false, refusal, message: expect.stringContaining(words), expectedAt: null, price: null },
      { allowed: true, refusal: null, message: null, expectedAt: expect.any(String), price: '0.01' },
    ],
  })
})

it('show NOT_ADDRESSED of the other accounts where the conversation is private', async () => {
  const { ticketId } = await post({ channel: 'X_CORP_DM' }, 'X_DM')
  expect((await options(ticketId)).senders).toMatchObject([{ refusal: null }, { refusal: 'NOT_ADDRESSED' }])
})

it('show XCHAT_LOCKED where the conversation is encrypted and the PIN is not confirmed', async () => {
  const { ticketId } = await post({ channel: 'X_CORP_DM' }, 'X_CHAT')
  expect(await options(ticketId)).toMatchObject({
    senders: [{ refusal: 'XCHAT_LOCKED', message: expect.stringContaining('PIN') }, { refusal: 'NOT_ADDRESSED' }],
    refusal: 'XCHAT_LOCKED',
  })
})

it('show NO_EMAIL of a ticket that was moved to e-mail and has no address any more', async () => {
  const { prisma } = world.store
  const { id, ticketId } = await post()
  const { requesterId, requester } = await prisma.ticket.update({
    where: { id },
    data: { movedToEmailAt: new Date() },
    include: { requester: true },
  })
  await prisma.user.update({ where: { id: requesterId }, data: { email: null } })
  expect(await options(ticketId)).toMatchObject({
    problem: { code: 'NO_EMAIL' },
    senders: [{ refusal: 'NO_EMAIL' }, { refusal: 'NO_EMAIL' }],
  })
  await prisma.user.update({ where: { id: requesterId }, data: { email: requester.email } })
})

describe('when an answer is expected', () => {
  const delivery = { channel: 'X_POST', target: '1' } as const
  /** Answers that wait, each on a ticket of its own. */
  async function waiting(count: number, change: object = {}) {
    const { prisma } = world.store
    const { id: ticketId } = await post()
    const ids = Array.from({ length: count }, () => uuidv7())
    const comment = { ticketId, direction: 'OUTBOUND', visibility: 'PUBLIC', channel: 'X_POST', body: 'yes' } as const
    const posted = { authorId: world.admin.userId, postedAt: new Date() }
    await prisma.comment.createMany({ data: ids.map((id) => ({ ...comment, ...posted, id })) })
    const rows = ids.map((commentId) => ({ ...delivery, commentId, ticketId, accountId: world.accountId, ...change }))
    await prisma.delivery.createMany({ data: rows })
    return { ticketId, ids }
  }

  it('each account has its own queue', async () => {
    await waiting(100)
    const { senders, expectedAt, price } = await options((await post()).ticketId)
    const [own, other] = senders
    // X takes 100 posts of an account in 15 minutes.
    expect(inSeconds(own?.expectedAt)).toBeGreaterThan(14 * 60)
    expect(inSeconds(expectedAt)).toBeGreaterThan(14 * 60)
    expect(inSeconds(other?.expectedAt)).toBeLessThan(10)
    expect([own?.price, other?.price, price]).toEqual(['0.01', '0.01', '0.01'])
  })

  it('what waits on the ticket for X to work is waited for', async () => {
    const { ticketId } = await post()
    const { comment } = await reply(ticketId)
    const soon = inSeconds((await options(ticketId)).expectedAt)
    await world.store.prisma.delivery.updateMany({
      data: { error: 'UNAVAILABLE', dueAt: new Date(Date.now() + 240_000) },
    })
    expect(soon).toBeLessThan(10)
    expect(inSeconds((await options(ticketId)).expectedAt)).toBeGreaterThan(200)
    const text = 'query($id: ID!) { node(id: $id) { ... on Comment { delivery { expectedAt nextAttemptAt } } } }'
    const { data } = await world.ask<{ node: { delivery: { expectedAt: string; nextAttemptAt: string } } }>(
      world.agent,
      text,
      { id: comment?.id },
    )
    expect(inSeconds(data.node.delivery.expectedAt)).toBeGreaterThan(200)
  })

  it('an answer that waits tells it by its place', async () => {
    const { ticketId } = await post()
    const before = await reply(ticketId)
    expect(inSeconds(before.comment?.delivery.expectedAt)).toBeLessThan(10)
    await waiting(150)
    const { comment } = await reply((await post()).ticketId, {}, world.admin)
    expect(inSeconds(comment?.delivery.expectedAt)).toBeGreaterThan(14 * 60)
  })

  it('a bulk update’s answers are not waited for, but for those that get between', async () => {
    await waiting(1_000, { bulk: true })
    expect(inSeconds((await options((await post()).ticketId)).expectedAt)).toBeLessThan(10)
  })

  it('those of a bulk update on the same ticket go before the agent’s answer, as early', async () => {
    const { ticketId: bulky, ids } = await waiting(2, { bulk: true })
    await waiting(3, { bulk: true })
    const { comment } = await reply(gid('Ticket', bulky))
    expect(comment).not.toBeNull()
    const rows = await world.store.prisma.delivery.findMany({ where: { bulk: false } })
    expect(rows).toHaveLength(3)
    expect(rows.map(({ commentId }) => commentId)).toEqual(expect.arrayContaining(ids))
  })

  it('an agent’s many answers take a round each, and another’s first one takes the first', async () => {
    for (let n = 0; n < 3; n++) await reply((await post()).ticketId, { body: `yes ${n}` })
    await reply((await post()).ticketId, {}, world.admin)
    const rows = await world.store.prisma.delivery.findMany({ orderBy: { createdAt: 'asc' } })
    expect(rows.map(({ turn }) => turn)).toEqual([0, 1, 2, 0])
  })
})
