import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import { findRedisServer, spawnRedis } from './redis-server.ts'
import { scratchFolder } from './scratch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The test PostgreSQL's superuser. */
    adminUrl: string
    /** The migrated database that testDatabase() clones. Nobody ever connects to it. */
    template: string
    redisUrl: string
    /** The program that startRedis() runs; undefined where only TEST_REDIS_URL was given. */
    redisServer: string | undefined
  }
}

const TEMPLATE = 'perch_template'

// Nothing here outlives the run, so durability is off: a crash of the machine may lose it. Rates that tests
// measure are therefore those of a database without fsync; `npm run bench` measures with it.
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '128MB',
}

/** One real PostgreSQL with a migrated template and one real Redis for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(scratchFolder(), 'perch-test-'))
  // Root's PostgreSQL runs as nobody, who has to get in.
  chmodSync(dataDir, 0o711)
  const undo: (() => unknown)[] = []
  const removeData = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  // A Ctrl-C ends vitest without teardown: the servers are then told to end by their own exit handlers.
  process.once('exit', removeData)
  undo.push(removeData, () => process.off('exit', removeData))

  const teardown = async () => {
    for (const step of undo.reverse()) await step()
  }
  try {
    const [postgres, redis] = await Promise.all([startPostgres(dataDir, undo), startRedis(dataDir, undo)])
    project.provide('adminUrl', postgres)
    project.provide('template', TEMPLATE)
    project.provide('redisUrl', redis.url)
    project.provide('redisServer', redis.program)
    return teardown
  } catch (error) {
    await teardown()
    throw error
  }
}

async function startPostgres(dataDir: string, undo: (() => unknown)[]): Promise<string> {
  const server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS })
  undo.push(() => server.stop())
  const template = new URL(server.url)
  template.pathname = `/${TEMPLATE}`
  await asAdmin(server.url, `CREATE DATABASE ${TEMPLATE}`)
  await migrate(template.href)
  await asAdmin(server.url, `ALTER DATABASE ${TEMPLATE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
  return server.url
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

async function startRedis(dataDir: string, undo: (() => unknown)[]) {
  const given = process.env['TEST_REDIS_URL']
  // Wanted in any case: some tests stop and start a Redis of their own.
  const program = findRedisServer()
  if (given) return { url: given, program }
  if (program === undefined) {
    throw new Error('The tests need a real Redis: set TEST_REDIS_URL, or run "apt-get install redis-server".')
  }
  const server = await spawnRedis(program, dataDir)
  undo.push(() => server.stop())
  return { url: `redis://127.0.0.1:${server.port}`, program }
}
