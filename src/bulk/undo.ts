import { createHash } from 'node:crypto'
import { BULK_UPDATE_DAYS } from '../domain/retention.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'
import { finish } from './batch.ts'
import type { BulkUpdateStarted } from './bulk-updates.ts'
import { forgetSharedTexts } from './forget-texts.ts'
import { countUndoable, freezeUndo } from './freeze.ts'
import { bulkJob, isTheirs, lockJob } from './jobs.ts'
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
      const known = await findUndo(db, jobId)
      if (known) return known
      const inputHash = createHash('sha256').update(`undo ${jobId}`).digest('hex')
      return openJob(scope, {
        data: { createdById: person.userId, undoOfId: jobId, inputHash },
        freeze: (id) => freezeUndo(db, id, jobId),
      })
    }),
  )
}

/**
 * The undo that there is nothing to add to: one that is under way or, once no item is left that another could still take
 * back, the last one. Who began an undo may have seen less than who asks now, and a ticket may have been restored since.
 */
async function findUndo(db: Prisma.TransactionClient, jobId: string): Promise<string | undefined> {
  const undos = await db.bulkUpdateJob.findMany({
    where: { undoOfId: jobId },
    select: { id: true, finishedAt: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
  const open = undos.find(({ finishedAt }) => finishedAt === null)
  if (open) return open.id
  const [last] = undos
  return last && (await countUndoable(db, jobId)) === 0 ? last.id : undefined
}

/** Stops a job behind its batch. See BulkUpdates.cancel. */
export function cancelBulkUpdate(store: Store, person: Audience, jobId: string): Promise<BulkUpdateStarted> {
  return answer(store, () =>
    store.change({ kind: 'user', id: person.userId }, async (scope) => {
      const job = await findJob(scope.db, person, jobId)
      if (job.finishedAt) return jobId
      await forgetSharedTexts(scope.db, jobId)
      await finish(scope, job, { status: 'CANCELLED' })
      // The batch under way has its items locked, and waits for the job: their texts are forgotten behind it.
      scope.enqueue(bulkJob(jobId))
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

/** Locked, so it waits for the batch that is under way. Throws Refused when there is none of theirs. */
async function findJob(db: Prisma.TransactionClient, person: Audience, jobId: string) {
  const job = await lockJob(db, jobId)
  if (!job || !isTheirs(person, job))
    throw refuse('NOT_FOUND', ['id'], 'There is no bulk update with this id, or none of yours.')
  return job
}
