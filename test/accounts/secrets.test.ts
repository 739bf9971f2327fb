import { Writable } from 'node:stream'
import { Redis } from 'ioredis'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { xchatKeyPlace } from '../../src/accounts/sealed-places.ts'
import { type App, startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { reseal, SEALED_COLUMNS } from '../../src/store/sealed-values.ts'
import { createVault } from '../../src/store/vault.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { SECRET, settings } from '../helpers/perch.ts'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { columnsWithSealedValues } from '../helpers/sealed-values.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'
import { testStore } from '../helpers/stores.ts'
import { brands, complete, connect, consent, mutate, startAuthorization } from './graphql.ts'

/**
 * Everything is done that an administrator does with accounts, and then every place is searched where a secret could
 * have been left: all tables (jobs included), the log at trace level, and all that went through Redis.
 */

let database: TestDatabase
let redis: TestRedis
let x: ValidatedSimulator
let app: App
let monitor: Redis
const logged: string[] = []
const overRedis: string[] = []
const secrets = new Map<string, string>()
const plant = (what: string, value: unknown) => {
  if (typeof value === 'string' && value.length > 3) secrets.set(value, what)
}

beforeAll(async () => {
  database = await testDatabase()
  redis = await startRedis()
  x = await validatedSimulator({
    pinHashingMode: 'FastInsecure',
    onExchange({ path, requestBody, responseBody }) {
      if (!path.startsWith('/2/oauth2/')) return
      for (const body of [requestBody, responseBody]) {
        for (const name of ['access_token', 'refresh_token', 'code', 'code_verifier', 'token'])
          plant(name, body && typeof body === 'object' ? Reflect.get(body, name) : undefined)
      }
    },
  })
  const client = new Redis(redis.url)
  monitor = await client.monitor()
  client.disconnect()
  monitor.on('monitor', (_time: string, args: string[]) => void overRedis.push(args.join(' ')))
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk))
      done()
    },
  })
  const env = settings({ databaseUrl: database.url, simulatorUrl: x.simulator.url, redisUrl: redis.url })
  app = await startApp(readConfig(env), pino({ level: 'trace' }, sink), { pollMs: 200, xchatMs: 200 })
  await everything()
  await app.close()
}, 60_000)
afterAll(async () => {
  monitor?.disconnect()
  await x?.simulator.close()
  await redis?.dispose()
  await database?.drop()
})

const PINS = ['7306', '9142']

/** A PIN is confirmed, wrongly and rightly; what came of it is planted from where it is sealed. */
async function confirmPins(user: string): Promise<void> {
  const { account } = await connect(app, user)
  const accountId = account?.id
  const [wrong, right = ''] = PINS
  await x.simulator.setUpXChat({ user, pin: right })
  await mutate(app, 'updateAccount', { accountId, captureDirectMessages: true })
  for (const pin of [wrong, right]) await mutate(app, 'confirmXChatPin', { accountId, pin }, 'admin', 'outcome')
  const row = await app.store.prisma.accountXChat.findFirstOrThrow()
  const key = app.vault.open(row.secretKey ?? '', xchatKeyPlace(row.accountId))
  plant('key', key)
  plant('key', Buffer.from(key, 'base64url').toString('hex'))
  const { body } = (await app.x.chat.publicKeys(user, x.simulator.issueTokens({ userId: user }).access_token)) as {
    body: { data: { juicebox_config: { token_map: { value: { token: string } }[] } }[] }
  }
  for (const { value } of body.data[0]?.juicebox_config.token_map ?? []) plant('realm token', value.token)
  await x.simulator.sendChatMessage({
    from: brands(x.simulator, 1, 'writer')[0] ?? '',
    to: user,
    text: 'words in confidence',
  })
  plant('message', 'words in confidence')
}

