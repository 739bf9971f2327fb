import { isFailure } from '../domain/bulk-update.ts'
import { isStaff } from '../domain/visibility.ts'
import type { BulkUpdateJob, Prisma } from '../generated/prisma/client.ts'
import type { BulkReplies } from '../outbound/bulk-replies.ts'
import { readAudience } from '../people/read-audience.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { apply } from './apply.ts'
import { forgetTexts } from './forget-texts.ts'
import { bulkJob, clock, lockJob, progressOf } from './jobs.ts'
import { type Result, readItems, writeResults } from './rows.ts'

/*
 * One batch of a bulk update in one transaction: the tickets, their events, the items' results and the job's counters
 * commit together. Whatever is killed when, an item was done with all of that, or not at all, and the next batch begins
 * behind the last item that was. The job's row is locked first, so that two workers on one job take turns.
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
}

/** Does the next items of a bulk update. False when there are none left, or it is cancelled. */
export async function doBatch({ store, replies }: BatchServices, work: Work, options: BatchOptions): Promise<boolean> {
  const actor = { kind: 'user', id: work.ownerId, bulkUpdateId: work.jobId } as const
  const { value } = await store.change(actor, (scope) => batch(scope, replies, work, options))
  return value
}

async function batch(
  scope: ChangeScope,
  replies: BulkReplies,
  { jobId, ownerId }: Work,
  options: BatchOptions,
): Promise<boolean> {
  const { db } = scope
  const job = await lockJob(db, jobId)
  if (!job || job.finishedAt) return false
  const begun = job.startedAt ?? (await clock(db))
  const person = await readAudience(db, ownerId)
  if (!person || !isStaff(person)) {
    // Who may no longer work tickets does not do so by a job that they left behind.
    await finish(scope, job, { status: 'FAILED', startedAt: begun })
    return false
  }
  const items = await readItems(db, jobId, job.done, options.size)
  const results = options.setAside
    ? items.map(({ place }) => refused(place))
    : await apply(scope, replies, job, person, items)
  await writeResults(db, jobId, results)
  const done = job.done + items.length
  const failed = job.failed + results.filter(({ outcome }) => isFailure(outcome)).length
  const counted = { startedAt: begun, done, failed }
  if (done >= job.total) {
    await finish(scope, job, { ...counted, status: 'COMPLETED' })
    return false
  }
  const now = await clock(db)
  scope.emit(
    progressOf(
      await db.bulkUpdateJob.update({ where: { id: jobId }, data: { ...counted, status: 'WORKING', updatedAt: now } }),
    ),
  )
  if (options.yields) scope.enqueue(bulkJob(jobId))
  return true
}

/** Ends a job, and says so in the log. */
export async function finish(
  { db, emit }: ChangeScope,
  { id }: Pick<BulkUpdateJob, 'id'>,
  data: Prisma.BulkUpdateJobUpdateInput,
): Promise<void> {
  const now = await clock(db)
  await forgetTexts(db, id)
  emit(progressOf(await db.bulkUpdateJob.update({ where: { id }, data: { ...data, updatedAt: now, finishedAt: now } })))
}

const refused = (place: number): Result => ({
  place,
  outcome: 'FAILED',
  errors: [{ code: 'INVALID_INPUT', field: [], message: 'The ticket cannot be stored with this change.' }],
  before: null,
  version: null,
})
