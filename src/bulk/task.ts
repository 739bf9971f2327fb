import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { isRefusal } from '../ingest/refusal.ts'
import type { BulkReplies } from '../outbound/bulk-replies.ts'
import type { Store } from '../store/store.ts'
import { doBatch } from './batch.ts'
import { bulkJob } from './jobs.ts'

/*
 * Works on bulk updates. Batches are short, for other changes wait while one commits, and there is a breath between two
 * of them, so that other queries get their turn (bench/bulk.ts measures both).
 */

interface Pace {
  /** Items in a batch. */
  readonly size: number
  /** Of the time that a batch took, the part that is left to others behind it. */
  readonly breath: number
}
const ALONE: Pace = { size: 1_000, breath: 0.02 }
/** While this process answers others as well: each of them waits for whatever a batch does at one go. */
const AMONG_OTHERS: Pace = { size: 250, breath: 0.25 }
/** Then the next job that waits gets its turn, if there is one: to come back takes up to a second. */
const SLICE_MS = 5_000

const Payload = z.object({ jobId: z.uuid() })

/** The task of the job `bulk_update`. Throws on a payload that is none of ours. */
export function createBulkUpdateTask(services: {
  readonly store: Store
  readonly replies: BulkReplies
  readonly logger: Logger
  /** Whether this process answers nobody at the moment. */
  readonly isQuiet?: () => boolean
  /** How long a turn is while others wait. */
  readonly sliceMs?: number
}) {
  const { store, logger, isQuiet = () => true, sliceMs = SLICE_MS } = services
  return async (payload: unknown, signal: AbortSignal | undefined): Promise<void> => {
    const { jobId } = Payload.parse(payload)
    const job = await store.prisma.bulkUpdateJob.findUnique({ where: { id: jobId }, select: { createdById: true } })
    if (!job) return
    const work = { jobId, ownerId: job.createdById }
    let until = performance.now() + sliceMs
    let most = ALONE.size
    for (;;) {
      const pace = isQuiet() ? ALONE : AMONG_OTHERS
      const size = Math.min(most, pace.size)
      const begun = performance.now()
      const over = begun > until
      if (over) until = begun + sliceMs
      const yields = signal?.aborted === true || (over && (await othersWait(store, jobId)))
      try {
        const more = await doBatch(services, work, { size, yields })
        if (!more || yields) return
        most = Math.min(ALONE.size, size * 2)
      } catch (error) {
        // Anything else is the database's trouble: the runner tries again.
        if (!isRefusal(error)) throw error
        if (size === 1) {
          logger.error({ err: error, jobId }, 'a ticket of a bulk update cannot be stored')
          if (!(await doBatch(services, work, { size, yields: false, setAside: true }))) return
        }
        most = Math.ceil(size / 2)
      }
      await sleep((performance.now() - begun) * pace.breath)
    }
  }
}

async function othersWait({ prisma }: Store, jobId: string): Promise<boolean> {
  return (await prisma.bulkUpdateJob.findFirst({ where: { finishedAt: null, id: { not: jobId } } })) !== null
}

/**
 * Begins again what nobody works on: a job that failed too often, or was lost with the database it was restored from.
 * Run every minute; a job that somebody works on after all bears it.
 */
export async function resumeBulkUpdates(store: Store): Promise<void> {
  const rows = await store.prisma.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM bulk_update_job
    WHERE finished_at IS NULL AND updated_at < clock_timestamp() - interval '1 minute'`
  if (rows.length === 0) return
  await store.change({ kind: 'system', part: 'job' }, async ({ enqueue }) => {
    for (const { id } of rows) enqueue(bulkJob(id))
  })
}
