import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createBulkUpdateTask } from '../../src/bulk/task.ts'
import { bulkReplies } from '../helpers/bulk-replies.ts'
import { silent } from '../helpers/stores.ts'
import { createWorld, gid, type World } from './world.ts'

/** Answers that bulk updates give (F31-F35). What sends them is tested in test/outbound. */

let world: World
let otherId: string
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  otherId = uuidv7()
  const other = { xUserId: '2', screenName: 'AcmeHelp', name: 'Help' }
  await world.store.prisma.account.create({ data: { id: otherId, ...other } })
})
afterEach(async () => {
  const { prisma } = world.store
  await prisma.bulkUpdateJob.deleteMany()
  await prisma.ticket.deleteMany()
  await prisma.account.deleteMany({ where: { id: otherId } })
  await prisma.account.update({ where: { id: world.accountId }, data: { allowReplies: true, isDefault: false } })
  const data = { requesterPage: false, requesterSignIn: false, ticketLinks: 'AGENT_DECIDES' } as const
  await prisma.workspace.update({ where: { id: 1 }, data })
})

let posts = 9_000_000_000
async function post(body = '@acme @AcmeHelp where is my parcel?', data: Record<string, unknown> = {}) {
  const ticket = await world.openTicket({ body, ...data })
  await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { externalId: String(posts++) } })
  return gid('Ticket', ticket.id)
}

async function message(channel: 'X_DM' | 'X_CHAT') {
  const ticket = await world.openTicket({ body: 'Hello', channel: 'X_CORP_DM' })
  await world.store.prisma.comment.update({ where: { id: ticket.commentId }, data: { channel } })
  return gid('Ticket', ticket.id)
}

interface Previewed {
  readonly ticketId: string
  readonly outcome: string
  readonly errors: readonly { readonly code: string; readonly field: readonly string[] }[]
  readonly sender: {
    readonly channel: string
    readonly reason: string
    readonly account: { screenName: string }
  } | null
  readonly text: string | null
}

async function preview(input: object) {
  const { data, errors } = await world.ask<{
    previewBulkUpdate: {
      senders: { sender: Previewed['sender']; count: number }[]
      price: string
      sample: Previewed[]
      userErrors: { code: string; field: string[] }[]
    }
  }>(
    world.agent,
    `query($input: BulkUpdateTicketsInput!) { previewBulkUpdate(input: $input, sample: 100) {
       senders { sender { channel reason account { screenName } } count } price userErrors { code field }
       sample { ticketId outcome errors { code field } sender { channel reason account { screenName } } text } } }`,
    { input },
  )
  expect(errors).toEqual([])
  return data.previewBulkUpdate
}

interface Done {
  readonly ticketId: string
  readonly outcome: string
  readonly errors: readonly { readonly code: string; readonly field: readonly string[] }[]
  readonly changed: readonly string[]
  readonly reply: {
    readonly id: string
    readonly body: string
    readonly channel: string
    readonly delivery: {
      readonly state: string
      readonly error: string | null
      readonly account: { screenName: string }
    }
  } | null
}

async function begin(field: 'bulkUpdateTickets' | 'undoBulkUpdate', input: object) {
  const type = field === 'undoBulkUpdate' ? 'BulkUpdateNamedInput' : 'BulkUpdateTicketsInput'
  const { data, errors } = await world.ask<Record<string, { job: { id: string } | null; userErrors: object[] }>>(
    world.agent,
    `mutation($input: ${type}!) { ${field}(input: $input) { job { id } userErrors { code field } } }`,
    { input },
  )
  expect(errors).toEqual([])
  return { jobId: data[field]?.job?.id ?? '', userErrors: data[field]?.userErrors }
}

