import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type BrandAccount, createReaderWorld, type ReaderWorld } from '../ingest/xchat-world.ts'

/** What X's side of XChat may do to us, and what is on the tickets after it. */

const PIN = '2580'
/** Keys are worked with at a low priority: on a busy machine that takes its time. */
const PATIENCE = { timeout: 20_000, interval: 50 }

vi.setConfig({ testTimeout: 60_000 })

interface EventsBody {
  readonly data?: readonly { readonly id: string }[]
  readonly meta: { readonly conversation_key_events: readonly string[] }
}
interface ConversationsBody {
  readonly data: readonly { readonly id: string }[]
  readonly includes: { readonly users: readonly { readonly id: string }[] }
}

let world: ReaderWorld
beforeAll(async () => {
  world = await createReaderWorld()
  world.simulator.createUser({ username: 'ann' })
})
afterEach(() => world.clear())
afterAll(() => world.close())

const send = (from: string, to: string, text: string) => world.simulator.sendChatMessage({ from, to, text })
/** As of a group: no conversation that is ours. */
const news = ({ xUserId }: BrandAccount) => ({ accountXUserId: xUserId, conversationId: 'g1' })
const idOf = (username: string) => world.simulator.users().find((user) => user.username === username)?.id ?? ''
const reasons = async (account: BrandAccount) => (await world.messages(account)).map(({ reason }) => reason)
const tickets = (account: BrandAccount) =>
  world.store.prisma.ticket.findMany({
    where: { accountId: account.id },
    orderBy: { number: 'asc' },
    include: {
      comments: { orderBy: [{ postedAt: 'asc' }, { id: 'asc' }] },
      requester: { include: { xProfile: true } },
    },
  })
const said = async (account: BrandAccount) =>
  (await tickets(account)).map(({ comments }) => comments.map(({ body }) => body))

async function brand(username: string): Promise<BrandAccount> {
  const account = await world.account(username)
  await world.simulator.setUpXChat({ user: username, pin: PIN })
  return account
}

test('a message that X tells twice, under two ids, to two processes, is one comment', async () => {
  const acme = await brand('acme')
  await world.confirm(acme, PIN)
  // Every event comes a second time under an id of its own; what was signed is the same.
  world.rewrite.events = (body) => {
    const { data = [], ...beside } = body as EventsBody
    const twice = data.flatMap((event) => [{ ...event, id: String(BigInt(event.id) + 1n) }, event])
    return { data: twice, ...beside }
  }
  const readings = [await world.start(), await world.start()]
  const hear = () => Promise.all(readings.map(({ reader }) => reader.hear(news(acme))))
  await send('ann', 'acme', 'Hello?')
  await hear()
  await send('ann', 'acme', 'Are you there?')
  await hear()
  await expect.poll(() => reasons(acme), PATIENCE).toEqual([null, null, null, null])
  expect(await said(acme)).toEqual([['Hello?', 'Are you there?']])

  // Whoever takes over reads it all again.
  await Promise.all(readings.map((reading) => reading.stop()))
  await world.store.prisma.$executeRaw`DELETE FROM source_cursor`
  await world.store.prisma.$executeRaw`DELETE FROM xchat_message`
  await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toHaveLength(4)
  expect(await said(acme)).toEqual([['Hello?', 'Are you there?']])
})

test('what is not verified is a dead letter without its words, and a comment once its sender’s keys are known', async () => {
  const acme = await brand('initech')
  await world.confirm(acme, PIN)
  // The key of the conversation is ours, so that hers are missing for nothing but her signature.
  await world.simulator.setUpXChat({ user: 'ann', pin: PIN })
  await send('initech', 'ann', 'How can we help?')
  const ann = idOf('ann')
  world.rewrite.publicKeys = (body, userId) => (userId === ann ? { data: [] } : body)
  await send('ann', 'initech', 'My parcel is lost')
  await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toEqual([null, 'NOT_VERIFIED'])
  expect(await said(acme)).toEqual([])
  const letters = await world.store.prisma.deadLetter.findMany({ where: { source: 'xchat' } })
  expect(letters).toMatchObject([{ reason: expect.stringContaining('signature'), occurrences: 1 }])
  expect(JSON.parse(letters[0]?.payload ?? '{}')).toMatchObject({ accountId: acme.id, senderId: ann })
  expect(letters[0]?.payload).not.toContain('parcel')

  world.rewrite = {}
  await send('ann', 'initech', 'Hello?')
  await expect.poll(() => reasons(acme), PATIENCE).toEqual([null, null, null])
  expect(await said(acme)).toEqual([['My parcel is lost', 'Hello?']])
})

