import { createHash } from 'node:crypto'
import { patchFaults } from '../domain/bulk-update.ts'
import { PositionExpiredError } from '../domain/errors.ts'
import type { Audience } from '../domain/visibility.ts'
import { Prisma } from '../generated/prisma/client.ts'
import type { BulkReplies } from '../outbound/bulk-replies.ts'
import type { Store } from '../store/store.ts'
import { readPatchFacts } from '../tickets/patch-facts.ts'
import type { BulkUpdateRequest, BulkUpdateStarted } from './bulk-updates.ts'
import { freeze } from './freeze.ts'
import { answer, oneAtATime, openJob, Refused, refuse } from './open-job.ts'

export interface BulkServices {
  readonly store: Store
  readonly replies: BulkReplies
  /** Tickets in one of them, at most. */
  readonly mostTickets: number
}

/** Begins a bulk update, or finds the one that the key began. See BulkUpdates.start. */
export async function startBulkUpdate(
  { store, replies, mostTickets }: BulkServices,
  person: Audience,
  request: BulkUpdateRequest,
  idempotencyKey: string | null,
): Promise<BulkUpdateStarted> {
  const { patch, ifPosition, targets } = request
  // What a key began is found again for as long as it is kept, however far the log has gone on.
  if (!(await findByKey(store.prisma, person, idempotencyKey))) await checkPosition(store, request)
  const inputHash = createHash('sha256').update(canonical(request)).digest('hex')
  return answer(store, () =>
    store.change({ kind: 'user', id: person.userId }, async (scope) => {
      await oneAtATime(scope)
      const known = await findByKey(scope.db, person, idempotencyKey)
      if (known?.inputHash === inputHash) return known.id
      if (known)
        throw refuse('IDEMPOTENCY_CONFLICT', ['idempotencyKey'], 'You used this key already, with another input.')
      await checkPatch(scope.db, person, replies, request)
      const data = {
        createdById: person.userId,
        patch: patch === null ? Prisma.DbNull : (JSON.parse(JSON.stringify(patch)) as Prisma.InputJsonObject),
        ifPosition: ifPosition && BigInt(ifPosition.offset),
        idempotencyKey,
        inputHash,
      }
      return openJob(scope, {
        data,
        freeze: async (jobId) => {
          const total = await freeze(scope.db, jobId, person, targets, mostTickets)
          if (total > mostTickets)
            throw refuse('TOO_MANY_TICKETS', [targets.kind], `A bulk update takes at most ${mostTickets} tickets.`)
          return total
        },
      })
    }),
  )
}

/** Throws PositionExpiredError: what changed since could not be told. */
export async function checkPosition(store: Store, { ifPosition }: BulkUpdateRequest): Promise<void> {
  if (ifPosition === null) return
  const { epoch, floor } = await store.log.head()
  if (ifPosition.epoch !== epoch || ifPosition.offset < floor)
    throw new PositionExpiredError('What changed since `ifPosition` is not known any more.')
}

/** A patch for all tickets that none of them could take is refused at once. Throws Refused. */
export async function checkPatch(
  db: Prisma.TransactionClient,
  person: Audience,
  replies: BulkReplies,
  { patch }: BulkUpdateRequest,
): Promise<void> {
  if (patch === null) return
  const facts = await readPatchFacts(db, { actorId: person.userId, patches: [patch], tickets: [] }, false)
  const refusal = patch.reply && (await replies.refusal(db, patch.reply))
  const faults = [
    ...patchFaults(patch, facts),
    ...(refusal ? [{ ...refusal, field: ['reply', ...refusal.field] }] : []),
  ]
  if (faults.length > 0) throw new Refused(...faults.map((fault) => ({ ...fault, field: ['patch', ...fault.field] })))
}

function findByKey(db: Prisma.TransactionClient, { userId }: Audience, idempotencyKey: string | null) {
  return idempotencyKey === null
    ? null
    : db.bulkUpdateJob.findUnique({
        where: { createdById_idempotencyKey: { createdById: userId, idempotencyKey } },
        select: { id: true, inputHash: true },
      })
}

/** The same text for the same input, in whatever order its fields came. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner instanceof Object && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
