import { GraphQLClient } from 'graphql-request'
import { createClient } from 'graphql-ws'
import { pino } from 'pino'
import WebSocket from 'ws'
import type { Simulator } from '../../simulator/index.ts'
import { connectAccount } from '../../src/accounts/connect.ts'
import { type App, startApp, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { SIMULATED_APP, SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { FIRST_USERS } from '../../src/store/bootstrap.ts'
import { openStore } from '../../src/store/open.ts'
import { createVault } from '../../src/store/vault.ts'
import { createXClient } from '../../src/x/twitter-client.ts'

/** The secret of every test deployment. */
export const SECRET = 'the secret of a deployment that only tests know'

/** The settings of a process that works `databaseUrl` and has the simulator for its X. */
export function settings(options: {
  databaseUrl: string
  simulatorUrl: string
  redisUrl?: string
  role?: 'all' | 'api' | 'worker'
  /** Further settings. */
  env?: Readonly<Record<string, string>>
}): Record<string, string> {
  return {
    PORT: '0',
    DATABASE_URL: options.databaseUrl,
    PERCH_SECRET: SECRET,
    X_API_URL: options.simulatorUrl,
    X_CLIENT_ID: SIMULATED_APP.clientId,
    X_CLIENT_SECRET: SIMULATED_APP.clientSecret,
    X_BEARER_TOKEN: SIMULATED_APP.bearerToken,
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    ...(options.redisUrl && { REDIS_URL: options.redisUrl }),
    ...(options.role && { PERCH_ROLE: options.role, PERCH_URL: 'http://perch.example' }),
    ...options.env,
  }
}

/** Perch in this process. */
export async function startPerch(options: Parameters<typeof settings>[0], tuning: Tuning = {}): Promise<App> {
  const env = settings(options)
  await allowQuickRounds(options.simulatorUrl)
  // Rounds of polling in quick succession: what a test waits for is that it happens, not how seldom.
  const quick = { pollMs: 300, xchatMs: 300 }
  return startApp(readConfig(env), pino({ level: env['LOG_LEVEL'] ?? 'silent' }), { ...quick, ...tuning })
}

/** X's real limits have room for a round every three seconds, and polling keeps to that. */
export async function allowQuickRounds(simulatorUrl: string): Promise<void> {
  const timelines = ['GET /2/users/:id/mentions', 'GET /2/users/:id/tweets', 'GET /2/users/:id/liked_tweets']
  for (const endpoint of [...timelines, 'GET /2/tweets/search/recent', 'GET /2/dm_events']) {
    const limit = { method: 'POST', headers: { 'content-type': 'application/json' } }
    const body = JSON.stringify({ endpoint, user: 1_000_000 })
    // Tests whose X is away, or another, need none of it.
    await fetch(`${simulatorUrl}/control/rate-limits`, { ...limit, body }).catch(() => undefined)
  }
}

/** Connects the simulator's brand to a database, as an administrator would have done before. Gives the account's id. */
export async function connectBrand(
  databaseUrl: string,
  simulator: Pick<Simulator, 'url' | 'issueTokens'>,
  clientId?: string,
  userId: string = SIMULATED_BRAND.id,
): Promise<string> {
  const logger = pino({ level: 'silent' })
  const store = await openStore({ databaseUrl, bus: { ring: async () => {} }, logger, poolSize: 2 })
  const x = createXClient({ ...SIMULATED_APP, apiUrl: new URL(simulator.url) })
  try {
    const tokens = simulator.issueTokens({ userId, ...(clientId !== undefined && { clientId }) })
    const { accountId } = await connectAccount(
      { store, vault: createVault(SECRET), x },
      {
        accessToken: tokens.access_token,
        ...(tokens.refresh_token && { refreshToken: tokens.refresh_token }),
        scopes: tokens.scope.split(' '),
        expiresInSeconds: tokens.expires_in,
      },
      { kind: 'system', part: 'test' },
    )
    return accountId
  } finally {
    x.close()
    await store.close()
  }
}

/** A token of the first administrator or agent. */
export function tokenFor(app: Pick<App, 'signer'>, who: keyof typeof FIRST_USERS = 'agent'): Promise<string> {
  return app.signer.sign({ sub: FIRST_USERS[who].id, role: FIRST_USERS[who].role, ttlSeconds: 3600 })
}

/** One GraphQL operation over HTTP. Throws when the answer carries errors. */
export function query<Data>(url: string, token: string, text: string, variables: object = {}): Promise<Data> {
  const client = new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${token}` } })
  return client.request<Data>(text, { ...variables })
}

/** A new ticket as `watchTickets` hears of it. */
export interface SeenTicket {
  readonly position: string
  /** performance.now() on arrival. */
  readonly at: number
  readonly subject: string
  readonly number: number
}

/** Subscribes to ticketCreated over graphql-transport-ws and collects what comes. */
export function watchTickets(url: string, token: string, after?: string) {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
  })
  let connected = false
  client.on('connected', () => {
    connected = true
  })
  const seen: SeenTicket[] = []
  const waiting: { want: number; resolve: () => void }[] = []
  let failure: unknown
  const subscription = client.iterate<{
    ticketCreated: { position: string; ticket: { subject: string; number: number } }
  }>({
    query: 'subscription ($after: Position) { ticketCreated(after: $after) { position ticket { subject number } } }',
    variables: { after },
  })
  const done = (async () => {
    try {
      for await (const { data, errors } of subscription) {
        if (errors) throw new Error(JSON.stringify(errors))
        if (!data) continue
        const { position, ticket } = data.ticketCreated
        seen.push({ position, at: performance.now(), ...ticket })
        for (const waiter of waiting) if (seen.length >= waiter.want) waiter.resolve()
      }
    } catch (error) {
      failure = error
    }
  })()
  return {
    seen,
    connected: () => connected,
    failure: () => failure,
    /** Resolves when `count` tickets have come; rejects after `ms`. */
    async count(count: number, ms = 15_000): Promise<void> {
      if (seen.length >= count) return
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(
            new Error(`${seen.length} of ${count} tickets came within ${ms} ms (${String(failure ?? 'no error')})`),
          )
        }, ms)
        waiting.push({
          want: count,
          resolve: () => {
            clearTimeout(timer)
            resolve()
          },
        })
      })
    },
    /** Leaves without a word, as a console whose network is gone. */
    async close(): Promise<void> {
      client.terminate()
      await client.dispose()
      await done
    },
  }
}
