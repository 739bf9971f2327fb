import pg from 'pg'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { pino } from 'pino'
import { startEmbeddedPostgres } from './src/store/embedded-postgres.ts'
import { migrate } from './src/store/migrate.ts'
import { openStore } from './src/store/open.ts'
import { applyPosts } from './src/ingest/apply.ts'
import { createAccount, received } from './test/helpers/posts.ts'
import { note } from './test/helpers/stores.ts'
const dataDir = mkdtempSync('/tmp/tester-pg-'); chmodSync(dataDir, 0o711)
const server = await startEmbeddedPostgres({ dataDir })
const logger = pino({ level: 'silent' }), bus = { ring: async () => {} }
const c = new pg.Client(server.url); await c.connect()
const fresh = async (name: string, extra = '') => { await c.query(`CREATE DATABASE ${name}`); if (extra) await c.query(`ALTER DATABASE ${name} SET ${extra}`); const u = new URL(server.url); u.pathname = '/' + name; await migrate(u.href); return u.href }
for (const sync of ['on', 'off']) {
  const url = await fresh(`events_${sync}`, `synchronous_commit = ${sync}`)
  const stores = await Promise.all(Array.from({ length: 8 }, () => openStore({ databaseUrl: url, poolSize: 2, bus, logger })))
  for (const size of [1, 1, 100, 100]) {
    const total = size === 1 ? 3_000 : 80_000
    const started = performance.now()
    await Promise.all(stores.map(async (store) => { for (let n = 0; n < total / 8; n += size) await store.change({ kind: 'system', part: 'x' }, async ({ emit }) => { for (let i = 0; i < size; i++) emit(note(`${n + i}`)) }) }))
    console.log('events', { sync, size, perSecond: Math.round(total / ((performance.now() - started) / 1000)) })
  }
  await Promise.all(stores.map((s) => s.close()))
}
for (const analysed of [false, true]) for (const batch of [1, 100, 1000]) {
  const url = await fresh(`posts_${analysed}_${batch}`)
  const d = new pg.Client(url); await d.connect()
  for (const t of ['ticket','comment','"user"','x_profile','event','incoming_post','source_cursor']) await d.query(`ALTER TABLE ${t} SET (autovacuum_enabled = off)`)
  const store = await openStore({ databaseUrl: url, bus, logger })
  await createAccount(store)
  let n = 1_000_000
  const run = async (count: number) => {
    const started = performance.now()
    for (let done = 0; done < count; done += batch) await applyPosts(store, Array.from({ length: batch }, () => { n++; return received(String(n), { author: String(10_000_000 + n) }) }))
    return Math.round(count / ((performance.now() - started) / 1000))
  }
  if (analysed) { await run(Math.max(batch, 500)); await d.query('ANALYZE') }
  const count = batch === 1 ? 500 : 10_000
  console.log('posts', { analysed, batch, perSecond: [await run(count), await run(count)] })
  await store.close(); await d.end()
}
await c.end(); await server.stop(); rmSync(dataDir, { recursive: true, force: true })