/** Begins it, does what a worker would, and gives what became of the tickets. */
async function run(field: 'bulkUpdateTickets' | 'undoBulkUpdate', input: object) {
  const { jobId, userErrors } = await begin(field, input)
  expect(userErrors).toEqual([])
  const [, dbId] = Buffer.from(jobId, 'base64').toString().split(':')
  const { store } = world
  await createBulkUpdateTask({ store, replies: bulkReplies(store), logger: silent })({ jobId: dbId }, undefined)
  const { data, errors } = await world.ask<{ bulkUpdateJob: { items: { nodes: Done[] } } }>(
    world.agent,
    `query($id: ID!) { bulkUpdateJob(id: $id) { items(first: 100) { nodes { ticketId outcome changed errors { code field }
       reply { id body channel delivery { state error account { screenName } } } } } } }`,
    { id: jobId },
  )
  expect(errors).toEqual([])
  return { jobId, items: data.bulkUpdateJob.items.nodes }
}

const REPLY = { patch: { reply: { body: 'We are on it.' } } }

describe('the account that answers in bulk', () => {
  for (const [rule, { receiver, isDefault, mentions }, expected] of [
    ['F31: allowed and the default one', { receiver: true, isDefault: 'receiver' }, ['acme', 'DEFAULT']],
    ['F32: another default one', { receiver: true, isDefault: 'other' }, ['AcmeHelp', 'DEFAULT']],
    ['F33: not allowed, another default one', { receiver: false, isDefault: 'other' }, ['AcmeHelp', 'DEFAULT']],
    ['F34: not allowed, no default one', { receiver: false, isDefault: null }, 'REPLIES_NOT_ALLOWED'],
    ['F35: allowed, no default one', { receiver: true, isDefault: null }, ['acme', 'ADDRESSED']],
    [
      'X lets the default one not answer',
      { receiver: true, isDefault: 'other', mentions: '@acme' },
      ['acme', 'DEFAULT_CANNOT'],
    ],
  ] as const) {
    it(`follows ${rule}`, async () => {
      const { prisma } = world.store
      const set = (id: string, data: object) => prisma.account.update({ where: { id }, data })
      await set(world.accountId, { allowReplies: receiver, isDefault: isDefault === 'receiver' })
      await set(otherId, { isDefault: isDefault === 'other' })
      const ids = [await post(mentions && `${mentions} where is it?`)]
      const { sample, senders } = await preview({ ids, ...REPLY })
      const { items } = await run('bulkUpdateTickets', { ids, ...REPLY })
      if (typeof expected === 'string') {
        const refused = { outcome: 'FAILED', errors: [{ code: expected, field: ['reply'] }] }
        expect(sample).toMatchObject([{ ...refused, sender: null, text: null }])
        expect(senders).toEqual([])
        expect(items).toMatchObject([{ ...refused, reply: null }])
        expect(await prisma.delivery.count()).toBe(0)
        return
      }
      const [screenName, reason] = expected
      const sender = { channel: 'X_POST', reason, account: { screenName } }
      expect(sample).toMatchObject([{ outcome: 'CHANGED', sender, text: 'We are on it.' }])
      expect(senders).toEqual([{ sender, count: 1 }])
      const delivery = { state: 'QUEUED', account: { screenName } }
      expect(items).toMatchObject([{ outcome: 'CHANGED', changed: [], reply: { body: 'We are on it.', delivery } }])
      expect(await prisma.delivery.findMany({ select: { bulk: true } })).toEqual([{ bulk: true }])
    })
  }
})

