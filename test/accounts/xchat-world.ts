import { randomUUID } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { createXChatPins } from '../../src/accounts/xchat/create-pins.ts'
import type { XChatPins } from '../../src/accounts/xchat/pins.ts'
import { type EventBody, eventBodySchema } from '../../src/domain/event.ts'
import type { Prisma } from '../../src/generated/prisma/client.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import type { XClient } from '../../src/x/client.ts'
import { testDatabase } from '../helpers/database.ts'
import { freeCalls } from '../helpers/free-calls.ts'
import { SILENT_X } from '../helpers/silent-x.ts'
import { testStore } from '../helpers/stores.ts'
import { type ScriptedRealms, scriptedRealms } from './xchat-realms.ts'

/** The right PIN of every account of the world. */
export const PIN = '2580'
export const WRONG = '8352'

export const vault = createVault('a secret that only this test knows of')

/** A real database with an account that captures direct messages, and realms behind it. */
export interface XChatWorld {
  readonly store: Store
  readonly realms: ScriptedRealms
  /** The account of the test, one of its own. */
  accountId: string
  /** What was logged, at every level. */
  readonly log: string[]
  /** What X is asked for public keys. */
  publicKeys: XClient['chat']['publicKeys']
  /** The service, as another process has it, with a store of its own. */
  process(): Promise<XChatPins>
  pins: XChatPins
  addAccount(data?: Partial<Prisma.AccountUncheckedCreateInput>): Promise<string>
  addAdministrator(): Promise<string>
  /** Events since the last call. */
  events(): Promise<EventBody[]>
  /** Before every test: another account, realms as in the beginning. */
  renew(): Promise<void>
  close(): Promise<void>
}

export async function createXChatWorld(): Promise<XChatWorld> {
  const database = await testDatabase()
  const realms = scriptedRealms(PIN)
  const log: string[] = []
  const logger: Logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(line) })
  const stores: Store[] = []

  const open = async () => {
    const store = await testStore(database.url, { poolSize: 5 })
    stores.push(store)
    return store
  }
  const serve = (store: Store): XChatPins =>
    createXChatPins({
      store,
      vault,
      x: { ...SILENT_X, chat: { ...SILENT_X.chat, publicKeys: (...args) => world.publicKeys(...args) } },
      xchat: realms,
      calls: freeCalls(),
      logger,
    })

  const store = await open()
  const addAccount = async (data: Partial<Prisma.AccountUncheckedCreateInput> = {}) => {
    const id = randomUUID()
    const account = { xUserId: id, screenName: 'acme', name: 'Acme', captureDirectMessages: true }
    await store.prisma.account.create({ data: { id, ...account, ...data } })
    return id
  }
  let seen = (await store.log.head()).head
  const world: XChatWorld = {
    store,
    realms,
    accountId: '',
    log,
    publicKeys: async () => ({ body: {} }),
    process: async () => serve(await open()),
    pins: serve(store),
    addAccount,
    async addAdministrator() {
      const id = randomUUID()
      await store.prisma.user.create({ data: { id, role: 'ADMIN', name: 'Ada', email: `${id}@example.org` } })
      return id
    },
    async events() {
      const rows = await store.prisma.event.findMany({ where: { offset: { gt: seen } }, orderBy: { offset: 'asc' } })
      seen = Number(rows.at(-1)?.offset ?? seen)
      return rows.map(({ data }) => eventBodySchema.parse(data))
    },
    async renew() {
      await store.prisma.account.deleteMany()
      await store.prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUITE' } })
      world.accountId = await addAccount()
      world.publicKeys = async () => ({ body: {} })
      realms.reset()
      log.length = 0
      await world.events()
    },
    async close() {
      for (const each of stores) await each.close()
      await database.drop()
    },
  }
  return world
}

/** The world's account as the database has it. */
export const xchatRow = (world: XChatWorld, accountId = world.accountId) =>
  world.store.prisma.accountXChat.findUnique({ where: { accountId } })

/** The outcomes of an account's tries, the oldest first. */
export async function outcomes(world: XChatWorld, accountId = world.accountId): Promise<(string | null)[]> {
  const rows = await world.store.prisma.xChatPinAttempt.findMany({
    where: { accountId },
    orderBy: { startedAt: 'asc' },
  })
  return rows.map(({ outcome }) => outcome)
}

/** Makes all tries so far look older. */
export async function age(world: XChatWorld, ms: number): Promise<void> {
  await world.store.prisma.$executeRaw`
    UPDATE xchat_pin_attempt SET started_at = started_at - ${ms} * interval '1 millisecond'`
}
