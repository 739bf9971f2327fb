import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from 'pino'

/*
 * graphile-worker leaves the jobs of a killed process locked for four hours, in the name of its pool.
 * So every pool gives a sign of life, and whoever is alive unlocks what the silent ones hold. Times are the database's,
 * which may be set: then all seem silent, until they beat again. So whoever seems dead is looked at once more, after a
 * beat's time by our own clock. Resumed within SILENCE + BEAT + SECOND_LOOK + the poll interval = 7.2 s.
 */

const BEAT_MS = 1_000
const SILENCE_MS = 4_000
const SECOND_LOOK_MS = 1_200

export interface Heartbeat {
  /** Jobs that are due and not yet taken, as of the last beat. */
  waiting(): number
  stop(): Promise<void>
}

/** Beats for `poolIds`, and frees the jobs of graphile-worker's pools that no longer do. */
export function startHeartbeat(options: { pool: pg.Pool; poolIds: ReadonlySet<string>; logger: Logger }): Heartbeat {
  const { pool, poolIds, logger } = options
  const stopping = new AbortController()
  let waiting = 0

  /** Pools with jobs and no sign of life: since a while, or from a time that is still to come. */
  async function silentOnes(): Promise<ReadonlySet<string>> {
    const { rows } = await pool.query<{ id: string }>(
      `SELECT DISTINCT j.locked_by AS id FROM graphile_worker.jobs j
       CROSS JOIN (SELECT clock_timestamp() - $1 * interval '1 millisecond' AS since,
                     clock_timestamp() + $1 * interval '1 millisecond' AS until) t
       WHERE j.locked_at NOT BETWEEN t.since AND t.until
         AND NOT EXISTS (SELECT FROM worker_process w WHERE w.id = j.locked_by AND w.heartbeat_at BETWEEN t.since AND t.until)`,
      [SILENCE_MS],
    )
    return new Set(rows.map(({ id }) => id))
  }

  async function beat(): Promise<void> {
    await pool.query(
      `INSERT INTO worker_process (id, heartbeat_at) SELECT id, clock_timestamp() FROM unnest($1::text[]) AS id ORDER BY id
       ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
      [[...poolIds]],
    )
    const due = await pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM graphile_worker.jobs
       WHERE locked_at IS NULL AND run_at <= now() AND attempts < max_attempts`,
    )
    waiting = due.rows[0]?.count ?? 0
  }

  async function look(): Promise<void> {
    const silent = await silentOnes()
    if (silent.size === 0) return
    await pause(SECOND_LOOK_MS, undefined, { signal: stopping.signal })
    const still = await silentOnes()
    const dead = [...silent].filter((id) => still.has(id))
    if (dead.length === 0) return
    logger.warn({ pools: dead }, 'workers have died; their jobs are taken over')
    await pool.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [dead])
  }

  /** One at a time: what a slow database keeps waiting must not queue up. */
  function oneAtATime(work: () => Promise<void>) {
    let running: Promise<void> | undefined
    return {
      begin() {
        running ??= work()
          .catch((error: unknown) => logger.debug({ err: error }, 'no heartbeat: the database is away'))
          .finally(() => {
            running = undefined
          })
      },
      ended: async () => running,
    }
  }
  // Apart: whoever takes a second look goes on beating.
  const parts = [oneAtATime(beat), oneAtATime(look)]
  const both = () => {
    for (const part of parts) part.begin()
  }
  both()
  const timer = setInterval(both, BEAT_MS)
  return {
    waiting: () => waiting,
    async stop() {
      clearInterval(timer)
      stopping.abort()
      for (const part of parts) await part.ended()
      await pool.query('DELETE FROM worker_process WHERE id = ANY($1)', [[...poolIds]]).catch(() => {})
    },
  }
}
