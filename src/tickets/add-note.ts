import { v7 as uuidv7 } from 'uuid'
import { commentProblem } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { Store } from '../store/store.ts'
import { lockTicket, missing } from './lock-ticket.ts'
import type { Done, Outcome } from './outcome.ts'

/** Adds a private note: the team reads it, the requester never does. Closed tickets take none (F68). */
export async function addNote(
  store: Pick<Store, 'change'>,
  person: Audience,
  ticketId: string,
  body: string,
): Promise<Outcome & { readonly commentId: string | null }> {
  const { value, position } = await store.change(
    { kind: 'user', id: person.userId },
    async (scope): Promise<Done & { commentId: string | null }> => {
      const locked = await lockTicket(scope, person, ticketId)
      if (!locked) return { ...(await missing(scope, person, ticketId)), commentId: null }
      const { ticket, now } = locked
      const refused = (code: 'CLOSED_TICKET' | 'INVALID_INPUT', field: string, message: string) => ({
        ticketId,
        commentId: null,
        userErrors: [{ code, field: [field], message }],
      })
      if (ticket.status === 'CLOSED') return refused('CLOSED_TICKET', 'ticketId', 'A closed ticket takes no notes.')
      const problem = commentProblem(body)
      if (problem) return refused('INVALID_INPUT', 'body', problem)

      const { subject: _, ...snapshot } = ticket
      const comment = {
        id: uuidv7(),
        authorId: person.userId,
        direction: 'OUTBOUND',
        visibility: 'PRIVATE',
      } as const
      await scope.db.comment.create({
        data: { ...comment, ticketId, channel: 'API', body, postedAt: now, createdAt: now },
      })
      await scope.db.ticket.update({
        where: { id: ticketId },
        data: { commentCount: { increment: 1 }, updatedAt: now },
      })
      scope.emit({ type: 'comment.created', ticket: snapshot, comment })
      return { ticketId, commentId: comment.id, userErrors: [] }
    },
  )
  return { ...value, position }
}
