import { v7 as uuidv7 } from 'uuid'
import { statusAfterRequesterComment } from '../domain/capture.ts'
import { type AutomaticMail, NOTE_HEADINGS } from '../domain/inbound-mail.ts'
import { newWords } from '../domain/mail-words.ts'
import { COMMENT_LENGTH } from '../domain/ticket.ts'
import type { Ticket } from '../generated/prisma/client.ts'
import { ANSWER_ABOVE } from '../mail/texts.ts'
import type { ChangeScope } from '../store/store.ts'
import { snapshotOf } from '../store/ticket-snapshot.ts'
import type { ReceivedMail } from './parse-mail.ts'

/* A mail as comments of its ticket. */

export interface WrittenMail {
  readonly mail: ReceivedMail
  /** Its words (`wordsOf`). */
  readonly words: string
  readonly isRequester: boolean
  readonly now: Date
}

/** Mails before it that a mail may repeat, the newest. */
const REPEATED = 20
/** Characters of a mail that are looked at: what people type is shorter, and a comment much. */
const LOOKED_AT = 10 * COMMENT_LENGTH

/** What is said in a mail, without what was said on the tickets before. */
export async function wordsOf(
  { db }: ChangeScope,
  ticketIds: readonly string[],
  { text }: Pick<ReceivedMail, 'text'>,
): Promise<string> {
  const before = await db.comment.findMany({
    where: { ticketId: { in: [...ticketIds] }, channel: 'EMAIL' },
    orderBy: { postedAt: 'desc' },
    take: REPEATED,
    select: { body: true },
  })
  const known = before.map(({ body }) => body)
  return newWords({ text: text.slice(0, LOOKED_AT), marker: ANSWER_ABOVE, known }) || 'E-mail without text'
}

/**
 * Somebody says something. Whoever else has the mail may write, too, but not in the customer's name, and not for everybody
 * to read. `opens`: the ticket is there since this very mail.
 */
export async function say(scope: ChangeScope, ticket: Ticket, written: WrittenMail, opens: boolean): Promise<void> {
  const { mail, words, isRequester, now } = written
  const body = isRequester ? words : `${ofSender(mail.from)}${words}`
  const comment = await keep(scope, ticket, { ...written, body, isPublic: isRequester })
  const status = isRequester && !opens ? statusAfterRequesterComment(ticket.status) : ticket.status
  const after = await scope.db.ticket.update({
    where: { id: ticket.id },
    data: {
      commentCount: { increment: comment.count },
      updatedAt: now,
      status,
      ...(status !== 'SOLVED' && { solvedAt: null }),
    },
  })
  const actor = isRequester ? ({ kind: 'requester', id: ticket.requesterId } as const) : undefined
  const snapshot = snapshotOf(after)
  if (opens) scope.emit({ type: 'ticket.created', ticket: snapshot, commentId: comment.ref.id }, actor)
  else scope.emit({ type: 'comment.created', ticket: snapshot, comment: comment.ref }, actor)
  for (const each of comment.notes) scope.emit({ type: 'comment.created', ticket: snapshot, comment: each })
  if (status === ticket.status) return
  scope.emit(
    { type: 'ticket.updated', ticket: snapshot, before: { status: ticket.status }, changed: ['status'] },
    actor,
  )
}

/** The team is told, and nothing else changes. */
export async function note(
  scope: ChangeScope,
  ticket: Ticket,
  written: WrittenMail,
  reason: AutomaticMail | 'TOO_MANY',
): Promise<void> {
  const { mail, words, now } = written
  // A sender's many mails are counted by how they begin.
  const heading = `${NOTE_HEADINGS[reason]}, so it changes nothing on the ticket.`
  const body = `${ofSender(mail.from)}${heading}\n\n${words}`
  const { ref, notes, count } = await keep(scope, ticket, { ...written, body, isPublic: false })
  const after = await scope.db.ticket.update({
    where: { id: ticket.id },
    data: { commentCount: { increment: count }, updatedAt: now },
  })
  for (const comment of [ref, ...notes]) scope.emit({ type: 'comment.created', ticket: snapshotOf(after), comment })
}

/** How comments begin that are not the requester's own. */
export const ofSender = (from: string | null): string => (from === null ? '' : `From ${from}:\n\n`)

/** Writes the comment, and a note of what came along. */
async function keep(
  { db }: ChangeScope,
  ticket: Ticket,
  { mail, body, isPublic, now }: WrittenMail & { readonly body: string; readonly isPublic: boolean },
) {
  const ref = {
    id: uuidv7(),
    authorId: isPublic ? ticket.requesterId : null,
    direction: 'INBOUND',
    visibility: isPublic ? 'PUBLIC' : 'PRIVATE',
  } as const
  const bodies = mail.attachments.length > 0 ? [noteOf(mail.attachments)] : []
  const notes = bodies.map((note) => ({
    ref: { id: uuidv7(), authorId: null, direction: 'OUTBOUND', visibility: 'PRIVATE' } as const,
    body: note,
  }))
  const ticketId = ticket.id
  const text = [...body].slice(0, COMMENT_LENGTH).join('')
  await db.comment.createMany({
    data: [
      { ...ref, ticketId, channel: 'EMAIL', body: text, externalId: mail.id, postedAt: now },
      ...notes.map((note) => ({ ...note.ref, ticketId, channel: 'API' as const, body: note.body, postedAt: now })),
    ],
  })
  return { ref, notes: notes.map((note) => note.ref), count: 1 + notes.length }
}

const noteOf = (names: readonly string[]): string =>
  `The e-mail came with what is not kept here: ${names.join(', ').slice(0, 1_000)}.`
