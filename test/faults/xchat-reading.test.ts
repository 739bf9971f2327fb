import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { updateSettings } from '../../src/accounts/settings.ts'
import { XError } from '../../src/x/errors.ts'
import { createReaderWorld, type ReaderWorld } from '../ingest/xchat-world.ts'

const PIN = '2580'
const REALMS = [0, 1, 2] as const

vi.setConfig({ testTimeout: 60_000 })

let world: ReaderWorld

beforeAll(async () => {
  world = await createReaderWorld()
  for (const username of ['ann', 'bob']) world.simulator.createUser({ username })
})
afterEach(async () => {
  for (const realm of REALMS) await world.simulator.setRealmFault({ realm, fault: null })
  await world.clear()
})
afterAll(() => world.close())

/** Keys are worked with at a low priority: on a busy machine that takes its time. */
const PATIENCE = { timeout: 20_000, interval: 50 }
/** What was said on the account's tickets, each in order. */
const conversations = async (accountId: string) => {
  const tickets = await world.store.prisma.ticket.findMany({
    where: { accountId },
    orderBy: { number: 'asc' },
    include: { comments: { orderBy: [{ postedAt: 'asc' }, { id: 'asc' }] } },
  })
  return tickets.map(({ comments }) => comments.map(({ body }) => body))
}
const send = (from: string, to: string, text: string, fault?: 'damaged' | 'wrong-signature') =>
  world.simulator.sendChatMessage({ from, to, text, ...(fault && { fault }) })

test('messages are kept unread until there is a PIN, then read, and go on being read without it and its realms', async () => {
  const acme = await world.account('acme')
  await world.simulator.setUpXChat({ user: 'acme', pin: PIN })
  const sent = [
    await send('ann', 'acme', 'Where is my parcel?'),
    await send('bob', 'acme', 'My invoice is wrong'),
    await send('ann', 'acme', 'lost on the way', 'damaged'),
    await send('ann', 'acme', 'send me money', 'wrong-signature'),
    await send('ann', 'acme', 'Hello?'),
  ]
  const own = await send('acme', 'ann', 'On its way.')
  const { conversationId } = await world.simulator.createChatGroup({
    from: 'ann',
    members: ['acme', 'bob'],
    name: 'VIP',
  })
  await world.simulator.sendChatMessage({ from: 'ann', conversationId, text: 'hello all' })

  const first = await world.start()
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(6)
  // Those of groups are not.
  expect(await world.messages(acme)).toEqual([
    ...sent.map(({ id }, index) => ({ id, from: index === 1 ? 'bob' : 'ann', reason: 'PIN_NOT_CONFIRMED' })),
    { id: own.id, from: 'acme', reason: 'PIN_NOT_CONFIRMED' },
  ])
  await world.confirm(acme, PIN)
  const read = [null, null, 'DAMAGED', 'NOT_VERIFIED', null, null]
  await expect.poll(async () => (await world.messages(acme)).map(({ reason }) => reason), PATIENCE).toEqual(read)

  // What was read is on tickets, in order; what is not signed by whom X names is a dead letter, and no comment.
  const said = [['Where is my parcel?', 'Hello?', 'On its way.'], ['My invoice is wrong']]
  await expect.poll(() => conversations(acme.id), PATIENCE).toEqual(said)
  expect(await world.store.prisma.deadLetter.count({ where: { source: 'xchat' } })).toBe(2)
  const people = await world.store.prisma.ticket.findMany({ include: { requester: { include: { xProfile: true } } } })
  expect(people.map(({ requester }) => requester.xProfile?.username).sort()).toEqual(['ann', 'bob'])

  // Otherwise it is nowhere but with the sender and us: the row is as X sent it.
  const row = await world.store.prisma.xChatMessage.findFirstOrThrow({ where: { accountId: acme.id } })
  expect(JSON.stringify(row)).not.toContain('parcel')

  // Another process, no PIN, no realms.
  await first.stop()
  for (const realm of REALMS) await world.simulator.setRealmFault({ realm, fault: 'down' })
  await world.start()
  const later = await send('bob', 'acme', 'any news?')
  await expect.poll(() => world.messages(acme), PATIENCE).toContainEqual({ id: later.id, from: 'bob', reason: null })
})

test('another PIN in X is confirmed like the first, and reading goes on', async () => {
  const acme = await world.account('initech')
  await world.simulator.setUpXChat({ user: 'initech', pin: PIN })
  await world.confirm(acme, PIN)
  await world.simulator.changeXChatPin({ user: 'initech', pin: '1397' })
  const before = await send('ann', 'initech', 'before')
  await world.start()
  await expect.poll(() => world.messages(acme), PATIENCE).toEqual([{ id: before.id, from: 'ann', reason: null }])
  await world.confirm(acme, '1397')
  const after = await send('ann', 'initech', 'after')
  await expect.poll(() => world.messages(acme), PATIENCE).toContainEqual({ id: after.id, from: 'ann', reason: null })
})

