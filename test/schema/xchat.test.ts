import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { XChatUnreadReason } from '../../src/domain/xchat.ts'
import { createWorld, gid, type World } from './world.ts'

const XCHAT = `xchat { status confirmedAt guessesLeft attemptsLeft retryAt
  unread { count oldestAt reasons { reason count oldestAt } } }`
const CONFIRM = `mutation ($id: ID!, $pin: XChatPin!) { confirmXChatPin(input: { accountId: $id, pin: $pin }) {
  account { id ${XCHAT} } outcome guessesLeft attemptsLeft retryAt userErrors { code field message } position } }`
const DISABLE = `mutation ($id: ID!) { disableXChat(input: { accountId: $id }) {
  account { ${XCHAT} } userErrors { code field message } position } }`

interface XChat {
  readonly status: string
  readonly confirmedAt: string | null
  readonly guessesLeft: number | null
  readonly attemptsLeft: number
  readonly retryAt: string | null
  readonly unread: { readonly count: number; readonly oldestAt: string | null; readonly reasons: readonly object[] }
}
interface Confirmed {
  readonly confirmXChatPin: {
    readonly account: { readonly id: string; readonly xchat: XChat | null } | null
    readonly outcome: string | null
    readonly guessesLeft: number | null
    readonly attemptsLeft: number | null
    readonly retryAt: string | null
    readonly userErrors: readonly { readonly code: string }[]
    readonly position: string
  }
}

let world: World
let id: string
beforeAll(async () => {
  world = await createWorld()
  id = gid('Account', world.accountId)
})
beforeEach(async () => {
  await world.store.prisma.account.deleteMany({ where: { id: { not: world.accountId } } })
  await world.store.prisma.xChatPinAttempt.deleteMany()
  await world.store.prisma.xChatMessage.deleteMany()
  await world.store.prisma.accountXChat.deleteMany()
  await world.store.prisma.account.update({ where: { id: world.accountId }, data: { captureDirectMessages: true } })
  world.realms.reset()
})
afterAll(() => world?.close())

const confirm = async (pin: string, account = id) =>
  (await world.ask<Confirmed>(world.admin, CONFIRM, { id: account, pin })).data.confirmXChatPin

const accounts = async (viewer = world.admin) =>
  world.ask<{ accounts: { xchat: XChat | null }[] }>(viewer, `{ accounts { ${XCHAT} } }`)

async function message(reason: XChatUnreadReason | null, sentAt: string, accountId = world.accountId) {
  const message = { conversationId: '1-2', senderId: '2', encodedEvent: 'AAAA', sentAt, unreadReason: reason }
  await world.store.prisma.xChatMessage.create({ data: { accountId, id: randomUUID(), ...message } })
}

describe('confirmXChatPin', () => {
  test('answers with the account as it is then', async () => {
    const { account, ...rest } = await confirm('2580')
    expect(rest).toEqual({
      outcome: 'CONFIRMED',
      guessesLeft: null,
      attemptsLeft: 5,
      retryAt: null,
      userErrors: [],
      position: expect.stringMatching(/:\d+$/),
    })
    expect(account).toEqual({
      id,
      xchat: {
        status: 'CONFIRMED',
        confirmedAt: expect.stringMatching(/^\d{4}-/),
        guessesLeft: null,
        attemptsLeft: 5,
        retryAt: null,
        unread: { count: 0, oldestAt: null, reasons: [] },
      },
    })
  })

  test('tells of a wrong PIN what is left, on both counts, until no more is taken', async () => {
    const first = await confirm('1234')
    expect(first).toMatchObject({ outcome: 'WRONG_PIN', guessesLeft: 19, attemptsLeft: 4, userErrors: [] })
    expect(first.account?.xchat).toMatchObject({ status: 'PIN_REQUIRED', guessesLeft: 19, attemptsLeft: 4 })
    for (let n = 0; n < 4; n += 1) await confirm('1234')
    const last = await confirm('2580')
    expect(last).toMatchObject({ outcome: 'TOO_MANY_ATTEMPTS', guessesLeft: 15, attemptsLeft: 0 })
    expect(last.retryAt).toMatch(/^\d{4}-/)
    expect(last.account?.xchat).toMatchObject({ attemptsLeft: 0, retryAt: last.retryAt })
  })

  test('takes what is no PIN for what it is', async () => {
    expect(await confirm('12345')).toMatchObject({ outcome: 'PIN_FORMAT', attemptsLeft: 5, userErrors: [] })
  })

  test('refuses an account that does not capture direct messages, and what is none', async () => {
    await world.store.prisma.account.update({ where: { id: world.accountId }, data: { captureDirectMessages: false } })
    const refused = await confirm('2580')
    expect(refused).toMatchObject({ outcome: null, userErrors: [{ code: 'XCHAT_NEEDS_DIRECT_MESSAGES' }] })
    expect(refused.account).toEqual({ id, xchat: null })
    for (const [other, code] of [
      [gid('Account', randomUUID()), 'NOT_FOUND'],
      [gid('Ticket', world.accountId), 'INVALID_INPUT'],
      ['nonsense', 'INVALID_INPUT'],
    ] as const) {
      expect(await confirm('2580', other)).toMatchObject({ account: null, outcome: null, userErrors: [{ code }] })
    }
    expect(world.realms.guesses).toBe(0)
  })

  test('is for administrators', async () => {
    const answer = await world.ask<Confirmed | null>(world.agent, CONFIRM, { id, pin: '2580' })
    expect(answer.errors).toEqual(['FORBIDDEN: Mutation.confirmXChatPin is for administrators.'])
    expect(world.realms.guesses).toBe(0)
  })
})

