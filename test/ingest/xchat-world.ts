import { randomUUID } from 'node:crypto'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import { keepRecovery } from '../../src/accounts/xchat/keep.ts'
import type { EventBody } from '../../src/domain/event.ts'
import { startXChatReader, type XChatReader } from '../../src/ingest/xchat-reader.ts'
import { createFeed } from '../../src/pubsub/live-feed.ts'
import { createMemoryBus } from '../../src/pubsub/memory-bus.ts'
import { createLeases } from '../../src/store/leases.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import type { XClient } from '../../src/x/client.ts'
import { createXChat } from '../../src/x/xchat/create-xchat.ts'
import type { XChat } from '../../src/x/xchat.ts'
import { testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { silent } from '../helpers/stores.ts'
import { type Brand, brandOf, guess, xClientOf } from '../x/xchat-world.ts'

/** An account that captures direct messages, with its brand at X. */
export interface BrandAccount extends Brand {
  readonly id: string
}

/** A real database, a simulator, and Perch's reader between them. */
export interface ReaderWorld {
  readonly simulator: Simulator
  readonly store: Store
  readonly x: XClient
  /** Calls of `chat.events` so far. Tests may script what comes of them. */
  readonly asked: { conversationId: string; pageToken?: string }[]
  onEvents: (conversationId: string) => void
  /** What X's answers become before they are read. */
  rewrite: Rewriting
  /** Begins to read, as a process does that has just been started. */
  start(pace?: { readonly everyMs: number }): Promise<Reading>
  account(username: string): Promise<BrandAccount>
  /** What an administrator does with a right PIN. */
  confirm(account: BrandAccount, pin: string): Promise<void>
  change(account: BrandAccount, data: Parameters<Store['prisma']['account']['update']>[0]['data']): Promise<void>
  /** Rows of the account, the oldest first: who said it, and why it is not read. */
  messages(account: BrandAccount): Promise<{ id: string; from: string; reason: string | null }[]>
  /** Events about the account's XChat so far. */
  events(account: BrandAccount): Promise<EventBody[]>
  /** After every test: nothing runs, no account is left. */
  clear(): Promise<void>
  close(): Promise<void>
}

export interface Rewriting {
  conversations?: (body: unknown, pageToken: string | undefined) => unknown
  events?: (body: unknown) => unknown
  publicKeys?: (body: unknown, userId: string) => unknown
}

export interface Reading {
  readonly reader: XChatReader
  readonly xchat: XChat
  stop(): Promise<void>
}

export async function createReaderWorld(): Promise<ReaderWorld> {
  const database = await testDatabase()
  const simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  const bus = createMemoryBus()
  const store = await openStore({ databaseUrl: database.url, poolSize: 8, bus, logger: silent })
  const feed = await createFeed({ bus, log: store.log, logger: silent })
  const vault = createVault('a secret that only this test knows of')
  const real = xClientOf(simulator)
  const running = new Set<Reading>()
  const accessTokens = new Map<string, string>()

  const world: ReaderWorld = {
    simulator,
    store,
    asked: [],
    onEvents: () => {},
    rewrite: {},
    x: {
      ...real,
      chat: {
        ...real.chat,
        async events(conversationId, page) {
          world.asked.push({ conversationId, ...(page.pageToken && { pageToken: page.pageToken }) })
          world.onEvents(conversationId)
          const answer = await real.chat.events(conversationId, page)
          return { ...answer, body: world.rewrite.events?.(answer.body) ?? answer.body }
        },
        async conversations(page) {
          const { pageToken, ...first } = page
          const { conversations } = world.rewrite
          const answer = await real.chat.conversations(conversations ? first : page)
          return { ...answer, body: conversations?.(answer.body, pageToken) ?? answer.body }
        },
        async publicKeys(userId, accessToken) {
          const answer = await real.chat.publicKeys(userId, accessToken)
          return { ...answer, body: world.rewrite.publicKeys?.(answer.body, userId) ?? answer.body }
        },
      },
    },
    async start({ everyMs } = { everyMs: 100 }) {
      const xchat = createXChat()
      const reader = startXChatReader({
        store,
        x: world.x,
        xchat,
        calls: freeCalls((accountId) => accessTokens.get(accountId) ?? ''),
        vault,
        leases: createLeases(store.prisma, silent),
        feed,
        logger: silent,
        everyMs,
      })
      const reading = {
        reader,
        xchat,
        async stop() {
          running.delete(reading)
          await reader.close()
          await xchat.close()
        },
      }
      running.add(reading)
      return reading
    },
    async account(username) {
      const brand = brandOf(simulator, real, username)
      const id = randomUUID()
      accessTokens.set(id, brand.token)
      const { xUserId } = brand
      const shown = { screenName: username, name: username, captureDirectMessages: true }
      const sealed = { accessToken: 'sealed', scopes: [], expiresAt: new Date(Date.now() + 3600_000) }
      await store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
        await db.account.create({ data: { id, xUserId, ...shown, credential: { create: sealed } } })
        emit({ type: 'account.created', accountId: id })
      })
      return { ...brand, id }
    },
    async confirm(account, pin) {
      const xchat = createXChat()
      const recovery = await guess(xchat, account, pin)
      await xchat.close()
      if (recovery.outcome !== 'CONFIRMED') throw new Error(`the PIN was to be right: ${recovery.outcome}`)
      await store.change({ kind: 'system', part: 'test' }, (scope) => keepRecovery(scope, vault, account, recovery))
    },
    async change({ id }, data) {
      await store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
        await db.account.update({ where: { id }, data })
        emit({ type: 'account.updated', accountId: id, changed: Object.keys(data) })
      })
    },
    async messages({ id }) {
      const rows = await store.prisma.xChatMessage.findMany({ where: { accountId: id } })
      return rows
        .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
        .map((row) => ({
          id: row.id,
          from: simulator.users().find((user) => user.id === row.senderId)?.username ?? row.senderId,
          reason: row.unreadReason,
        }))
    },
    async events({ id }) {
      const events = await store.log.read(0, 1_000)
      return events.flatMap(({ body }) =>
        body.type === 'account.updated' && body.accountId === id && body.what === 'XCHAT' ? [body] : [],
      )
    },
    async clear() {
      await Promise.all([...running].map((reading) => reading.stop()))
      await store.prisma.$executeRaw`TRUNCATE ticket, account CASCADE`
      world.asked.length = 0
      world.onEvents = () => {}
      world.rewrite = {}
    },
    async close() {
      await world.clear()
      await feed.close()
      await store.close()
      await bus.close()
      real.close()
      await simulator.close()
      await database.drop()
    },
  }
  return world
}
