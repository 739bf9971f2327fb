import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Heartbeat, startHeartbeat } from '../../src/store/heartbeat.ts'
import { startJobRunner } from '../../src/store/job-runner.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { silent } from '../helpers/stores.ts'

/* What the database's clock does when it is set: the rows that were written before look an hour old, or yet to come. */

let database: TestDatabase
let pool: pg.Pool
const beating = new Set<Heartbeat>()
beforeAll(async () => {
  database = await testDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 4 })
  // Makes graphile-worker's tables.
  const runner = await startJobRunner({ databaseUrl: database.url, logger: silent, concurrency: 1, tasks: {} })
  await runner.close()
})
afterAll(async () => {
  await pool?.end()
  await database?.drop()
})
beforeEach(() => pool.query('DELETE FROM worker_process'))
afterEach(async () => {
  for (const heartbeat of beating) await heartbeat.stop()
  beating.clear()
  await pool.query('DELETE FROM graphile_worker._private_jobs')
})

function beat(id: string): void {
  beating.add(startHeartbeat({ pool, poolIds: new Set([id]), logger: silent }))
}
/** A job in the hands of a pool, taken `ago`. */
async function heldBy(id: string, ago: string): Promise<void> {
  await pool.query(`SELECT graphile_worker.add_job('test.held', '{}')`)
  await pool.query(
    `UPDATE graphile_worker._private_jobs SET locked_by = $1, locked_at = clock_timestamp() - $2::interval`,
    [id, ago],
  )
}
async function set(id: string, by: string): Promise<void> {
  await pool.query(
    `INSERT INTO worker_process VALUES ($1, clock_timestamp() + $2::interval)
     ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
    [id, by],
  )
}
const holder = async () =>
  (await pool.query<{ locked_by: string | null }>('SELECT locked_by FROM graphile_worker.jobs')).rows[0]?.locked_by

describe('when the database’s clock is set', () => {
  it.each([
    ['ahead', '-1 hour'],
    ['back', '1 hour'],
  ])(
    '%s, the living keep their jobs: whoever seems dead is looked at twice',
    async (_way, by) => {
      beat('living')
      await heldBy('living', by === '-1 hour' ? '1 hour' : '-1 hour')
      await pause(500)
      await set('living', by)
      beat('watching')
      // Longer than both looks take.
      await pause(5_000)
      expect(await holder()).toBe('living')
    },
    20_000,
  )

  it.each([
    ['ahead', '-1 hour'],
    ['back', '1 hour'],
  ])(
    '%s, the jobs of the dead are free within ten seconds',
    async (_way, by) => {
      await heldBy('dead', by === '-1 hour' ? '1 hour' : '-1 hour')
      await set('dead', by)
      const begun = performance.now()
      beat('watching')
      await expect.poll(holder, { timeout: 10_000, interval: 50 }).toBeNull()
      expect(performance.now() - begun).toBeLessThan(10_000)
    },
    20_000,
  )
})