describe('disableXChat', () => {
  test('erases the key', async () => {
    await confirm('2580')
    const { data } = await world.ask<{ disableXChat: object }>(world.admin, DISABLE, { id })
    expect(data.disableXChat).toMatchObject({ account: { xchat: { status: 'DISABLED' } }, userErrors: [] })
    const row = await world.store.prisma.accountXChat.findUnique({ where: { accountId: world.accountId } })
    expect(row).toMatchObject({ secretKey: null, keyVersion: null })
  })

  test('is for administrators', async () => {
    const answer = await world.ask(world.agent, DISABLE, { id })
    expect(answer.errors).toEqual(['FORBIDDEN: Mutation.disableXChat is for administrators.'])
  })
})

describe('account.xchat', () => {
  test('is null where direct messages are not captured, and asks for a PIN where they just are', async () => {
    expect((await accounts()).data.accounts).toMatchObject([
      { xchat: { status: 'PIN_REQUIRED', confirmedAt: null, guessesLeft: null, attemptsLeft: 5, retryAt: null } },
    ])
    await world.store.prisma.account.update({ where: { id: world.accountId }, data: { captureDirectMessages: false } })
    expect((await accounts()).data.accounts).toEqual([{ xchat: null }])
  })

  test('is for administrators', async () => {
    expect((await accounts(world.agent)).errors).toEqual(['FORBIDDEN: Account.xchat is for administrators.'])
  })

  test('counts what was not read by its reason, the longest waiting first', async () => {
    await message(null, '2026-11-20T09:00:00Z')
    await message('DAMAGED', '2026-11-22T09:00:00Z')
    await message('PIN_NOT_CONFIRMED', '2026-11-21T11:00:00Z')
    await message('PIN_NOT_CONFIRMED', '2026-11-21T10:00:00Z')
    const [account] = (await accounts()).data.accounts
    expect(account?.xchat?.unread).toEqual({
      count: 3,
      oldestAt: '2026-11-21T10:00:00.000Z',
      reasons: [
        { reason: 'PIN_NOT_CONFIRMED', count: 2, oldestAt: '2026-11-21T10:00:00.000Z' },
        { reason: 'DAMAGED', count: 1, oldestAt: '2026-11-22T09:00:00.000Z' },
      ],
    })
  })

  test('costs a list of accounts the same statements as one account', async () => {
    const statements = async () => {
      world.sql.length = 0
      const answer = await accounts()
      expect(answer.errors).toEqual([])
      return { sql: world.sql.length, accounts: answer.data.accounts }
    }
    const one = await statements()
    for (const n of [1, 2, 3]) {
      const other = randomUUID()
      await world.store.prisma.account.create({
        data: { id: other, xUserId: `9${n}`, screenName: `acme${n}`, name: 'Acme', captureDirectMessages: true },
      })
      await message('NOT_VERIFIED', `2026-11-2${n}T09:00:00Z`, other)
    }
    const four = await statements()
    expect(one.sql).toBeGreaterThan(0)
    expect(four.sql).toBe(one.sql)
    // Each has its own.
    expect(four.accounts.map((account) => account.xchat?.unread.oldestAt?.slice(0, 10) ?? null)).toEqual([
      null,
      '2026-11-21',
      '2026-11-22',
      '2026-11-23',
    ])
  })
})
