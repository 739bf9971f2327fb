import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { applyItems } from '../../src/ingest/apply.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { deleted, edited, liked, message, reposted } from '../helpers/items.ts'
import { createAccount, received } from '../helpers/posts.ts'

/*
 * A batch must not take longer because the tables are large: every statement of it finds its rows by an index. PostgreSQL
 * is asked for its plan with sequential scans forbidden; where it still needs one, there is no index that helps.
 */

const LARGE = ['ticket', 'comment', 'comment_version', 'user', 'x_profile', 'incoming_post', 'deleted_post', 'event']

let database: TestDatabase
let store: Store
let client: pg.Client
const statements = new Set<string>()

beforeAll(async () => {
  database = await testDatabase()
  store = await openStore({
    databaseUrl: database.url,
    bus: { ring: async () => {} },
    logger: pino({ level: 'silent' }),
    poolSize: 2,
    onQuery: (sql) => void statements.add(sql),
  })
  client = new pg.Client(database.url)
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await store.close()
  await database.drop()
})

it('finds everything that a batch reads or changes by an index', async () => {
  await createAccount(store, { captureDirectMessages: true, trackLikes: true })
  statements.clear()
  const first = received('1000')
  await applyItems(store, [first, received('1001', { author: '901', mentions: [] }), message('2000')])
  await applyItems(store, [
    received('1002', { conversation: '1000', answers: '100' }),
    edited(first, '1003', '@acme edited'),
    liked(received('1001', { author: '901', mentions: [] })),
    reposted('1004', '1000'),
    message('2001'),
  ])
  await applyItems(store, [deleted('1003'), deleted('1999')])

  const planned = [...statements].filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(sql))
  expect(planned.length).toBeGreaterThan(15)
  await client.query('SET enable_seqscan = off')
  const read = new Map<string, string[]>()
  for (const sql of planned) {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN) ${sql}`)
    const tables = rows.flatMap(({ 'QUERY PLAN': line }) => /Seq Scan on "?(\w+)/.exec(line)?.[1] ?? [])
    const large = tables.filter((table) => LARGE.includes(table))
    if (large.length > 0) read.set(sql, large)
  }
  expect([...read]).toEqual([])
})
