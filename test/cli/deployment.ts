import { randomUUID } from 'node:crypto'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { endCliRuns, runCli, runOnTerminal } from '../helpers/run-cli.ts'
import { testStore } from '../helpers/stores.ts'

/** A Perch that runs, with tickets of the account @acme, and the program `perch` pointed at it. */
export interface Deployment {
  readonly app: App
  readonly simulator: Simulator
  readonly store: Store
  readonly token: string
  /** Adds tickets that are assigned to the agent and have these tags. Gives their ids. */
  addTickets(count: number, tags: readonly string[]): Promise<string[]>
  ask<Data>(text: string, variables?: object): Promise<Data>
  /** `perch` with the agent's token; `url` in place of Perch's own. */
  perch(args: readonly string[], options?: Parameters<typeof runCli>[1] & { url?: string }): ReturnType<typeof runCli>
  /** The same on a terminal. */
  onTerminal(args: readonly string[]): ReturnType<typeof runOnTerminal>
  close(): Promise<void>
}

export async function deploy(): Promise<Deployment> {
  const [simulator, database]: [Simulator, TestDatabase] = await Promise.all([createSimulator(), testDatabase()])
  const accountId = await connectBrand(database.url, simulator)
  const app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  const store = await testStore(database.url)
  const token = await tokenFor(app)
  const requesterId = randomUUID()
  await store.prisma.user.create({ data: { id: requesterId, role: 'END_USER', name: 'Ada' } })
  return {
    app,
    simulator,
    store,
    token,
    async addTickets(count, tags) {
      const rows = await store.prisma.$queryRaw<{ id: string }[]>`
        INSERT INTO ticket (id, subject, status, tags, channel, account_id, requester_id, assignee_id, thread_key)
        SELECT gen_random_uuid(), 'Where is parcel ' || n || '?', 'OPEN', ${tags}::text[], 'X_CORP',
               ${accountId}::uuid, ${requesterId}::uuid, ${FIRST_USERS.agent.id}::uuid, gen_random_uuid()::text
        FROM generate_series(1, ${count}::int) AS n RETURNING id::text`
      return rows.map(({ id }) => id)
    },
    ask: (text, variables) => query(app.url, token, text, variables),
    perch: (args, { url = app.url, env = {}, ...options } = {}) =>
      runCli(args, { ...options, env: { PERCH_TOKEN: token, PORT: new URL(url).port, ...env } }),
    onTerminal: (args) => runOnTerminal(args, { PERCH_TOKEN: token, PORT: new URL(app.url).port }),
    async close() {
      endCliRuns()
      await app.close()
      await store.close()
      await Promise.all([simulator.close(), database.drop()])
    },
  }
}
