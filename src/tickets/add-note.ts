import { v7 as uuidv7 } from 'uuid'
import { noteProblem } from '../domain/note.ts'
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
      const problem = noteProblem(ticket, body)
      if (problem) {
        const { code, about, message } = problem
        const field = [about === 'ticket' ? 'ticketId' : 'body']
        return { ticketId, commentId: null, userErrors: [{ code, field, message }] }
      }

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
