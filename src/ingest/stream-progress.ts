import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'

/*
 * How far the stream has come, in the database: whoever takes over from a killed process asks X to repeat the rest. The
 * row never promises too much: it is moved to a time when everything told before is committed. Times are the database's.
 */

export interface StreamProgress {
  /** How many minutes X should repeat: what was missed, rounded up, at most its five; none if it never told us anything. */
  missedMinutes(): Promise<number>
  /** A sign of life, for which `waitedMs` were waited, and before which everything was handed to `delivering`. */
  alive(waitedMs: number): void
  /** The reading stood still since then (performance.now()): what X tells waits unread, nobody knows since when. */
  stalledSince(at: number): void
  delivering(commit: Promise<void>): void
  /** The connection is gone. */
  ended(): Promise<void>
}

/** X's longest backfill. */
const MAX_MINUTES = 5
/** What was on its way when the last sign was given. */
const MARGIN_MS = 10_000
/** Whoever waits so long for the next byte has read all that was there. */
const IDLE_MS = 5
const LAST_WRITE_MS = 1_000

export function createStreamProgress(options: {
  readonly store: Store
  readonly logger: Logger
  /** Between two writes. */
  readonly everyMs?: number
}): StreamProgress {
  const { store, logger, everyMs = 3_000 } = options
  const pending = new Set<Promise<void>>()
  let connectedAt: number | undefined
  let committedUpTo: number | undefined
  let stalled: number | undefined
  let lost = false
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    const upTo = committedUpTo
    const since = connectedAt
    await Promise.allSettled(pending)
    const ago = (at: number | undefined) => (at === undefined ? null : performance.now() - at)
    await store.prisma.$executeRaw`
      UPDATE activity_stream SET
        connected_at = clock_timestamp() - ${ago(since)}::float8 * interval '1 millisecond',
        -- One in the future is of before the database's clock went back.
        alive_at = greatest(CASE WHEN alive_at <= clock_timestamp() + interval '1 second' THEN alive_at END, clock_timestamp() - ${lost ? null : ago(upTo)}::float8 * interval '1 millisecond')
      WHERE id = 1`
  }

  const writeOnce = (): Promise<void> => {
    writing ??= write()
      .catch((error: unknown) => logger.debug({ err: error }, 'the progress of the stream was not noted'))
      .finally(() => {
        writing = undefined
      })
    return writing
  }

  return {
    async missedMinutes() {
      const [row] = await store.prisma.$queryRaw<{ ms: number | null }[]>`
        SELECT extract(epoch FROM clock_timestamp() - alive_at)::float8 * 1000 AS ms FROM activity_stream WHERE id = 1`
      if (row?.ms == null) return 0
      return Math.min(MAX_MINUTES, Math.ceil((Math.max(0, row.ms) + MARGIN_MS) / 60_000))
    },
    alive(waitedMs) {
      const now = performance.now()
      const first = connectedAt === undefined
      connectedAt ??= now
      if (waitedMs >= IDLE_MS) stalled = undefined
      committedUpTo = stalled ?? now
      if (first) void writeOnce()
      timer ??= setTimeout(() => {
        timer = undefined
        void writeOnce()
      }, everyMs)
    },
    stalledSince(at) {
      stalled ??= at
    },
    delivering(commit) {
      const done = commit
        .catch(() => {
          // What was not committed must be told again.
          lost = true
        })
        .finally(() => pending.delete(done))
      pending.add(done)
    },
    async ended() {
      clearTimeout(timer)
      timer = undefined
      connectedAt = undefined
      const last = (async () => {
        await writing
        await writeOnce()
      })()
      // A database that is away is not waited for.
      await Promise.race([last, pause(LAST_WRITE_MS, undefined, { ref: false })])
    },
  }
}
