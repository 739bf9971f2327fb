import { v7 as uuidv7 } from 'uuid'
import { isFull } from '../domain/capture.ts'
import type { Ticket, User } from '../generated/prisma/client.ts'
import type { ChangeScope } from '../store/store.ts'
import { lockMergeTarget } from '../tickets/merge-target.ts'
import { openFollowUpsOf } from '../tickets/open-follow-ups.ts'

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
  for (const id of await openFollowUpsOf(scope, ticket)) {
    await scope.db.$queryRaw`SELECT id FROM ticket WHERE id = ${id}::uuid FOR UPDATE`
    const followUp = await read(id)
    // It may have been closed while we waited.
    if (isOpen(followUp)) return { ticket: followUp, open: true }
  }
  return { ticket, open: false }
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