test('an earlier message whose key comes later stands before the one that was read first', async () => {
  const acme = await brand('hooli')
  await world.confirm(acme, PIN)
  await send('ann', 'hooli', 'first')
  // New keys of hers: the conversation gets a new key, and X keeps the old one to itself for a while.
  await world.simulator.setUpXChat({ user: 'ann', pin: PIN })
  await send('ann', 'hooli', 'second')
  world.rewrite.events = (body) => {
    const { data, meta } = body as EventsBody
    return { data, meta: { ...meta, conversation_key_events: meta.conversation_key_events.slice(1) } }
  }
  await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toEqual(['NO_CONVERSATION_KEY', null])
  expect(await said(acme)).toEqual([['second']])

  world.rewrite = {}
  await send('ann', 'hooli', 'third')
  await expect.poll(() => reasons(acme), PATIENCE).toEqual([null, null, null])
  expect(await said(acme)).toEqual([['first', 'second', 'third']])
})

test('however much waits for the PIN, all of it is read, in order', async () => {
  const acme = await brand('umbrella')
  const texts = Array.from({ length: 520 }, (_, n) => `message ${n + 1}`)
  for (const text of texts) await send('ann', 'umbrella', text)
  await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toHaveLength(texts.length)
  await world.confirm(acme, PIN)
  await expect.poll(async () => (await said(acme))[0]?.length, PATIENCE).toBe(texts.length)
  expect(await said(acme)).toEqual([texts])
  expect(new Set(await reasons(acme))).toEqual(new Set([null]))
})

test('what waited for the PIN while the account was switched off and on again is history', async () => {
  const acme = await brand('soylent')
  await send('ann', 'soylent', 'before')
  await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toEqual(['PIN_NOT_CONFIRMED'])
  await world.change(acme, { capturesFrom: new Date() })
  await world.confirm(acme, PIN)
  await expect.poll(() => reasons(acme), PATIENCE).toEqual([null])
  await send('ann', 'soylent', 'after')
  await expect.poll(() => said(acme), PATIENCE).toEqual([['after']])
})

test('who wrote before the PIN was confirmed has a name, on whichever page of X’s list their conversation is', async () => {
  // Nobody that an earlier test has made known.
  for (const username of ['eve', 'fay']) world.simulator.createUser({ username })
  const acme = await brand('tyrell')
  await send('eve', 'tyrell', 'from page two')
  await send('fay', 'tyrell', 'from page one')
  const first = await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toEqual(['PIN_NOT_CONFIRMED', 'PIN_NOT_CONFIRMED'])
  await first.stop()
  // Long since looked through: nothing of it is news.
  await world.store.prisma.$executeRaw`UPDATE source_cursor SET synced_at = now() + interval '1 day'`
  world.rewrite.conversations = (body, pageToken) => {
    const { data, includes } = body as ConversationsBody
    const page = Number(pageToken ?? 0)
    const shown = data.slice(page, page + 1)
    const users = includes.users.filter(({ id }) => shown[0]?.id.split('-').includes(id))
    return { data: shown, includes: { users }, meta: page + 1 < data.length ? { next_token: String(page + 1) } : {} }
  }
  await world.confirm(acme, PIN)
  await world.start()
  await expect.poll(() => reasons(acme), PATIENCE).toEqual([null, null])
  const names = (await tickets(acme)).map(({ requester }) => requester.xProfile?.username)
  expect(names).toEqual(['eve', 'fay'])
})

test('while the stream is well, X is asked less often, and no later when it tells of news', async () => {
  const acme = await brand('globex')
  let rounds = 0
  world.rewrite.conversations = (body) => {
    rounds++
    return body
  }
  await world.store.prisma.$executeRaw`
    UPDATE activity_stream SET connected_at = now() - interval '1 hour', alive_at = now() + interval '1 hour'`
  const { reader } = await world.start({ everyMs: 5_000 })
  await expect.poll(() => rounds, PATIENCE).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 7_000))
  expect(rounds).toBe(1)
  await send('ann', 'globex', 'news')
  await reader.hear(news(acme))
  await expect.poll(() => reasons(acme), { timeout: 4_000, interval: 50 }).toEqual(['PIN_NOT_CONFIRMED'])
  // The stream has ended: at the full pace again.
  await world.store.prisma.$executeRaw`UPDATE activity_stream SET connected_at = NULL, alive_at = NULL`
  const before = rounds
  await expect.poll(() => rounds, { timeout: 12_000, interval: 50 }).toBeGreaterThan(before + 1)
})