describe('a bulk reply', () => {
  it('goes to each customer as they wrote, with what else is changed, or says why not', async () => {
    const moved = { movedToEmailAt: new Date() }
    const [byPost, byMessage, byMail, locked, closed] = [
      await post(),
      await message('X_DM'),
      await post('@acme hello?', moved),
      await message('X_CHAT'),
      await post('@acme again', { status: 'CLOSED' }),
    ]
    const ids = [byPost, byMessage, byMail, locked, closed]
    const input = { ids, patch: { addTags: ['outage'], comment: 'Told them.', reply: { body: 'All works again.' } } }
    const foreseen = await preview(input)
    expect(foreseen.price).toBe('0.025')
    expect(foreseen.senders.map(({ sender, count }) => `${sender?.channel} ${count}`).sort()).toEqual([
      'EMAIL 1',
      'X_DM 1',
      'X_POST 1',
    ])
    const { items } = await run('bulkUpdateTickets', input)
    const seen = new Map(items.map((item) => [item.ticketId, item]))
    for (const [id, channel] of [
      [byPost, 'X_POST'],
      [byMessage, 'X_DM'],
      [byMail, 'EMAIL'],
    ] as const)
      expect(seen.get(id)).toMatchObject({ outcome: 'CHANGED', changed: ['tags'], reply: { channel } })
    expect(seen.get(locked)).toMatchObject({ outcome: 'FAILED', errors: [{ code: 'XCHAT_LOCKED', field: ['reply'] }] })
    expect(seen.get(closed)?.outcome).toBe('FAILED')
    expect(seen.get(closed)?.errors.map(({ code }) => code)).toContain('CLOSED_TICKET')
    const { data } = await world.ask<{ ticket: { comments: { nodes: object[] } } }>(
      world.agent,
      'query($id: ID!) { ticket(id: $id) { comments(first: 10) { nodes { body visibility direction } } } }',
      { id: byPost },
    )
    expect(data.ticket.comments.nodes.slice(1)).toEqual([
      { body: 'Told them.', visibility: 'PRIVATE', direction: 'OUTBOUND' },
      { body: 'All works again.', visibility: 'PUBLIC', direction: 'OUTBOUND' },
    ])
    const jobs = await world.store.prisma.$queryRaw<{ key: string }[]>`
      SELECT key FROM graphile_worker.jobs WHERE key LIKE 'deliver/%' ORDER BY key`
    const waiting = [`deliver/${world.accountId}`, 'deliver/email']
    expect(jobs.map(({ key }) => key)).toEqual(expect.arrayContaining(waiting))
  })

  it('is told live', async () => {
    const id = await post()
    const listener = await world.listen<{ ticketEvents: object }>(
      world.agent,
      'subscription { ticketEvents { type comment { body visibility } } }',
    )
    await run('bulkUpdateTickets', { ids: [id], patch: { status: 'PENDING', reply: { body: 'Soon.' } } })
    const seen = (await listener.take(2)).map(({ data }) => data.ticketEvents)
    const comment = { body: 'Soon.', visibility: 'PUBLIC' }
    expect(seen).toEqual([
      { type: 'TICKET_UPDATED', comment: null },
      { type: 'COMMENT_CREATED', comment },
    ])
    await listener.stop()
  })

  it('too long for X is refused for posts, and sent as a message (F37)', async () => {
    const ids = [await post(), await message('X_DM')]
    const { items } = await run('bulkUpdateTickets', { ids, patch: { reply: { body: 'a'.repeat(281) } } })
    expect(items.map(({ outcome, errors }) => [outcome, ...errors.map(({ field }) => field.join('.'))])).toEqual([
      ['FAILED', 'reply.body'],
      ['CHANGED'],
    ])
  })

  it('carries each ticket’s own link, of the length that was foreseen (F52)', async () => {
    const ids = [await post(), await post()]
    const wanted = { ids, patch: { reply: { body: 'Look:', ticketLink: true } } }
    const refusal = [{ code: 'TICKET_LINKS_NEED_SIGN_IN', field: ['patch', 'reply', 'ticketLink'] }]
    expect((await begin('bulkUpdateTickets', wanted)).userErrors).toEqual(refusal)
    expect((await preview(wanted)).userErrors).toEqual(refusal)
    const data = { requesterPage: true, requesterSignIn: true, ticketLinks: 'ALWAYS', ticketLinkForm: 'SHORT' } as const
    await world.store.prisma.workspace.update({ where: { id: 1 }, data })
    const input = { ids, patch: { reply: { body: 'Look:' } } }
    const foreseen = (await preview(input)).sample.map(({ text }) => text?.length)
    const { items } = await run('bulkUpdateTickets', input)
    const bodies = items.map(({ reply }) => reply?.body ?? '')
    for (const body of bodies) expect(body).toMatch(/^Look: https:\/\/perch\.example\.com\/t\/[0-9A-Za-z]{10}$/)
    expect(new Set(bodies).size).toBe(2)
    expect(bodies.map((body) => body.length)).toEqual(foreseen)
  })

  it.each([
    ['blank', '  '],
    ['longer than any comment', 'a'.repeat(50_001)],
  ])('that is %s is refused at once', async (_what, body) => {
    const { userErrors } = await begin('bulkUpdateTickets', { filter: {}, patch: { reply: { body } } })
    expect(userErrors).toEqual([{ code: 'INVALID_INPUT', field: ['patch', 'reply', 'body'] }])
  })
})

