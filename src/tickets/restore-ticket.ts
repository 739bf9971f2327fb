import { RESTORE_DAYS } from '../domain/ticket-transitions.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { lockTickets } from './lock-ticket.ts'
import { type Done, NO_TICKET, type Outcome } from './outcome.ts'
import { snapshotOf } from './snapshot.ts'

const DAY_MS = 86_400_000
const ATTEMPTS = 10

/**
 * Brings a deleted ticket back as it was, within 30 days (F69). Where its conversation has another open ticket by then,
 * that one goes on taking what X brings (`importStoppedAt`), and this one is there beside it to be worked, or merged.
 */
export async function restoreTicket(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    try {
      const { value, position } = await store.change({ kind: 'user', id: person.userId }, (scope) =>
        restore(scope, person, ticketId),
      )
      return { ...value, position }
    } catch (error) {
      // The conversation's other ticket was opened between our look and our deed; the next look finds it.
      if (tries >= ATTEMPTS || !metUniqueIndex(error)) throw error
    }
  }
}

async function restore(scope: ChangeScope, person: Audience, ticketId: string): Promise<Done> {
  const locked = (await lockTickets(scope, person, [ticketId])).get(ticketId)
  if (!locked) return NO_TICKET
  const { ticket, deletedAt, now } = locked
  const refused = (code: 'NOT_DELETED' | 'RESTORE_EXPIRED', message: string): Done => ({
    ticketId,
    userErrors: [{ code, field: ['ticketId'], message }],
  })
  if (deletedAt === null) return refused('NOT_DELETED', 'This ticket is not deleted.')
  if (now.getTime() - deletedAt.getTime() >= RESTORE_DAYS * DAY_MS)
    return refused('RESTORE_EXPIRED', `This ticket was deleted more than ${RESTORE_DAYS} days ago.`)

  await scope.db.$executeRaw`
    UPDATE ticket t
    SET deleted_at = NULL, updated_at = ${now},
        import_stopped_at = CASE WHEN t.status <> 'CLOSED' AND EXISTS (
          SELECT 1 FROM ticket o
          WHERE o.account_id = t.account_id AND o.channel = t.channel AND o.thread_key = t.thread_key
            AND o.requester_id = t.requester_id AND o.id <> t.id AND o.status <> 'CLOSED'
            AND o.import_stopped_at IS NULL AND o.deleted_at IS NULL
        ) THEN coalesce(t.import_stopped_at, ${now}) ELSE t.import_stopped_at END
    WHERE t.id = ${ticketId}::uuid`
  scope.emit({ type: 'ticket.restored', ticket: snapshotOf(ticket) })
  return { ticketId, userErrors: [] }
}

/** PostgreSQL's 23505, wherever Prisma's adapter puts it. */
function metUniqueIndex(error: unknown): boolean {
  let found = error
  for (const key of ['meta', 'driverAdapterError', 'cause', 'originalCode'])
    found = found instanceof Object ? (found as Record<string, unknown>)[key] : undefined
  return found === '23505'
}
