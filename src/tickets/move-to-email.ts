import type { Audience } from '../domain/visibility.ts'
import type { Store } from '../store/store.ts'
import { lockTicket, missing } from './lock-ticket.ts'
import type { Done, Outcome } from './outcome.ts'
import { snapshotOf } from './snapshot.ts'

/**
 * From now on answers to this ticket go by e-mail, to the requester's address (F38); or, with `back`, the way they came
 * again. A ticket that is there already stays as it is.
 */
export async function moveToEmail(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
  back: boolean,
): Promise<Outcome> {
  const { value, position } = await store.change({ kind: 'user', id: person.userId }, async (scope): Promise<Done> => {
    const locked = await lockTicket(scope, person, ticketId)
    if (!locked) return missing(scope, person, ticketId)
    const { ticket, now } = locked
    const refused = (code: 'CLOSED_TICKET' | 'NO_EMAIL', message: string): Done => ({
      ticketId,
      userErrors: [{ code, field: ['ticketId'], message }],
    })
    if (ticket.status === 'CLOSED') return refused('CLOSED_TICKET', 'A closed ticket takes no answers.')
    const row = await scope.db.ticket.findUniqueOrThrow({
      where: { id: ticketId },
      select: { movedToEmailAt: true, requester: { select: { email: true } } },
    })
    if (!back && row.requester.email === null)
      return refused('NO_EMAIL', 'There is no e-mail address of the customer: `updateEndUser` sets one.')
    if ((row.movedToEmailAt === null) === back) return { ticketId, userErrors: [] }
    const movedToEmailAt = back ? null : now
    await scope.db.ticket.update({ where: { id: ticketId }, data: { movedToEmailAt, updatedAt: now } })
    scope.emit({
      type: 'ticket.updated',
      ticket: { ...snapshotOf(ticket), movedToEmailAt: movedToEmailAt?.toISOString() ?? null },
      before: { movedToEmailAt: row.movedToEmailAt?.toISOString() ?? null },
      changed: ['movedToEmailAt'],
    })
    return { ticketId, userErrors: [] }
  })
  return { ...value, position }
}
