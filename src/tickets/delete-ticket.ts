import type { Audience } from '../domain/visibility.ts'
import { setSuspended } from '../people/suspend-user.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { deletedTicket, type LockedTicket, lockTickets } from './lock-ticket.ts'
import { type Done, NO_TICKET, type Outcome } from './outcome.ts'
import { snapshotOf } from './snapshot.ts'
import { withdrawAnswers } from './withdraw-answers.ts'

/*
 * F69: deleting is soft. A deleted ticket is out of every list and count, and takes nothing: what its requester says next
 * opens another. For 30 days it can be restored.
 */

/** Deletes a ticket, whatever its status (F68). */
export async function deleteTicket(store: Pick<Store, 'change'>, person: Audience, ticketId: string): Promise<Outcome> {
  return remove(store, person, ticketId, async (scope, locked) => {
    await markDeleted(scope, locked, false)
    return { ticketId, userErrors: [] }
  })
}

/** Deletes a ticket and suspends its requester: what they say from now on opens none. Closed tickets are no spam. */
export async function markTicketAsSpam(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
): Promise<Outcome> {
  return remove(store, person, ticketId, async (scope, locked) => {
    const { status, requesterId } = locked.ticket
    if (status === 'CLOSED') {
      const message = 'A closed ticket cannot be marked as spam; it can be deleted.'
      return { ticketId, userErrors: [{ code: 'CLOSED_TICKET', field: ['ticketId'], message }] }
    }
    const refused = await setSuspended(scope, requesterId, true)
    if (refused) return { ticketId, userErrors: [{ ...refused, field: ['ticketId'] }] }
    await markDeleted(scope, locked, true)
    return { ticketId, userErrors: [] }
  })
}

async function remove(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
  work: (scope: ChangeScope, locked: LockedTicket) => Promise<Done>,
): Promise<Outcome> {
  const { value, position } = await store.change({ kind: 'user', id: person.userId }, async (scope) => {
    const locked = (await lockTickets(scope, person, [ticketId])).get(ticketId)
    if (!locked) return NO_TICKET
    return locked.deletedAt === null ? work(scope, locked) : deletedTicket(ticketId)
  })
  return { ...value, position }
}

async function markDeleted(scope: ChangeScope, { ticket, now }: LockedTicket, spam: boolean): Promise<void> {
  await scope.db.ticket.update({ where: { id: ticket.id }, data: { deletedAt: now, updatedAt: now } })
  await withdrawAnswers(scope, ticket, now)
  scope.emit({ type: 'ticket.deleted', ticket: { ...snapshotOf(ticket), deleted: true }, spam })
}
