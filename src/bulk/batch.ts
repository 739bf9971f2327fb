import { isFailure } from '../domain/bulk-update.ts'
import type { EventBody } from '../domain/event.ts'
import type { Audience } from '../domain/visibility.ts'
import { isStaff } from '../domain/visibility.ts'
import type { BulkUpdateJob, Prisma } from '../generated/prisma/client.ts'
import { readAudience } from '../people/read-audience.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { readPatchFacts } from '../tickets/patch-facts.ts'
import { snapshotOf } from '../tickets/snapshot.ts'
import { type Decided, type Deed, decide, type Kept } from './decide.ts'
import { bulkJob, clock, lockJob, progressOf } from './jobs.ts'
import { type Item, type Result, readItems, readTickets, writeNotes, writeResults, writeTickets } from './rows.ts'

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

export interface BatchOptions {
  /** Items at most. */
  readonly size: number
  /** The last of this slice: what is left is enqueued anew, behind the others that wait. */
  readonly yields: boolean
  /** The database refused this very item: it is noted as failed, and its ticket is left alone. */
  readonly setAside?: boolean
}

/** Does the next items of a bulk update. False when there are none left, or it is cancelled. */
export async function doBatch(store: Pick<Store, 'change'>, work: Work, options: BatchOptions): Promise<boolean> {
  const { value } = await store.change({ kind: 'user', id: work.ownerId }, (scope) => batch(scope, work, options))
  return value
}

async function batch(scope: ChangeScope, { jobId, ownerId }: Work, options: BatchOptions): Promise<boolean> {
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
  const results = options.setAside ? items.map(({ place }) => refused(place)) : await apply(scope, job, person, items)
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
  emit(progressOf(await db.bulkUpdateJob.update({ where: { id }, data: { ...data, updatedAt: now, finishedAt: now } })))
}

/** Decides about the items and does it. */
async function apply(
  { db, emit }: ChangeScope,
  job: BulkUpdateJob,
  person: Audience,
  items: readonly Item[],
): Promise<Result[]> {
  const ifPosition = job.ifPosition === null ? null : Number(job.ifPosition)
  const ids = items.map(({ ticketId }) => ticketId)
  const found = await readTickets(db, person, ids, { ifPosition, lock: true })
  const deeds = new Map(items.map((item) => [item.place, deedOf(job, item)]))
  const facts = await readPatchFacts(db, {
    actorId: person.userId,
    patches: [...new Set([...deeds.values()].map((deed) => (deed.kind === 'patch' ? deed.patch : deed.kept)))],
    tickets: [...found.values()].map(({ ticket }) => ticket),
  })
  const now = await clock(db)
  const decided = items.map(({ place, ticketId }) => {
    const deed = deeds.get(place)
    if (!deed) throw new Error('An item has nothing to be done.')
    return { place, ...decide(found.get(ticketId), deed, facts, now) }
  })
  const written = decided.flatMap((one) => one.written ?? [])
  await writeTickets(db, written, now)
  const notes = await writeNotes(db, person.userId, written, now)
  for (const one of decided) for (const body of eventsOf(one, person, notes)) emit(body)
  return decided.map(resultOf)
}

function deedOf(job: BulkUpdateJob, { patch, ifVersion }: Item): Deed {
  if (job.undoOfId !== null && ifVersion !== null)
    return { kind: 'undo', kept: (patch ?? {}) as Kept, version: ifVersion }
  // What is in the column was checked on its way in.
  const shared = job.patch as Extract<Deed, { kind: 'patch' }>['patch'] | null
  return { kind: 'patch', patch: patch ?? shared ?? {}, ifVersion }
}

function* eventsOf({ decision, written }: Decided, person: Audience, notes: ReadonlyMap<string, string>) {
  if (decision.outcome !== 'CHANGED' || !written) return
  const ticket = snapshotOf(written.after)
  const { before, changed } = decision
  if (changed.length > 0) {
    yield { type: 'ticket.updated', ticket, before, changed: [...changed] } satisfies EventBody
  }
  const note = notes.get(ticket.id)
  if (note !== undefined) {
    const comment = { id: note, authorId: person.userId, direction: 'OUTBOUND', visibility: 'PRIVATE' } as const
    yield { type: 'comment.created', ticket, comment } satisfies EventBody
  }
}

function resultOf({ place, decision, written, kept }: Decided & { readonly place: number }): Result {
  return {
    place,
    outcome: decision.outcome,
    errors: 'errors' in decision ? decision.errors : null,
    before: kept,
    version: written ? written.found.version + 1 : null,
  }
}

const refused = (place: number): Result => ({
  place,
  outcome: 'FAILED',
  errors: [{ code: 'INVALID_INPUT', field: [], message: 'The ticket cannot be stored with this change.' }],
  before: null,
  version: null,
})
