import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { EventBody } from '../../src/domain/event.ts'
import type { XEndpoint } from '../../src/domain/price.ts'
import { SIMULATED_APP, SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { XAnswer, XClient } from '../../src/x/client.ts'
import { createXClient } from '../../src/x/twitter-client.ts'
import { watchBudget } from '../../src/x-calls/budget.ts'
import { createXCalls } from '../../src/x-calls/create-x-calls.ts'
import { createMeter, type Meter } from '../../src/x-calls/meter.ts'
import type { XCalls } from '../../src/x-calls/x-calls.ts'
import { testDatabase } from '../helpers/database.ts'
import { createAccount } from '../helpers/posts.ts'
import { silent } from '../helpers/stores.ts'

/* Calls of a real client at the simulator, by processes that share one database. */

/** What one process has. */
export interface CallingProcess {
  readonly store: Store
  readonly calls: XCalls
  readonly meter: Meter
}

export interface CallingWorld {
  readonly simulator: Simulator
  readonly x: XClient
  readonly processes: readonly [CallingProcess, CallingProcess]
  readonly accountId: string
  /** Statuses that X answered with so far, by `METHOD path`. */
  readonly answers: { readonly endpoint: string; readonly status: number }[]
  /** What the log says, in order. */
  events(): Promise<EventBody[]>
  /** Reads mentions of the brand, as a poller does. */
  mentions(process: CallingProcess, page?: { sinceId?: string }): Promise<XAnswer>
  /** How often a call came to each end: `ok`, or the kind of its error. */
  outcomes(calls: readonly Promise<unknown>[]): Promise<Record<string, number>>
  /** Lets what is known of X's windows end. */
  endWindows(): Promise<void>
  /** Spend of today: kind, calls, units and dollars. */
  spent(caller?: string): Promise<Record<string, readonly [calls: number, units: number, dollars: number]>>
  /** As at the start: a fresh X, and nothing known of it. */
  reset(): Promise<void>
  close(): Promise<void>
}

export const MENTIONS = 'GET /2/users/:id/mentions' satisfies XEndpoint

export async function callingWorld(options: { clock?: () => Date; ownerXUserId?: string } = {}): Promise<CallingWorld> {
  const database = await testDatabase()
  const answers: { endpoint: string; status: number }[] = []
  const simulator = await createSimulator({
    ...(options.clock && { clock: options.clock }),
    onExchange: ({ method, path, status }) => void answers.push({ endpoint: `${method} ${path}`, status }),
  })
  const x = createXClient({ ...SIMULATED_APP, apiUrl: new URL(simulator.url) })
  const issue = () => simulator.issueTokens({ userId: SIMULATED_BRAND.id }).access_token
  let token = issue()
  const open = async (): Promise<CallingProcess> => {
    const store = await openStore({
      databaseUrl: database.url,
      poolSize: 5,
      logger: silent,
      bus: { ring: async () => {} },
    })
    const onSpent = (id: string) => watchBudget({ store, logger: silent }, id)
    const meter = createMeter({ store, logger: silent, ownerXUserId: options.ownerXUserId, onSpent })
    const tokens = { use: <T>(_id: string, call: (accessToken: string) => Promise<T>) => call(token) }
    const { ownerXUserId } = options
    return { store, meter, calls: createXCalls({ store, tokens, meter, logger: silent, ownerXUserId }) }
  }
  const processes = [await open(), await open()] as const
  const [{ store }] = processes
  const accountId = await createAccount(store, { xUserId: SIMULATED_BRAND.id })
  return {
    simulator,
    x,
    processes,
    accountId,
    answers,
    async events() {
      const events = await store.prisma.event.findMany({ orderBy: { offset: 'asc' } })
      return events.map(({ data }) => data as unknown as EventBody)
    },
    mentions: ({ calls }, page = {}) =>
      calls.use(accountId, MENTIONS, (accessToken) => x.mentions(SIMULATED_BRAND.id, { accessToken, ...page })),
    async outcomes(calls) {
      const counts: Record<string, number> = {}
      for (const { status, ...rest } of await Promise.allSettled(calls)) {
        const end = status === 'fulfilled' ? 'ok' : String((rest as { reason: { kind?: string } }).reason.kind ?? rest)
        counts[end] = (counts[end] ?? 0) + 1
      }
      return counts
    },
    async endWindows() {
      await store.prisma.$executeRaw`UPDATE x_rate_limit SET resets_at = now() WHERE call_limit IS NOT NULL`
    },
    async spent(caller = accountId) {
      for (const { meter } of processes) await meter.flush()
      const rows = await store.prisma.xSpend.findMany({ where: { caller }, orderBy: { kind: 'asc' } })
      return Object.fromEntries(
        rows.map(({ kind, calls, units, microDollars }) => [
          kind,
          [Number(calls), Number(units), Number(microDollars) / 1e6] as const,
        ]),
      )
    },
    async reset() {
      for (const { meter } of processes) await meter.flush()
      await store.prisma.$executeRaw`TRUNCATE x_rate_limit, x_spend, x_billed_resource, event`
      await store.prisma.$executeRaw`
        UPDATE account SET monthly_budget = NULL, budget_told = NULL, budget_told_month = NULL`
      simulator.reset()
      token = issue()
      answers.length = 0
    },
    async close() {
      for (const { meter, store } of processes) {
        await meter.close()
        await store.close()
      }
      x.close()
      await simulator.close()
      await database.drop()
    },
  }
}
