import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { isRefusal } from '../ingest/refusal.ts'
import type { BulkReplies } from '../outbound/bulk-replies.ts'
import type { Store } from '../store/store.ts'
import { type BatchOutcome, doBatch, type Work } from './batch.ts'
import { forgetTexts } from './forget-texts.ts'
import { BULK_UPDATE, bulkJob } from './jobs.ts'

/*
 * Works on bulk updates. While nobody else is served here, two batches are under way: one decides and writes while the
 * other commits. Beside others there is one, smaller, and a breath behind each, so that queries get their turn
 * (bench/bulk.ts measures both).
 */

interface Pace {
  /** Items in a batch. */
  readonly size: number
  /** Batches under way at once. */
  readonly lanes: number
  /** Of the time that a batch took, the part that is left to others behind it. */
  readonly breath: number
}
const ALONE: Pace = { size: 1_000, lanes: 2, breath: 0 }
/** While this process answers others as well: each of them waits for whatever a batch does at one go. */
const AMONG_OTHERS: Pace = { size: 125, lanes: 1, breath: 0.4 }
/** Then the next job that waits gets its turn, if there is one: to come back takes up to a second. */
const SLICE_MS = 5_000

const Payload = z.object({ jobId: z.uuid() })

export interface BulkTaskServices {
  readonly store: Store
  readonly replies: BulkReplies
  readonly logger: Logger
  /** Whether this process answers nobody at the moment. */
  readonly isQuiet?: () => boolean
  /** How long a turn is while others wait. */
  readonly sliceMs?: number
}

/** A batch under way. */
interface Flight {
  readonly from: number
  readonly size: number
  readonly begun: number
  readonly landed: Promise<BatchOutcome | { readonly error: unknown }>
}

/** The task of the job `bulk_update`. Throws on a payload that is none of ours. */
export function createBulkUpdateTask(services: BulkTaskServices) {
  const { store } = services
  return async (payload: unknown, signal: AbortSignal | undefined): Promise<void> => {
    const { jobId } = Payload.parse(payload)
    const slice = { until: performance.now() + (services.sliceMs ?? SLICE_MS) }
    let most = ALONE.size
    for (;;) {
      const job = await store.prisma.bulkUpdateJob.findUnique({ where: { id: jobId } })
      if (!job) return
      if (job.finishedAt) {
        // It was cancelled.
        await store.prisma.$transaction((db) => forgetTexts(db, jobId))
        return
      }
      const work = { jobId, ownerId: job.createdById }
      const ended = await fly(services, work, job, { most, slice, signal })
      if (ended === 'over') return
      most = ended.most
      if (ended.setAside === undefined) continue
      services.logger.error({ err: ended.setAside, jobId }, 'a ticket of a bulk update cannot be stored')
      if ((await doBatch(services, work, { size: 1, yields: false, setAside: true })) === 'over') return
    }
  }
}

interface Course {
  /** Items in a batch, at most: fewer behind one that the database refused. */
  readonly most: number
  /** When others get their turn. */
  readonly slice: { until: number }
  readonly signal: AbortSignal | undefined
}

/**
 * One batch after the other from where the job is, until it is over, or another's turn. Otherwise how to go on: behind a
 * batch that the database refused with half as many items, and with one that it refused by itself set aside.
 */
async function fly(
  services: BulkTaskServices,
  work: Work,
  job: { readonly done: number; readonly total: number },
  course: Course,
): Promise<'over' | { readonly most: number; readonly setAside?: unknown }> {
  const { isQuiet = () => true } = services
  const flights: Flight[] = []
  let { most } = course
  let from = job.done
  let yields = false
  try {
    for (;;) {
      // Behind a refusal one at a time, until batches are whole again.
      const pace = isQuiet() ? ALONE : AMONG_OTHERS
      const lanes = most < pace.size ? 1 : pace.lanes
      while (!yields && flights.length < lanes && from < job.total) {
        yields = await isLast(services, work.jobId, course)
        const size = Math.min(most, pace.size)
        flights.push(start(services, work, { size, yields, from, behind: flights.at(-1)?.from }))
        from += size
      }
      const flight = flights.shift()
      if (!flight) return 'over'
      const landed = await flight.landed
      if (landed === 'over') return 'over'
      if (landed === 'astray') return { most }
      if (landed !== 'more') {
        // Anything else is the database's trouble: the runner tries again.
        if (!isRefusal(landed.error)) throw landed.error
        const half = Math.ceil(flight.size / 2)
        return flight.size === 1 ? { most: half, setAside: landed.error } : { most: half }
      }
      most = Math.min(ALONE.size, Math.max(most, flight.size * 2))
      if (pace.breath > 0) await sleep((performance.now() - flight.begun) * pace.breath)
    }
  } finally {
    // Whatever is still under way has lost what it built on, and undoes itself.
    await Promise.all(flights.map(({ landed }) => landed))
  }
}

function start(
  services: BulkTaskServices,
  work: Work,
  options: Parameters<typeof doBatch>[2] & { readonly from: number },
): Flight {
  const landed = doBatch(services, work, options).catch((error: unknown) => ({ error }))
  return { from: options.from, size: options.size, begun: performance.now(), landed }
}

/** Whether the next batch is the last of this turn: the program stops, or others have waited long enough. */
async function isLast(
  { store, sliceMs = SLICE_MS }: BulkTaskServices,
  jobId: string,
  { slice, signal }: Course,
): Promise<boolean> {
  if (signal?.aborted) return true
  const now = performance.now()
  if (now <= slice.until) return false
  slice.until = now + sliceMs
  return othersWait(store, jobId)
}

async function othersWait({ prisma }: Store, jobId: string): Promise<boolean> {
  return (await prisma.bulkUpdateJob.findFirst({ where: { finishedAt: null, id: { not: jobId } } })) !== null
}

/**
 * Begins again what nobody works on: a job that failed too often, or was lost with the database it was restored from.
 * Run every minute; a job that somebody works on after all bears it. One that only waits for its turn keeps its place:
 * enqueued anew, it would go to the end each time.
 */
export async function resumeBulkUpdates(store: Store): Promise<void> {
  const rows = await store.prisma.$queryRaw<{ id: string }[]>`
    SELECT u.id::text AS id FROM bulk_update_job u
    WHERE u.finished_at IS NULL AND u.updated_at < clock_timestamp() - interval '1 minute'
      AND NOT EXISTS (SELECT 1 FROM graphile_worker.jobs j
                      WHERE j.key = ${BULK_UPDATE}::text || '/' || u.id::text AND j.attempts < j.max_attempts)`
  if (rows.length === 0) return
  await store.change({ kind: 'system', part: 'job' }, async ({ enqueue }) => {
    for (const { id } of rows) enqueue(bulkJob(id))
  })
}
