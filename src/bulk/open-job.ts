import { v7 as uuidv7 } from 'uuid'
import type { UserError, UserErrorCode } from '../domain/errors.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Changed, ChangeScope, Store } from '../store/store.ts'
import { finish } from './batch.ts'
import { type BulkUpdateStarted, MOST_OPEN } from './bulk-updates.ts'
import { bulkJob, progressOf } from './jobs.ts'

/** A sentence for the caller that undoes all that its transaction did. */
export class Refused extends Error {
  readonly userErrors: readonly UserError[]
  constructor(...userErrors: readonly UserError[]) {
    super('A bulk update was refused.')
    this.userErrors = userErrors
  }
}

/** One thing that is wrong, as `Refused`. */
export const refuse = (code: UserErrorCode, field: readonly string[], message: string): Refused =>
  new Refused({ code, field, message })

/** What a transaction that gives a job's id says to the caller. */
export async function answer(store: Store, change: () => Promise<Changed<string>>): Promise<BulkUpdateStarted> {
  try {
    const { value: jobId, position } = await change()
    return { jobId, userErrors: [], position }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { epoch, head } = await store.log.head()
    return { jobId: null, userErrors: error.userErrors, position: { epoch, offset: head } }
  }
}

/** Bulk updates are begun one after the other: they are counted, and two with one key must not both begin. */
export async function oneAtATime({ db }: ChangeScope): Promise<void> {
  await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('perch bulk updates', 0))`
}

interface NewBulkUpdate {
  readonly data: Omit<Prisma.BulkUpdateJobUncheckedCreateInput, 'id' | 'total'>
  /** Writes the items, and gives their number. */
  readonly freeze: (jobId: string) => Promise<number>
}

/** The job with its items, its event and what makes a worker take it up. Throws Refused when too many are open (F72). */
export async function openJob(scope: ChangeScope, { data, freeze }: NewBulkUpdate): Promise<string> {
  const { db } = scope
  if ((await db.bulkUpdateJob.count({ where: { finishedAt: null } })) >= MOST_OPEN)
    throw refuse('TOO_MANY_BULK_UPDATES', [], `At most ${MOST_OPEN} bulk updates wait or run at a time.`)
  const id = uuidv7()
  await db.bulkUpdateJob.create({ data: { ...data, id, total: 0 } })
  const total = await freeze(id)
  if (total === 0) await finish(scope, { id }, { status: 'COMPLETED' })
  else {
    scope.emit(progressOf(await db.bulkUpdateJob.update({ where: { id }, data: { total } })))
    scope.enqueue(bulkJob(id))
  }
  return id
}
