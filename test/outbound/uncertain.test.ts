import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Attempted } from '../../src/domain/delivery.ts'
import type { Audience } from '../../src/domain/visibility.ts'
import { applyItems } from '../../src/ingest/apply.ts'
import { retry } from '../../src/outbound/retry.ts'
import { settle } from '../../src/outbound/rows.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { message } from '../helpers/items.ts'
import { BRAND_ID, createAccount, received } from '../helpers/posts.ts'
import { testStore } from '../helpers/stores.ts'
import { type Asked, type Script, waitingAnswer, wired } from './wired.ts'

/** Answers that X may have though it said that it does not work (503), or said nothing: never twice on X. */

let database: TestDatabase
let store: Store
let accountId: string
const agent: Audience = { userId: FIRST_USERS.agent.id, role: 'AGENT', ticketAccess: 'ALL', groupIds: [] }

beforeAll(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
  accountId = await createAccount(store, { captureDirectMessages: true })
})
afterEach(() => store.prisma.$executeRaw`TRUNCATE ticket CASCADE`)
afterAll(async () => {
  await store?.close()
  await database?.drop()
})

let ids = 5_000
const nextId = () => String(ids++)
const standing = (commentId: string) => store.prisma.delivery.findUniqueOrThrow({ where: { commentId } })
const idOf = async (commentId: string) =>
  (await store.prisma.comment.findUniqueOrThrow({ where: { id: commentId } })).externalId

const AWAY: Attempted = { kind: 'UNCERTAIN', refused: true }
const SILENCE: Attempted = { kind: 'UNCERTAIN', refused: false }
const TWICE: Attempted = { kind: 'REFUSED', error: 'DUPLICATE', detail: 'the same' }
const send = (messageId: string): Asked => ({ send: messageId })
const look = (...messageIds: string[]): Asked => ({ look: messageIds })
const unreachable = new Error('X cannot be asked')

describe('an answer to which X said 503', () => {
  it.each<[string, Script, number, object, Asked[]]>([
    [
      'is looked for once more before it is sent again',
      { attempts: [AWAY], looks: [null, null, '77'] },
      4,
      { state: 'SENT', attempts: 1 },
      [send('m1'), look('m1'), look('m1'), look('m1')],
    ],
    [
      'is sent again when X shows nothing then, and known by either id',
      { attempts: [AWAY, AWAY], looks: [null, null, null, '77'] },
      6,
      { state: 'SENT', attempts: 2 },
      [send('m1'), look('m1'), look('m1'), look('m1'), send('m2'), look('m2', 'm1')],
    ],
    [
      'is looked for when X says then that it has the same text, and is not FAILED',
      { attempts: [AWAY, TWICE], looks: [null, null, null, null, '77'] },
      7,
      { state: 'SENT', attempts: 2, error: null },
      [send('m1'), look('m1'), look('m1'), look('m1'), send('m2'), look('m2', 'm1'), look('m2', 'm1')],
    ],
    [
      'is UNKNOWN when X has the same text and does not show it',
      { attempts: [AWAY, TWICE], looks: [null, null, null, null, null, null] },
      8,
      { state: 'UNKNOWN', attempts: 2 },
      [send('m1'), look('m1'), look('m1'), look('m1'), send('m2'), ...Array(3).fill(look('m2', 'm1'))],
    ],
    [
      'is not sent again while X cannot be asked whether it has it',
      { attempts: [AWAY], looks: [null, null, unreachable, unreachable, '77'] },
      6,
      { state: 'SENT', attempts: 1 },
      [send('m1'), ...Array(5).fill(look('m1'))],
    ],
  ])('%s', async (_what, script, runs, expected, asked) => {
    const { commentId } = await waitingAnswer(store, accountId, nextId())
    const wire = wired(store, accountId, script)
    await wire.deliver(runs)
    expect(wire.asked).toEqual(asked)
    expect(await standing(commentId)).toMatchObject(expected)
  })
})

it('an answer that X did not take hours ago is not given up because X cannot be asked once', async () => {
  const { commentId } = await waitingAnswer(store, accountId, nextId())
  const sent: Attempted = { kind: 'SENT', externalId: '81' }
  const wire = wired(store, accountId, { attempts: [AWAY, sent], looks: [null, null, unreachable, unreachable, null] })
  await wire.deliver(3)
  // X's window of a day was used up meanwhile.
  await store.prisma.delivery.update({ where: { commentId }, data: { begunAt: new Date(Date.now() - 7_200_000) } })
  await wire.deliver(2)
  expect(await standing(commentId)).toMatchObject({ state: 'QUEUED', attempts: 1, error: 'UNAVAILABLE' })
  await wire.deliver()
  expect(await standing(commentId)).toMatchObject({ state: 'SENT', attempts: 2 })
})

