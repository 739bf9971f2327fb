import { isFailure } from '../domain/bulk-update.ts'
import { isStaff } from '../domain/visibility.ts'
import type { BulkUpdateJob, Prisma } from '../generated/prisma/client.ts'
import type { BulkReplies } from '../outbound/bulk-replies.ts'
import { readAudience } from '../people/read-audience.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { apply } from './apply.ts'
import { forgetTexts } from './forget-texts.ts'
import { bulkJob, claimPlace, clock, lockJob, progressOf, waitForPlace } from './jobs.ts'
import { type Result, readItems, writeResults } from './rows.ts'

/*
 * One batch of a bulk update in one transaction: the tickets, their events, the items' results and the job's counters
 * commit together. Whatever is killed when, an item was done with all of that, or not at all, and the next batch begins
 * behind the last item that was.
 *
 * A batch may begin while the one before it is still under way: it works on its tickets, and waits for the other's commit
 * only before it counts. Whether it was its turn is decided there, under the lock of the job's row: `done` is the place
 * where it began, or all of it is undone. The waiting is PostgreSQL's (advisory locks), so a circle with others who wait
 * for the same tickets is found as any deadlock is.
 */

/** The bulk update to go on with, and whom it is done for. */
export interface Work {
  readonly jobId: string
  readonly ownerId: string
}

export interface BatchServices {
  readonly store: Pick<Store, 'change'>
  readonly replies: BulkReplies
}

export interface BatchOptions {
  /** Items at most. */
  readonly size: number
  /** The last of this slice: what is left is enqueued anew, behind the others that wait. */
  readonly yields: boolean
  /** The database refused this very item: it is noted as failed, and its ticket is left alone. */
  readonly setAside?: boolean
  /** Behind which item it begins; otherwise behind what is done. */
  readonly from?: number
  /** Where the batch began that is under way before it. */
  readonly behind?: number | undefined
}

/** `more`: it is done, and others may follow. `over`: there are none, or the job has ended. `astray`: it was not its turn, and nothing was done. */
export type BatchOutcome = 'more' | 'over' | 'astray'

/** Others have gone on meanwhile, or have not got as far as this batch supposed. */
class Astray extends Error {}

/** Does the next items of a bulk update. */
export async function doBatch(
  { store, replies }: BatchServices,
  work: Work,
  options: BatchOptions,
): Promise<BatchOutcome> {
  const actor = { kind: 'user', id: work.ownerId, bulkUpdateId: work.jobId } as const
  try {
    return (await store.change(actor, (scope) => batch(scope, replies, work, options))).value
  } catch (error) {
    if (error instanceof Astray) return 'astray'
    throw error
  }
}

async function batch(
  scope: ChangeScope,
  replies: BulkReplies,
  { jobId, ownerId }: Work,
  options: BatchOptions,
): Promise<BatchOutcome> {
  const { db } = scope
  const from = options.from ?? (await db.bulkUpdateJob.findUnique({ where: { id: jobId } }))?.done ?? 0
  await claimPlace(db, jobId, from)
  const job = await db.bulkUpdateJob.findUnique({ where: { id: jobId } })
  if (!job || job.finishedAt) return 'over'
  if (job.done > from) throw new Astray()
  const begun = await clock(db)
  const person = await readAudience(db, ownerId)
  if (!person || !isStaff(person)) {
    // Who may no longer work tickets does not do so by a job that they left behind.
    const { startedAt } = await takeTurn(scope, job, from, options)
    await forgetTexts(db, jobId)
    await finish(scope, job, { status: 'FAILED', startedAt: startedAt ?? begun })
    return 'over'
  }
  const items = await readItems(db, jobId, from, options.size)
  const results = options.setAside
    ? items.map(({ place }) => refused(place))
    : await apply(scope, replies, job, person, items)
  await writeResults(db, jobId, results)
  const before = await takeTurn(scope, job, from, options)
  const done = from + items.length
  const failed = before.failed + results.filter(({ outcome }) => isFailure(outcome)).length
  const counted = { startedAt: before.startedAt ?? begun, done, failed }
  if (done >= job.total) {
    await forgetTexts(db, jobId)
    await finish(scope, job, { ...counted, status: 'COMPLETED' })
    return 'over'
  }
  const now = await clock(db)
  scope.emit(
    progressOf(
      await db.bulkUpdateJob.update({ where: { id: jobId }, data: { ...counted, status: 'WORKING', updatedAt: now } }),
    ),
  )
  if (options.yields) scope.enqueue(bulkJob(jobId))
  return 'more'
}

/** The job when all before this batch is committed, locked. Throws Astray when it is not at the place where the batch began. */
async function takeTurn(
  { db }: ChangeScope,
  { id }: Pick<BulkUpdateJob, 'id'>,
  from: number,
  { behind }: BatchOptions,
): Promise<BulkUpdateJob> {
  if (behind !== undefined) await waitForPlace(db, id, behind)
  const job = await lockJob(db, id)
  if (!job || job.finishedAt || job.done !== from) throw new Astray()
  return job
}

/** Ends a job, and says so in the log. Its texts are the caller's to forget, where no batch of it has locked its items. */
export async function finish(
  { db, emit }: ChangeScope,
  { id }: Pick<BulkUpdateJob, 'id'>,
  data: Prisma.BulkUpdateJobUpdateInput,
): Promise<void> {
  const now = await clock(db)
  emit(progressOf(await db.bulkUpdateJob.update({ where: { id }, data: { ...data, updatedAt: now, finishedAt: now } })))
}

const refused = (place: number): Result => ({
  place,
  outcome: 'FAILED',
  errors: [{ code: 'INVALID_INPUT', field: [], message: 'The ticket cannot be stored with this change.' }],
  before: null,
  version: null,
})
