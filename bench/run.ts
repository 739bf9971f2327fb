import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { migrate } from '../src/store/migrate.ts'
import { findRedisServer, spawnRedis } from '../test/helpers/redis-server.ts'
import { benchAccounts } from './accounts.ts'
import { benchBulk } from './bulk.ts'
import { benchEventLog } from './event-log.ts'
import { benchIngestion } from './ingestion.ts'
import { benchLatency, type LatencySetup } from './latency.ts'
import { benchScale } from './scale.ts'

/*
 * `npm run bench`: everything measured on this machine in one run, with durable commits (fsync on); parts of it by name,
 * as in `npm run bench -- bulk`.
 * Prints Markdown tables; bench/README.md keeps the last ones that were recorded.
 */

const progress = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
const folder = mkdtempSync(join(tmpdir(), 'perch-bench-'))
chmodSync(folder, 0o711) // root's PostgreSQL runs as nobody, who has to pass
const postgres = await startEmbeddedPostgres({ dataDir: folder })
const program = findRedisServer()
const redis = program === undefined ? undefined : await spawnRedis(program, folder)
if (!redis) progress('no redis-server here: the set-up with two processes is left out')

async function database(name: string): Promise<string> {
  const admin = new pg.Client(postgres.url)
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  await admin.end()
  const url = new URL(postgres.url)
  url.pathname = `/${name}`
  await migrate(url.href)
  return url.href
}

/** What is measured, in this order. */
const PARTS = {
  latency: async () => benchLatency(await setups(), progress),
  ingestion: async () => benchIngestion(await database('ingestion'), progress),
  scale: () => benchScale({ database, progress }),
  'event-log': async () => benchEventLog(await database('event_log'), progress),
  accounts: async () => benchAccounts(await database('accounts'), progress),
  bulk: async () => benchBulk(await database('bulk'), progress),
} as const satisfies Readonly<Record<string, () => Promise<string>>>

async function setups(): Promise<LatencySetup[]> {
  const redisUrl = redis && `redis://127.0.0.1:${redis.port}`
  const found: LatencySetup[] = [{ name: 'stream, one process', databaseUrl: await database('latency_one') }]
  if (redisUrl) {
    const databaseUrl = await database('latency_two')
    found.push({ name: 'stream, api and worker over Redis', databaseUrl, redisUrl })
  }
  found.push(
    { name: 'webhook, one process', databaseUrl: await database('latency_webhook'), source: 'webhook' },
    { name: 'polling every 15 s, one process', databaseUrl: await database('latency_polling'), source: 'polling' },
  )
  return found
}

try {
  const asked = process.argv.slice(2)
  const unknown = asked.filter((name) => !(name in PARTS))
  if (unknown.length > 0) throw new Error(`There are only these parts: ${Object.keys(PARTS).join(', ')}.`)
  const tables = []
  for (const [name, measure] of Object.entries(PARTS))
    if (asked.length === 0 || asked.includes(name)) tables.push(await measure())
  process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}\n\n${tables.join('\n\n')}\n`)
} finally {
  await redis?.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}
