import { createHash } from 'node:crypto'
import { BULK_UPDATE_DAYS } from '../domain/retention.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'
import { finish } from './batch.ts'
import type { BulkUpdateStarted } from './bulk-updates.ts'
import { freezeUndo } from './freeze.ts'
import { lockJob, visibleBulkUpdates } from './jobs.ts'
import { answer, oneAtATime, openJob, refuse } from './open-job.ts'

/** Begins the job that takes back what this one changed, or finds it. See BulkUpdates.undo. */
export function undoBulkUpdate(store: Store, person: Audience, jobId: string): Promise<BulkUpdateStarted> {
  return answer(store, () =>
    store.change({ kind: 'user', id: person.userId }, async (scope) => {
      const { db } = scope
      await oneAtATime(scope)
      const job = await findJob(db, person, jobId)
      if (!job.finishedAt) throw refuse('BULK_UPDATE_RUNNING', ['id'], 'What is not over cannot be undone; cancel it.')
      await requireWhole(db, jobId)
      const known = await db.bulkUpdateJob.findFirst({
        where: { undoOfId: jobId, status: { in: ['QUEUED', 'WORKING', 'COMPLETED'] } },
        select: { id: true },
      })
      if (known) return known.id
      const inputHash = createHash('sha256').update(`undo ${jobId}`).digest('hex')
      return openJob(scope, {
        data: { createdById: person.userId, undoOfId: jobId, inputHash },
        freeze: (id) => freezeUndo(db, id, jobId),
      })
    }),
  )
}

/** Stops a job behind its batch. See BulkUpdates.cancel. */
export function cancelBulkUpdate(store: Store, person: Audience, jobId: string): Promise<BulkUpdateStarted> {
  return answer(store, () =>
    store.change({ kind: 'user', id: person.userId }, async (scope) => {
      const job = await findJob(scope.db, person, jobId)
      if (!job.finishedAt) await finish(scope, job, { status: 'CANCELLED' })
      return jobId
    }),
  )
}

/** What has outlived its days is removed piece by piece (store/housekeeping.ts), and is not undone by half. */
async function requireWhole(db: Prisma.TransactionClient, jobId: string): Promise<void> {
  const [job] = await db.$queryRaw<{ kept: boolean }[]>`
    SELECT finished_at >= clock_timestamp() - ${BULK_UPDATE_DAYS} * interval '1 day' AS kept
    FROM bulk_update_job WHERE id = ${jobId}::uuid`
  if (!job?.kept)
    throw refuse('NOT_FOUND', ['id'], `This bulk update ended more than ${BULK_UPDATE_DAYS} days ago, and is not kept.`)
}

/** Locked, so it waits for the batch that is under way. Throws Refused when there is none that the person sees. */
async function findJob(db: Prisma.TransactionClient, person: Audience, jobId: string) {
  const job = await lockJob(db, jobId)
  const { createdById = job?.createdById } = visibleBulkUpdates(person)
  if (!job || job.createdById !== createdById)
    throw refuse('NOT_FOUND', ['id'], 'There is no bulk update with this id, or none that you see.')
  return job
}