it('an answer of which others have found nothing is SENT when whoever was too slow says that X took it', async () => {
  const { commentId } = await waitingAnswer(store, accountId, nextId())
  await wired(store, accountId, { attempts: [SILENCE], looks: [null, null, null] }).deliver(4)
  expect(await standing(commentId)).toMatchObject({ state: 'UNKNOWN' })
  await settle(store, commentId, { state: 'SENT', externalId: '82' })
  expect(await standing(commentId)).toMatchObject({ state: 'SENT', error: null })
  expect(await idOf(commentId)).toBe('82')
  await settle(store, commentId, { state: 'UNKNOWN' })
  expect(await standing(commentId)).toMatchObject({ state: 'SENT' })
})

describe('an answer that is UNKNOWN and retried', () => {
  const lost = { attempts: [SILENCE], looks: [null, null, null] }
  it.each<[string, Script, object, Asked[]]>([
    ['is not sent when X shows it now', { looks: ['78'] }, { state: 'SENT' }, [look('m1')]],
    [
      'is sent when X shows nothing',
      { attempts: [{ kind: 'SENT', externalId: '79' }], looks: [null] },
      { state: 'SENT' },
      [look('m1'), send('m1')],
    ],
    [
      'is sent when X cannot be asked, for the agent has looked',
      { attempts: [{ kind: 'SENT', externalId: '80' }], looks: [unreachable] },
      { state: 'SENT' },
      [look('m1'), send('m1')],
    ],
  ])('%s', async (_what, script, expected, asked) => {
    const { commentId } = await waitingAnswer(store, accountId, nextId())
    await wired(store, accountId, lost).deliver(4)
    expect(await standing(commentId)).toMatchObject({ state: 'UNKNOWN' })
    expect((await retry({ store, selfServe: true }, agent, commentId, true)).userErrors).toEqual([])
    const wire = wired(store, accountId, script)
    await wire.deliver()
    expect(wire.asked).toEqual(asked)
    expect(await standing(commentId)).toMatchObject(expected)
  })
})

describe('what X tells of later is the answer, and no other comment', () => {
  const away = { attempts: [AWAY, AWAY], looks: [null, null, null, null, null] }
  it.each([
    ['QUEUED', {}],
    ['FAILED', { state: 'FAILED', error: 'DUPLICATE', finishedAt: new Date() }],
    ['FAILED', { state: 'FAILED', error: 'UNAVAILABLE_TOO_LONG', finishedAt: new Date() }],
  ] as const)('of a post that is %s after a 503', async (state, change) => {
    const conversation = nextId()
    const { commentId } = await waitingAnswer(store, accountId, conversation)
    const wire = wired(store, accountId, away)
    await wire.deliver(3)
    await store.prisma.delivery.update({ where: { commentId }, data: change })
    expect(await standing(commentId)).toMatchObject({ state })
    const copy = nextId()
    const said = received(copy, { author: BRAND_ID, conversation, answers: '900', text: 'On its way', mentions: [] })
    await applyItems(store, [{ ...said, post: { ...said.post, postedAt: new Date().toISOString() } }])
    expect(await standing(commentId)).toMatchObject({ state: 'SENT', error: null })
    expect(await store.prisma.comment.findMany({ where: { externalId: copy } })).toMatchObject([{ id: commentId }])
    await wire.deliver()
    expect(wire.asked.filter((one) => 'send' in one)).toEqual([send('m1')])
  })

  it('of an encrypted message by the id of an earlier attempt', async () => {
    const { commentId } = await waitingAnswer(store, accountId, nextId(), { channel: 'X_CHAT' })
    const wire = wired(store, accountId, away)
    await wire.deliver(6)
    expect(await standing(commentId)).toMatchObject({ state: 'QUEUED', attempts: 2, messageId: 'm2' })
    const own = message('1', { id: `${BRAND_ID}/m1`, from: BRAND_ID, channel: 'X_CHAT' })
    await applyItems(store, [own])
    expect(await standing(commentId)).toMatchObject({ state: 'SENT' })
    expect(await idOf(commentId)).toBe(`${BRAND_ID}/m1`)
  })

  it('but not of an answer that X is known not to have', async () => {
    const conversation = nextId()
    const { commentId } = await waitingAnswer(store, accountId, conversation)
    await wired(store, accountId, { attempts: [{ kind: 'LATER', error: 'RATE_LIMITED' }] }).deliver()
    const said = received(nextId(), { author: BRAND_ID, conversation, answers: '900', text: 'On its way' })
    await applyItems(store, [{ ...said, post: { ...said.post, postedAt: new Date().toISOString() } }])
    expect(await standing(commentId)).toMatchObject({ state: 'QUEUED' })
    expect(await idOf(commentId)).toBeNull()
  })
})
