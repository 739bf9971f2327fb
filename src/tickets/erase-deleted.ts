import type { Actor } from '../domain/event.ts'
import { RESTORE_DAYS } from '../domain/ticket-transitions.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { SNAPSHOT_COLUMNS, type SnapshotRow } from './ticket-row.ts'

const ACTOR: Actor = { kind: 'system', part: 'erasing' }
/** Tickets erased in one transaction; each may have thousands of comments. */
const BATCH = 50

/**
 * Erases the tickets that were deleted 30 days ago, with their comments and the posts among the incoming ones (F69). The
 * log keeps ids and field values alone, as ever. X may tell of their posts again: they are remembered as deleted, by
 * their ids. Returns how many tickets were erased; once `signal` is aborted it stops after the batch at hand.
 */
export async function eraseDeleted(store: Pick<Store, 'change'>, signal?: AbortSignal): Promise<number> {
  for (let erased = 0; ; ) {
    if (signal?.aborted) return erased
    const { value } = await store.change(ACTOR, eraseSome)
    erased += value
    if (value < BATCH) return erased
  }
}

async function eraseSome({ db, emit }: ChangeScope): Promise<number> {
  const rows = await db.$queryRaw<SnapshotRow[]>`
    SELECT ${SNAPSHOT_COLUMNS} FROM ticket t
    WHERE t.deleted_at <= now() - ${RESTORE_DAYS} * interval '1 day'
    ORDER BY t.deleted_at LIMIT ${BATCH} FOR UPDATE OF t SKIP LOCKED`
  if (rows.length === 0) return 0
  const ids = rows.map(({ id }) => id)
  await db.$executeRaw`
    INSERT INTO deleted_post (id, deleted_at)
    SELECT external_id, now() FROM comment
    WHERE ticket_id = ANY(${ids}::uuid[]) AND channel = 'X_POST' AND external_id IS NOT NULL
    UNION
    SELECT id, now() FROM incoming_post WHERE ticket_id = ANY(${ids}::uuid[])
    ORDER BY 1
    ON CONFLICT (id) DO NOTHING`
  await db.$executeRaw`DELETE FROM incoming_post WHERE ticket_id = ANY(${ids}::uuid[])`
  // Comments and their versions go with it.
  await db.$executeRaw`DELETE FROM ticket WHERE id = ANY(${ids}::uuid[])`
  for (const ticket of rows) emit({ type: 'ticket.erased', ticket: { ...ticket, deleted: true } })
  return rows.length
}