async function everything(): Promise<void> {
  await confirmPins(brands(x.simulator, 1, 'secretive')[0] ?? '')
  const [one = '', two = ''] = brands(x.simulator, 2)
  const { authorizeUrl } = await startAuthorization(app)
  const back = await consent(authorizeUrl ?? '', one)
  plant('state', back.searchParams.get('state'))
  plant('code', back.searchParams.get('code'))
  const { account } = await complete(app, back)
  await complete(app, back)
  await connect(app, two)
  // Refreshed, refused, and refused its refresh.
  await app.store.prisma.$executeRaw`UPDATE account_credential SET expires_at = now()`
  x.simulator.addFault({ match: { path: '/2/users/*' }, kind: 'status', status: 401, times: 4 })
  x.simulator.addFault({ match: { path: '/2/oauth2/token' }, kind: 'status', status: 500, times: 1 })
  const spent = secrets.size
  await vi.waitFor(() => expect(secrets.size).toBeGreaterThan(spent + 1), { timeout: 15_000 })
  x.simulator.clearFaults()
  await mutate(app, 'deactivateAccount', { accountId: account?.id })
  await mutate(app, 'reactivateAccount', { accountId: account?.id })
  await connect(app, one, account?.id)
  await mutate(app, 'unlinkAccount', { accountId: account?.id, screenName: 'brand_0' })
  x.simulator.revoke({ user: two })
  await vi.waitFor(async () => expect(await app.store.prisma.accountCredential.count()).toBe(1), { timeout: 10_000 })
  await connect(app, two)
}

async function tables(): Promise<string> {
  const client = new pg.Client(database.url)
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  const texts = []
  for (const { name } of rows) {
    const { rows: lines } = await client.query<{ line: string }>(`SELECT row_to_json(t)::text AS line FROM ${name} t`)
    texts.push(...lines.map(({ line }) => `${name} ${line}`))
  }
  await client.end()
  return texts.join('\n')
}

/** Which secrets a text shows, as they are or in the usual disguises. */
function found(text: string): string[] {
  return [...secrets].flatMap(([secret, what]) => {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]
    return forms.some((form) => text.includes(form)) ? [what] : []
  })
}

/** PINs that stand in a text by themselves, and not by chance within an id or a time. */
const pinsIn = (text: string): string[] =>
  PINS.filter((pin) => new RegExp(`(?<![\\w.:-])${pin}(?![\\w.:-])`).test(text))

describe('no secret', () => {
  it('was missed by this test: tokens, codes, verifiers and states were planted, and the places have content', async () => {
    expect(new Set(secrets.values())).toEqual(
      new Set([
        ...['access_token', 'refresh_token', 'code', 'code_verifier', 'state', 'token'],
        ...['key', 'realm token', 'message'],
      ]),
    )
    expect(secrets.size).toBeGreaterThan(12)
    expect(await tables()).toContain('account_credential')
    expect(logged.length).toBeGreaterThan(10)
    expect(overRedis.join('\n')).toContain('account.updated')
    // And it would find one.
    expect(found(`log line with ${[...secrets.keys()][0]} in it`)).toHaveLength(1)
    expect(pinsIn(`{"pin":"${PINS[0]}"}`)).toEqual([PINS[0]])
  })
  it('stands in a table', async () => {
    const text = await tables()
    // What was said is on its ticket: it is no secret to whoever works it.
    expect([found(text).filter((what) => what !== 'message'), pinsIn(text)]).toEqual([[], []])
  })
  it('is sealed where replacing PERCH_SECRET would not find it', async () => {
    const known = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`)
    const found = await columnsWithSealedValues(database.url)
    expect(found).toEqual(
      expect.arrayContaining([
        'account_authorization.code_verifier',
        'account_credential.access_token',
        'account_credential.refresh_token',
        'account_xchat.secret_key',
      ]),
    )
    expect(found.filter((name) => !known.includes(name))).toEqual([])
    // And each is sealed for the place where it is looked for.
    const store = await testStore(database.url)
    try {
      const result = await reseal(store.prisma, createVault('the secret that replaces that of the tests', [SECRET]))
      expect(result).toEqual({ total: result.total, done: result.total, unopened: [], unsettled: false })
      expect(result.total).toBeGreaterThanOrEqual(found.length)
    } finally {
      await store.close()
    }
  })
  it('stands in the log', () => {
    expect([found(logged.join('')), pinsIn(logged.join(''))]).toEqual([[], []])
  })
  it('went through Redis', () => {
    expect([found(overRedis.join('\n')), pinsIn(overRedis.join('\n'))]).toEqual([[], []])
  })
})
