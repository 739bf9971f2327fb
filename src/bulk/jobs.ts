import { paceOf } from '../domain/bulk-update.ts'
import type { EventBody } from '../domain/event.ts'
import { type SqlFragment, sql } from '../domain/sql.ts'
import type { Audience } from '../domain/visibility.ts'
import type { BulkUpdateJob, Prisma } from '../generated/prisma/client.ts'
import type { NewJob } from '../store/store.ts'

/** The job of the runner that works on one bulk update. */
export const BULK_UPDATE = 'bulk_update'

/**
 * All of one queue: they run one after the other, in slices (task.ts), so that the log and the other queries are never
 * in the way of more than one.
 */
export const bulkJob = (jobId: string): NewJob => ({
  name: BULK_UPDATE,
  payload: { jobId },
  queue: BULK_UPDATE,
  key: `${BULK_UPDATE}/${jobId}`,
})

type Person = Pick<Audience, 'role' | 'userId'>

/** Whether somebody may stop and take back what this person began: their own; administrators, everybody's. */
export const isTheirs = ({ role, userId }: Person, { createdById }: Pick<BulkUpdateJob, 'createdById'>): boolean =>
  role === 'ADMIN' || createdById === userId

/**
 * Whether somebody sees a bulk update: their own, and what took those back, whoever did it; administrators, all. Two
 * other readings of the same follow.
 */
export const seesBulkUpdate = (
  person: Person,
  job: Pick<BulkUpdateJob, 'createdById'> & { readonly undoOf: Pick<BulkUpdateJob, 'createdById'> | null },
): boolean => isTheirs(person, job) || job.undoOf?.createdById === person.userId

/** `seesBulkUpdate` for Prisma, beside an id. */
export const visibleBulkUpdates = ({ role, userId }: Person) =>
  role === 'ADMIN' ? {} : { OR: [{ createdById: userId }, { undoOf: { createdById: userId } }] }

/** `seesBulkUpdate` over a row of `bulk_update_job` named j. */
export const visibleBulkUpdatesSql = ({ role, userId }: Person): SqlFragment =>
  role === 'ADMIN'
    ? sql`TRUE`
    : sql`(j.created_by_id = ${userId}::uuid OR EXISTS (
        SELECT FROM bulk_update_job o WHERE o.id = j.undo_of_id AND o.created_by_id = ${userId}::uuid))`

/** What the log says of a job as it is. */
export function progressOf(job: BulkUpdateJob): EventBody {
  const { id: jobId, createdById: ownerId, status, total, done, failed } = job
  return { type: 'bulkUpdate.progress', jobId, ownerId, status, total, done, failed, ...paceOf(job) }
}

/** Locks the job's row until the transaction ends: what counts of batches, cancelling and undoing meet there. */
export async function lockJob(db: Prisma.TransactionClient, jobId: string): Promise<BulkUpdateJob | null> {
  await db.$queryRaw`SELECT 1 AS locked FROM bulk_update_job WHERE id = ${jobId}::uuid FOR NO KEY UPDATE`
  return db.bulkUpdateJob.findUnique({ where: { id: jobId } })
}

/** The database's clock. */
export async function clock(db: Prisma.TransactionClient): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
  if (!row) throw new Error('The database gave no time.')
  return row.now
}

/** Makes the batch that begins behind this place the only one, in whatever process, until its transaction ends. */
export async function claimPlace(db: Prisma.TransactionClient, jobId: string, place: number): Promise<void> {
  await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${placeKey(jobId, place)}, 0))`
}

/** Waits until the batch that began behind this place has ended, one way or the other. */
export async function waitForPlace(db: Prisma.TransactionClient, jobId: string, place: number): Promise<void> {
  await db.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${placeKey(jobId, place)}, 0))`
}

const placeKey = (jobId: string, place: number) => `perch bulk update ${jobId} ${place}`
