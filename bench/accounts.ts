import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { GraphQLClient } from 'graphql-request'
import pg from 'pg'
import { pino } from 'pino'
import { z } from 'zod'
import { tokenPlace } from '../src/accounts/sealed-places.ts'
import { type App, startApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { settings, tokenFor } from '../test/helpers/perch.ts'
import { quantile, table } from './stats.ts'

/*
 * What administrators wait for, and what the others notice of it: PINs that are confirmed with X's own key stretching
 * (Argon2, Standard2019) against realms in processes of their own, ten at once; and a hundred updates that all claim to
 * be the default. Perch runs in this process, so that its event loop can be watched; X is another one.
 */

const ACCOUNTS = 10
const CLAIMS = 100

/** Times in milliseconds, and the event loop's delay meanwhile. */
export async function benchAccounts(databaseUrl: string, progress: (text: string) => void): Promise<string> {
  const simulator = fork(
    join(import.meta.dirname, '../dist/simulator/main.js'),
    ['--port', '0', '--traffic', '0', '--quiet', '--xchat-pin', ''],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  )
  const [ready] = await once(simulator, 'message')
  const url = `http://127.0.0.1:${z.object({ port: z.number() }).parse(ready).port}`
  const app = await startApp(
    readConfig(settings({ databaseUrl, simulatorUrl: url })),
    pino({ level: process.env['BENCH_LOG'] ?? 'silent' }),
    { pollMs: 600_000 },
  )
  try {
    const ids = await connectMany(app, databaseUrl, url, progress)
    const client = new GraphQLClient(`${app.url}/graphql`, {
      headers: { authorization: `Bearer ${await tokenFor(app, 'admin')}` },
    })
    // A try that runs counts as one that may be wrong, five of which are an administrator's: here each has an own one.
    const own = new Map<string, GraphQLClient>()
    for (const id of ids) own.set(id, await newAdministrator(app))
    const confirm = async (accountId: string) => {
      const started = performance.now()
      const { confirmXChatPin } = await (own.get(accountId) ?? client).request<{
        confirmXChatPin: { outcome: string }
      }>(CONFIRM, { accountId })
      if (confirmXChatPin.outcome !== 'CONFIRMED')
        throw new Error(`the PIN was not confirmed: ${confirmXChatPin.outcome}`)
      return performance.now() - started
    }
    progress('accounts: PINs, one after the other')
    const single: number[] = []
    for (const id of ids) single.push(await confirm(id))
    progress('accounts: the event loop at rest')
    const rest = await watchLoop(() => new Promise((resolve) => setTimeout(resolve, 5_000)))
    progress(`accounts: ${ACCOUNTS} PINs at once`)
    const many = await watchLoop(() => Promise.all(ids.map(confirm)))
    progress(`accounts: ${CLAIMS} claims to be the default`)
    const claims = await claim(app, client, ids)
    return `${table(
      ['confirming a PIN', 'p50 ms', 'worst ms'],
      [
        ['one after the other', quantile(single, 0.5).toFixed(0), quantile(single, 1).toFixed(0)],
        [`${ACCOUNTS} at once`, quantile(many.value, 0.5).toFixed(0), quantile(many.value, 1).toFixed(0)],
      ],
    )}\n\n${table(
      ['event-loop delay', 'p50 ms', 'p99 ms', 'worst ms'],
      [
        ['at rest', ...rest.delay],
        [`${ACCOUNTS} confirmations at once`, ...many.delay],
      ],
    )}\n\n${claims}`
  } finally {
    await app.close()
    simulator.kill()
  }
}

const CONFIRM = `mutation ($accountId: ID!) {
  confirmXChatPin(input: { accountId: $accountId, pin: "4821" }) { outcome } }`

/** Ten accounts with XChat, more than a plan has room for: the rows are made here, the rule is put aside. */
async function connectMany(app: App, databaseUrl: string, simulator: string, progress: (text: string) => void) {
  const control = async (path: string, body: object) => {
    const answer = await fetch(`${simulator}/control/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return z.record(z.string(), z.unknown()).parse(await answer.json())
  }
  const admin = new pg.Client(databaseUrl)
  await admin.connect()
  await admin.query('ALTER TABLE account DISABLE TRIGGER account_within_plan')
  await admin.end()
  const ids: string[] = []
  for (let n = 0; n < ACCOUNTS; n++) {
    const screenName = `bench_${n}`
    const { id: xUserId } = z.object({ id: z.string() }).parse(await control('users', { username: screenName }))
    const tokens = z
      .object({ access_token: z.string(), refresh_token: z.string() })
      .parse(await control('tokens', { userId: xUserId }))
    await control('xchat/set-up', { user: xUserId, pin: '4821' })
    const id = randomUUID()
    await app.store.prisma.account.create({
      data: { id, xUserId, screenName, name: screenName, captureDirectMessages: true },
    })
    await app.store.prisma.accountCredential.create({
      data: {
        accountId: id,
        accessToken: app.vault.seal(tokens.access_token, tokenPlace.access(id)),
        refreshToken: app.vault.seal(tokens.refresh_token, tokenPlace.refresh(id)),
        scopes: [],
        expiresAt: new Date(Date.now() + 3_600_000),
      },
    })
    ids.push(Buffer.from(`Account:${id}`).toString('base64'))
    progress(`accounts: ${n + 1} of ${ACCOUNTS} have set a PIN`)
  }
  return ids
}

async function newAdministrator(app: App): Promise<GraphQLClient> {
  const id = randomUUID()
  await app.store.prisma.user.create({ data: { id, role: 'ADMIN', name: 'Bench', email: `${id}@example.org` } })
  const token = await app.signer.sign({ sub: id, role: 'ADMIN', ttlSeconds: 3600 })
  return new GraphQLClient(`${app.url}/graphql`, { headers: { authorization: `Bearer ${token}` } })
}

async function watchLoop<T>(work: () => Promise<T>): Promise<{ value: T; delay: string[] }> {
  const resolution = 2
  const loop = monitorEventLoopDelay({ resolution })
  loop.enable()
  const value = await work()
  loop.disable()
  // The monitor's own interval is in what it measures.
  const ms = (ns: number) => Math.max(0, ns / 1e6 - resolution).toFixed(1)
  return { value, delay: [ms(loop.percentile(50)), ms(loop.percentile(99)), ms(loop.max)] }
}

async function claim(app: App, client: GraphQLClient, ids: readonly string[]): Promise<string> {
  const text = `mutation ($accountId: ID!) {
    updateAccount(input: { accountId: $accountId, isDefault: true }) { userErrors { code } } }`
  const started = performance.now()
  const answers = await Promise.all(
    Array.from({ length: CLAIMS }, (_, n) =>
      client.request<{ updateAccount: { userErrors: unknown[] } }>(text, { accountId: ids[n % ids.length] }),
    ),
  )
  const ms = performance.now() - started
  const refused = answers.filter(({ updateAccount }) => updateAccount.userErrors.length > 0).length
  const defaults = await app.store.prisma.account.count({ where: { isDefault: true } })
  return table(
    ['claims to be the default at once', 'refused', 'defaults afterwards', 'all answered after ms'],
    [[String(CLAIMS), String(refused), String(defaults), ms.toFixed(0)]],
  )
}
