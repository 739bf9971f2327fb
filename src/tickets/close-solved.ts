import type { Actor } from '../domain/event.ts'
import { CLOSE_AFTER_DAYS_AT_MOST, TRANSITIONS } from '../domain/ticket-transitions.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { SNAPSHOT_COLUMNS, type SnapshotRow } from './ticket-row.ts'

const ACTOR: Actor = { kind: 'system', part: 'closing' }
/** Tickets closed in one transaction: nobody waits long for what it holds. */
const BATCH = 500

/**
 * Closes the tickets that were solved as many days ago as the workspace says (F68), 28 at most whatever it says, by the
 * database's clock. A ticket that somebody is changing is left to the next run: a customer who writes meanwhile has
 * reopened it by then. Returns how many were closed; once `signal` is aborted it stops after the batch at hand, and the
 * next run goes on.
 */
export async function closeSolved(store: Pick<Store, 'change'>, signal?: AbortSignal): Promise<number> {
  for (let closed = 0; ; ) {
    if (signal?.aborted) return closed
    const { value } = await store.change(ACTOR, closeSome)
    closed += value
    if (value < BATCH) return closed
  }
}

async function closeSome({ db, emit }: ChangeScope): Promise<number> {
  const rows = await db.$queryRaw<SnapshotRow[]>`
    SELECT ${SNAPSHOT_COLUMNS} FROM ticket t
    WHERE t.status = 'SOLVED' AND t.deleted_at IS NULL AND t.solved_at <= now() - interval '1 day' * (
      SELECT least(w.close_solved_after_days, ${CLOSE_AFTER_DAYS_AT_MOST}::int) FROM workspace w WHERE w.id = 1)
    ORDER BY t.solved_at LIMIT ${BATCH} FOR UPDATE OF t SKIP LOCKED`
  if (rows.length === 0) return 0
  const status = TRANSITIONS.SOLVED.timeIsUp
  await db.$executeRaw`
    UPDATE ticket SET status = ${status}::text::"TicketStatus", updated_at = now()
    WHERE id = ANY(${rows.map(({ id }) => id)}::uuid[])`
  for (const row of rows)
    emit({ type: 'ticket.updated', ticket: { ...row, status }, before: { status: row.status }, changed: ['status'] })
  return rows.length
}