test('replaced keys are told of once, and what they hide is read when the new PIN is confirmed', async () => {
  const acme = await world.account('hooli')
  await world.simulator.setUpXChat({ user: 'hooli', pin: PIN })
  await world.confirm(acme, PIN)
  const readings = [await world.start(), await world.start()]
  await send('ann', 'hooli', 'first')
  await expect.poll(async () => (await world.messages(acme)).map(({ reason }) => reason), PATIENCE).toEqual([null])
  const told = (await world.events(acme)).length

  await world.simulator.setUpXChat({ user: 'hooli', pin: '1397' })
  await send('ann', 'hooli', 'second')
  await send('bob', 'hooli', 'third')
  const hidden = [null, 'KEYS_REPLACED', 'KEYS_REPLACED']
  await expect.poll(async () => (await world.messages(acme)).map(({ reason }) => reason), PATIENCE).toEqual(hidden)
  const row = () => world.store.prisma.accountXChat.findUniqueOrThrow({ where: { accountId: acme.id } })
  expect((await row()).status).toBe('KEYS_REPLACED')
  // One for the keys, one each time that a conversation has more messages that cannot be read.
  const rounds = world.asked.length
  await world.simulator.sendChatMessage({ from: 'hooli', to: 'ann', text: 'our own' })
  await expect.poll(() => world.asked.length, PATIENCE).toBeGreaterThan(rounds)
  await expect.poll(async () => (await world.events(acme)).length - told, PATIENCE).toBe(4)

  await world.confirm(acme, '1397')
  await expect
    .poll(async () => (await world.messages(acme)).map(({ reason }) => reason), PATIENCE)
    .toEqual([null, null, null, null])
  expect((await row()).status).toBe('CONFIRMED')
  for (const reading of readings) await reading.stop()
})

test('reading begins where it ended, and a conversation of many pages is read whole', async () => {
  const acme = await world.account('umbrella')
  await world.simulator.setUpXChat({ user: 'umbrella', pin: PIN })
  for (let n = 1; n <= 130; n++) await send('ann', 'umbrella', `message ${n}`)
  const first = await world.start()
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(130)
  await first.stop()

  const cursors = await world.store.prisma.sourceCursor.findMany({
    where: { accountId: acme.id, sinceId: { not: null } },
  })
  expect(cursors.map(({ source }) => source)).toEqual([expect.stringMatching(/^xchat:[0-9]+-[0-9]+$/)])
  expect(cursors[0]?.sinceId).toBe((await world.messages(acme)).at(-1)?.id)
  world.asked.length = 0
  const last = await send('ann', 'umbrella', 'one more')
  await world.start()
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(131)
  expect((await world.messages(acme)).at(-1)?.id).toBe(last.id)
  // Back to where it was, and no page further.
  expect(world.asked.filter(({ pageToken }) => pageToken !== undefined)).toEqual([])
})

test('a conversation that X does not give holds up no other', async () => {
  const acme = await world.account('tyrell')
  await world.simulator.setUpXChat({ user: 'tyrell', pin: PIN })
  const [ofAnn, ofBob] = [await send('ann', 'tyrell', 'hello'), await send('bob', 'tyrell', 'hello')]
  let broken = true
  world.onEvents = (id) => {
    if (broken && id === ofAnn.conversationId) throw new XError('UNAVAILABLE', 'not this one')
  }
  await world.start()
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(1)
  expect((await world.messages(acme))[0]?.id).toBe(ofBob.id)
  broken = false
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(2)
})

test('a message is traffic, and what was said before the account captures is history', async () => {
  const brand = await world.account('soylent')
  await world.simulator.setUpXChat({ user: 'soylent', pin: PIN })
  await send('ann', 'soylent', 'long ago')
  const silent = new Date(Date.now() - 12 * 24 * 3600_000)
  await world.change(brand, { capturesFrom: new Date(), lastTrafficAt: silent, inactivityWarnedDays: 10 })
  await world.start()
  const said = await send('ann', 'soylent', 'now')
  await expect.poll(() => world.messages(brand), PATIENCE).toHaveLength(1)
  expect((await world.messages(brand))[0]?.id).toBe(said.id)
  const account = await world.store.prisma.account.findUniqueOrThrow({ where: { id: brand.id } })
  expect(account.lastTrafficAt.getTime()).toBeGreaterThan(Date.now() - 60_000)
  expect(account.inactivityWarnedDays).toBe(0)
})

test('nothing is read of an account that does not capture direct messages, is switched off, or has XChat disabled', async () => {
  const acme = await world.account('globex')
  await world.simulator.setUpXChat({ user: 'globex', pin: PIN })
  await world.start()
  await send('ann', 'globex', 'read')
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(1)

  const administrator = randomUUID()
  await updateSettings(world.store, administrator, acme.id, { captureDirectMessages: false })
  await send('ann', 'globex', 'not captured, nor later')
  await settled()
  await updateSettings(world.store, administrator, acme.id, { captureDirectMessages: true })
  await world.change(acme, { status: 'DEACTIVATED', deactivatedAt: new Date() })
  await send('ann', 'globex', 'switched off')
  await settled()
  await world.change(acme, { status: 'ACTIVE', deactivatedAt: null, xchat: { create: { status: 'DISABLED' } } })
  await send('ann', 'globex', 'disabled')
  await settled()
  expect(await world.messages(acme)).toHaveLength(1)

  // What was captured and only not read is there when it is wanted again.
  await world.change(acme, { xchat: { update: { status: 'PIN_REQUIRED' } } })
  await expect.poll(() => world.messages(acme), PATIENCE).toHaveLength(3)

  /** Until another account has been read twice: this one would have been, too. */
  async function settled() {
    const other = await world.account(`other${world.asked.length}`)
    await world.simulator.setUpXChat({ user: other.username, pin: PIN })
    await send('bob', other.username, 'hello')
    await expect.poll(() => world.messages(other), PATIENCE).toHaveLength(1)
    await send('bob', other.username, 'hello again')
    await expect.poll(() => world.messages(other), PATIENCE).toHaveLength(2)
  }
})
