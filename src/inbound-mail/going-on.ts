import { v7 as uuidv7 } from 'uuid'
import { isFull, MAX_COMMENTS } from '../domain/capture.ts'
import type { Ticket, User } from '../generated/prisma/client.ts'
import type { ChangeScope } from '../store/store.ts'
import { lockMergeTarget } from '../tickets/merge-target.ts'

/* On which ticket a mail goes on. */

export type TicketOfMail = Ticket & { readonly requester: User }

const isOpen = (ticket: Ticket): boolean => ticket.status !== 'CLOSED' && ticket.deletedAt === null && !isFull(ticket)

/**
 * The ticket that the mail belongs to, or where that was merged (F70), or its follow-up (F26), whichever is open; else the
 * ticket itself, with `open` false. Locked; so must the ticket be before.
 */
export async function goesOnIn(
  scope: ChangeScope,
  ticketId: string,
): Promise<{ readonly ticket: TicketOfMail; readonly open: boolean }> {
  const read = (id: string) => scope.db.ticket.findUniqueOrThrow({ where: { id }, include: { requester: true } })
  const targetId = await lockMergeTarget(scope, ticketId)
  if (targetId !== undefined) {
    const target = await read(targetId)
    if (isOpen(target)) return { ticket: target, open: true }
  }
  const ticket = await read(ticketId)
  if (ticket.deletedAt !== null) return { ticket, open: false }
  if (isOpen(ticket)) return { ticket, open: true }
  for (const id of await followUpsOf(scope, ticket)) {
    await scope.db.$queryRaw`SELECT id FROM ticket WHERE id = ${id}::uuid FOR UPDATE`
    const followUp = await read(id)
    // It may have been closed while we waited.
    if (isOpen(followUp)) return { ticket: followUp, open: true }
  }
  return { ticket, open: false }
}

/** What goes on from a ticket by the same requester, and is open: the newest first. Through what was closed or merged since, too. */
async function followUpsOf({ db }: ChangeScope, { id, requesterId }: Ticket): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE line AS (
      SELECT id, merged_into_id FROM ticket WHERE id = ${id}::uuid
      UNION
      SELECT n.id, n.merged_into_id FROM line l CROSS JOIN LATERAL (
        SELECT f.id, f.merged_into_id FROM ticket f WHERE f.follow_up_of_id = l.id
        UNION ALL
        SELECT m.id, m.merged_into_id FROM ticket m WHERE m.id = l.merged_into_id
      ) n
    )
    SELECT t.id::text AS id FROM ticket t JOIN line USING (id)
    WHERE t.id <> ${id}::uuid AND t.requester_id = ${requesterId}::uuid AND t.status <> 'CLOSED'
      AND t.deleted_at IS NULL AND t.comment_count < ${MAX_COMMENTS}
    ORDER BY t.number DESC`
  return rows.map((row) => row.id)
}

/** F26: a closed ticket stays closed, and F24: a full one full. What is said next opens another, which goes on by e-mail. */
export async function openFollowUp({ db }: ChangeScope, before: Ticket, mailId: string, now: Date): Promise<Ticket> {
  const { channel, accountId, requesterId, subject, groupId } = before
  return db.ticket.create({
    data: {
      id: uuidv7(),
      channel,
      accountId,
      requesterId,
      subject,
      groupId,
      threadKey: `email:${mailId}`,
      followUpOfId: before.id,
      movedToEmailAt: now,
    },
  })
}
