import type { TicketSnapshot } from '../domain/event.ts'
import { decidePatch, type PatchFacts, type TicketPatch, type TicketState } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { type LockedTicket, lockTicket } from './lock-ticket.ts'
import { type Done, NO_TICKET, type Outcome } from './outcome.ts'

/**
 * Changes a ticket as a person wants it, as far as the rules let them (F65, F67, F68), and says so in the log.
 * A patch that changes nothing leaves no event.
 */
export async function updateTicket(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
  patch: TicketPatch,
): Promise<Outcome> {
  const { value, position } = await store.change({ kind: 'user', id: person.userId }, async (scope): Promise<Done> => {
    const locked = await lockTicket(scope, person, ticketId)
    return locked ? changeTicket(scope, person, locked, patch) : NO_TICKET
  })
  return { ...value, position }
}

/** The same inside a transaction that does more. */
export async function changeTicket(
  scope: ChangeScope,
  person: Audience,
  { ticket, now, solvedAt: solvedBefore }: LockedTicket,
  patch: TicketPatch,
): Promise<Done> {
  const ticketId = ticket.id
  const decision = decidePatch(ticket, patch, await readFacts(scope, person, ticket, patch))
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

/** The event's picture of a ticket: all but its text. */
function snapshotOf({ subject: _, ...snapshot }: TicketState): TicketSnapshot {
  return snapshot
}

async function readFacts(
  { db }: ChangeScope,
  person: Audience,
  ticket: TicketState,
  patch: TicketPatch,
): Promise<PatchFacts> {
  const ids = [person.userId, ticket.assigneeId, patch.assigneeId].filter((id) => typeof id === 'string')
  const people = await db.user.findMany({
    where: { id: { in: ids } },
    select: { id: true, role: true, active: true, memberships: { select: { groupId: true } } },
  })
  // Held until the end: a group is not deleted while a ticket is given to it.
  const groups = patch.groupId
    ? await db.$queryRaw<{ id: string }[]>`
        SELECT id::text AS id FROM "group" WHERE id = ${patch.groupId}::uuid AND deleted_at IS NULL FOR KEY SHARE`
    : []
  return {
    actorId: person.userId,
    people: new Map(
      people.map(({ id, role, active, memberships }) => [
        id,
        { role, active, groupIds: memberships.map(({ groupId }) => groupId) },
      ]),
    ),
    groupIds: new Set(groups.map(({ id }) => id)),
  }
}
