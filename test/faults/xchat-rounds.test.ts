import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { XCHAT_CURSORS } from '../../src/domain/xchat-cursor.ts'
import { XError } from '../../src/x/errors.ts'
import { type BrandAccount, createReaderWorld, type ReaderWorld } from '../ingest/xchat-world.ts'

/** Which conversations a round reads, in which order, and what becomes of those that it could not. */

const PIN = '2580'
const PATIENCE = { timeout: 30_000, interval: 50 }
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

vi.setConfig({ testTimeout: 90_000 })

interface Conversation {
  readonly id: string
  updated_at?: string
}
interface ConversationsBody {
  readonly data: readonly Conversation[]
  readonly includes: object
}

let world: ReaderWorld
beforeAll(async () => {
  world = await createReaderWorld()
  for (const username of ['ann', 'bob', 'cleo', 'dora']) world.simulator.createUser({ username })
}, 60_000)
afterEach(() => world.clear())
afterAll(() => world.close())

const send = (from: string, to: string, text = 'hello') => world.simulator.sendChatMessage({ from, to, text })
const senders = async (account: BrandAccount) => (await world.messages(account)).map(({ from }) => from)
const asked = () => world.asked.map(({ conversationId }) => conversationId)
async function brand(username: string): Promise<BrandAccount> {
  const account = await world.account(username)
  await world.simulator.setUpXChat({ user: username, pin: PIN })
  return account
}

test('X is asked when conversations changed: what has not is not read again', async () => {
  const acme = await brand('acme')
  await send('ann', 'acme')
  let rounds = 0
  world.rewrite.conversations = (body) => {
    rounds++
    return body
  }
  await world.start()
  await expect.poll(() => senders(acme), PATIENCE).toEqual(['ann'])
  // Twice, for X's times are whole seconds: again when that second is over.
  await expect.poll(asked, PATIENCE).toHaveLength(2)
  const then = rounds
  await expect.poll(() => rounds, PATIENCE).toBeGreaterThan(then + 5)
  expect(asked()).toHaveLength(2)
})

test('where X does not say when they changed, rounds that X cuts short come to all of them, and to what it tells of first', async () => {
  const acme = await brand('initech')
  const ids: string[] = []
  for (const from of ['ann', 'bob', 'cleo', 'dora']) ids.push((await send(from, 'initech')).conversationId)
  let room = 0
  world.rewrite.conversations = (body) => {
    room = 1
    const { data, ...beside } = body as ConversationsBody
    return { data: data.map(({ updated_at: _, ...conversation }) => conversation), ...beside }
  }
  world.onEvents = () => {
    if (room-- <= 0) throw new XError('RATE_LIMITED', 'one a round', { retryAt: new Date() })
  }
  const { reader } = await world.start()
  await expect.poll(async () => (await senders(acme)).toSorted(), PATIENCE).toEqual(['ann', 'bob', 'cleo', 'dora'])

  // The one that was read last is the last in turn, but X has news of it.
  const read = asked().filter((_, index) => index % 2 === 0)
  const last = read.at(-1) ?? ''
  world.asked.length = 0
  await reader.hear({ accountXUserId: acme.xUserId, conversationId: last })
  await expect.poll(asked, PATIENCE).toContain(last)
  // At most the round that was under way came before.
  expect(asked().indexOf(last)).toBeLessThanOrEqual(2)
})

test('a conversation that failed on a later page is read when it can be, though nothing changes, and after a restart', async () => {
  const acme = await brand('hooli')
  await world.change(acme, { capturesFrom: new Date(Date.now() - DAY_MS) })
  const { conversationId } = await send('ann', 'hooli')
  await send('bob', 'hooli')
  await send('cleo', 'hooli')
  let rounds = 0
  // One a page, and each of another hour.
  world.rewrite.conversations = (body, pageToken) => {
    if (!pageToken) rounds++
    const { data, includes } = body as ConversationsBody
    const page = Number(pageToken ?? 0)
    const updated_at = new Date(Date.now() - DAY_MS / 2 - page * HOUR_MS).toISOString().replace(/:..\..*/, ':00.000Z')
    const shown = data.slice(page, page + 1).map((conversation) => ({ ...conversation, updated_at: `${updated_at}` }))
    return { data: shown, includes, meta: page + 1 < data.length ? { next_token: String(page + 1) } : {} }
  }
  let broken = true
  world.onEvents = (id) => {
    if (broken && id === conversationId) throw new XError('UNAVAILABLE', 'not this one')
  }
  const synced = () => world.store.prisma.sourceCursor.count({ where: { accountId: acme.id, source: XCHAT_CURSORS } })
  const first = await world.start()
  await expect.poll(() => senders(acme), PATIENCE).toEqual(['bob', 'cleo'])
  await expect.poll(() => rounds, PATIENCE).toBeGreaterThan(4)
  // Nothing says that all is read.
  expect(await synced()).toBe(0)
  await first.stop()

  const before = rounds
  const second = await world.start()
  await expect.poll(() => rounds, PATIENCE).toBeGreaterThan(before + 3)
  expect(await synced()).toBe(0)
  broken = false
  await expect.poll(() => senders(acme), PATIENCE).toEqual(['ann', 'bob', 'cleo'])
  await expect.poll(synced, PATIENCE).toBe(1)
  await second.stop()
})

test('when the PIN is confirmed, what can be read becomes tickets in order, though one conversation cannot be read yet', async () => {
  const acme = await brand('umbrella')
  const { conversationId } = await send('ann', 'umbrella', 'of Ann')
  await send('bob', 'umbrella', 'of Bob')
  await send('cleo', 'umbrella', 'of Cleo')
  await send('bob', 'umbrella', 'more of Bob')
  await send('ann', 'umbrella', 'more of Ann')
  await world.start()
  await expect.poll(() => senders(acme), PATIENCE).toHaveLength(5)
  let broken = true
  world.onEvents = (id) => {
    if (broken && id === conversationId) throw new XError('UNAVAILABLE', 'not this one')
  }
  await world.confirm(acme, PIN)
  const said = async () => {
    const tickets = await world.store.prisma.ticket.findMany({
      where: { accountId: acme.id },
      orderBy: { number: 'asc' },
      include: { comments: { orderBy: [{ postedAt: 'asc' }, { id: 'asc' }] } },
    })
    return tickets.map(({ comments }) => comments.map(({ body }) => body))
  }
  const others = [['of Bob', 'more of Bob'], ['of Cleo']]
  await expect.poll(said, PATIENCE).toEqual(others)
  broken = false
  await expect.poll(said, PATIENCE).toEqual([...others, ['of Ann', 'more of Ann']])
})