describe('undoBulkUpdate', () => {
  it('withdraws answers that wait, leaves alone those that were sent, and restores the rest of both', async () => {
    const ids = [await post(), await post()]
    const input = { ids, patch: { status: 'PENDING', reply: { body: 'Soon.' } } }
    const { jobId, items } = await run('bulkUpdateTickets', input)
    const [waits, sent] = items.map(({ reply }) => reply)
    const { prisma } = world.store
    const dbId =
      Buffer.from(sent?.id ?? '', 'base64')
        .toString()
        .split(':')[1] ?? ''
    await prisma.delivery.update({ where: { commentId: dbId }, data: { state: 'SENT', finishedAt: new Date() } })
    const undone = await run('undoBulkUpdate', { id: jobId })
    const codes = (errors: readonly { code: string }[]) => errors.map(({ code }) => code)
    expect(undone.items.map(({ outcome, changed, errors }) => [outcome, changed, codes(errors)])).toEqual([
      ['CHANGED', ['status'], []],
      ['CHANGED', ['status'], ['ANSWER_NOT_WAITING']],
    ])
    const after = await world.ask<{ nodes: { delivery: object }[] }>(
      world.agent,
      'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { delivery { state error retryable } } } }',
      { ids: [waits?.id, sent?.id] },
    )
    expect(after.data.nodes.map(({ delivery }) => delivery)).toEqual([
      { state: 'FAILED', error: 'WITHDRAWN', retryable: true },
      { state: 'SENT', error: null, retryable: false },
    ])
  })

  it('of answers alone changes what it withdraws', async () => {
    const { jobId } = await run('bulkUpdateTickets', { ids: [await post()], ...REPLY })
    const { items } = await run('undoBulkUpdate', { id: jobId })
    expect(items).toMatchObject([{ outcome: 'CHANGED', changed: [] }])
    const [delivery] = await world.store.prisma.delivery.findMany()
    expect(delivery).toMatchObject({ state: 'FAILED', error: 'WITHDRAWN' })
  })

  it('lists the answers that were sent, and does not try them again', async () => {
    const { jobId } = await run('bulkUpdateTickets', { ids: [await post()], ...REPLY })
    await world.store.prisma.delivery.updateMany({ data: { state: 'SENT', finishedAt: new Date() } })
    const undone = await run('undoBulkUpdate', { id: jobId })
    expect(undone.items).toMatchObject([{ outcome: 'FAILED', errors: [{ code: 'ANSWER_NOT_WAITING', field: [] }] }])
    expect((await run('undoBulkUpdate', { id: jobId })).jobId).toBe(undone.jobId)
  })

  it('of an undo says of the answers that were withdrawn that they are not given again', async () => {
    const { jobId } = await run('bulkUpdateTickets', { ids: [await post(), await post()], ...REPLY })
    const undone = await run('undoBulkUpdate', { id: jobId })
    const redone = await run('undoBulkUpdate', { id: undone.jobId })
    const refused = { outcome: 'FAILED', errors: [{ code: 'ANSWER_WITHDRAWN' }] }
    expect(redone.items).toMatchObject([refused, refused])
  })
})
