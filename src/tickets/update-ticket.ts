import type { UserError } from '../domain/errors.ts'
import { decidePatch, type TicketPatch } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { type LockedTicket, lockTicket, missing } from './lock-ticket.ts'
import type { Done, Outcome } from './outcome.ts'
import { readPatchFacts } from './patch-facts.ts'
import { snapshotOf } from './snapshot.ts'

/**
 * Changes a ticket as a person wants it, as far as the rules let them (F65, F67, F68), and says so in the log.
 * A patch that changes nothing leaves no event. With `ifVersion`, a ticket of another version is left alone (F73).
 */
export async function updateTicket(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
  patch: TicketPatch,
  ifVersion?: number | null,
): Promise<Outcome> {
  const { value, position } = await store.change({ kind: 'user', id: person.userId }, async (scope): Promise<Done> => {
    const locked = await lockTicket(scope, person, ticketId)
    if (!locked) return missing(scope, person, ticketId)
    if (typeof ifVersion === 'number' && ifVersion !== locked.version)
      return { ticketId, userErrors: [CHANGED_MEANWHILE] }
    return changeTicket(scope, person, locked, patch)
  })
  return { ...value, position }
}

const CHANGED_MEANWHILE: UserError = {
  code: 'CONFLICT',
  field: ['ifVersion'],
  message: 'Somebody else changed the ticket meanwhile.',
}

/** The same inside a transaction that does more. */
export async function changeTicket(
  scope: ChangeScope,
  person: Audience,
  { ticket, now, solvedAt: solvedBefore }: LockedTicket,
  patch: TicketPatch,
): Promise<Done> {
  const ticketId = ticket.id
  const decision = decidePatch(
    ticket,
    patch,
    await readPatchFacts(scope.db, { actorId: person.userId, patches: [patch], tickets: [ticket] }),
  )
  if (decision.userErrors) return { ticketId, userErrors: decision.userErrors }
  const { changes, before, changed } = decision
  if (changed.length === 0) return { ticketId, userErrors: [] }

  const solvedAt = changes.status === undefined ? solvedBefore : changes.status === 'SOLVED' ? now : null
  await scope.db.ticket.update({ where: { id: ticketId }, data: { ...changes, solvedAt, updatedAt: now } })
  scope.emit({
    type: 'ticket.updated',
    ticket: snapshotOf({ ...ticket, ...changes }),
    before,
    changed: [...changed],
  })
  return { ticketId, userErrors: [] }
}
