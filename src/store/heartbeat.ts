import type pg from 'pg'
import type { Logger } from 'pino'

/*
 * graphile-worker leaves the jobs of a killed process locked for four hours, in the name of its pool.
 * So every pool gives a sign of life, and whoever is alive unlocks what the silent ones hold: resumed
 * within SILENCE + BEAT + the poll interval = 9 s.
 */

const BEAT_MS = 2_000
const SILENCE_MS = 6_000

export interface Heartbeat {
  /** Jobs that are due and not yet taken, as of the last beat. */
  waiting(): number
  stop(): Promise<void>
}

/** Beats for `poolIds`, and frees the jobs of graphile-worker's pools that no longer do. */
export function startHeartbeat(options: { pool: pg.Pool; poolIds: ReadonlySet<string>; logger: Logger }): Heartbeat {
  const { pool, poolIds, logger } = options
  let waiting = 0

  async function beat(): Promise<void> {
    await pool.query(
      `INSERT INTO worker_process (id, heartbeat_at) SELECT id, clock_timestamp() FROM unnest($1::text[]) AS id ORDER BY id
       ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
      [[...poolIds]],
    )
    const { rows } = await pool.query<{ id: string }>(
      `SELECT DISTINCT j.locked_by AS id FROM graphile_worker.jobs j
       WHERE j.locked_at < clock_timestamp() - $1 * interval '1 millisecond'
         AND NOT EXISTS (SELECT FROM worker_process w WHERE w.id = j.locked_by
                         AND w.heartbeat_at > clock_timestamp() - $1 * interval '1 millisecond')`,
      [SILENCE_MS],
    )
    const due = await pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM graphile_worker.jobs
       WHERE locked_at IS NULL AND run_at <= now() AND attempts < max_attempts`,
    )
    waiting = due.rows[0]?.count ?? 0
    if (rows.length === 0) return
    const dead = rows.map(({ id }) => id)
    logger.warn({ pools: dead }, 'workers have died; their jobs are taken over')
    await pool.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [dead])
  }

  let beating: Promise<void> | undefined
  const guarded = () => {
    // One at a time: beats that a slow database keeps waiting must not queue up.
    beating ??= beat()
      .catch((error: unknown) => logger.debug({ err: error }, 'no heartbeat: the database is away'))
      .finally(() => {
        beating = undefined
      })
  }
  guarded()
  const timer = setInterval(guarded, BEAT_MS)
  return {
    waiting: () => waiting,
    async stop() {
      clearInterval(timer)
      await beating
      await pool.query('DELETE FROM worker_process WHERE id = ANY($1)', [[...poolIds]]).catch(() => {})
    },
  }
}
