import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { statusAfterRequesterComment } from '../domain/capture.ts'
import { type IgnoredMail, whyIgnored } from '../domain/inbound-mail.ts'
import { newWords } from '../domain/mail-words.ts'
import { COMMENT_LENGTH } from '../domain/ticket.ts'
import type { Ticket } from '../generated/prisma/client.ts'
import { keepDeadLetters } from '../ingest/dead-letters.ts'
import type { ReplyAddresses } from '../mail/reply-address.ts'
import { ANSWER_ABOVE } from '../mail/texts.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { snapshotOf } from '../store/ticket-snapshot.ts'
import { lockMergeTarget } from '../tickets/merge-target.ts'
import { parseMail, type ReceivedMail } from './parse-mail.ts'

/*
 * Customers' answers by e-mail (F38). A mail is matched by the signed address it was sent to, or by the id of ours that it
 * answers; both are known only to who has read one of ours.
 */

export type MailOutcome =
  | { readonly outcome: 'COMMENT' | 'FOLLOW_UP' | 'DUPLICATE'; readonly ticketNumber: number }
  | { readonly outcome: 'IGNORED'; readonly reason: IgnoredMail }
  /** It is kept among the dead letters. */
  | { readonly outcome: 'KEPT'; readonly reason: 'UNMATCHED' | 'UNREADABLE' }

export interface MailServices {
  readonly store: Store
  readonly addresses: ReplyAddresses
  readonly logger: Logger
}

/** Takes one raw mail. Resolves once what becomes of it is committed. */
export async function receiveMail(services: MailServices, raw: Buffer): Promise<MailOutcome> {
  const { store, addresses, logger } = services
  const kept = async (reason: 'UNMATCHED' | 'UNREADABLE'): Promise<MailOutcome> => {
    await keepDeadLetters(store, 'email', [{ payload: raw.toString('utf8'), reason }])
    return { outcome: 'KEPT', reason }
  }
  let mail: ReceivedMail
  try {
    mail = await parseMail(raw)
  } catch (error) {
    logger.warn({ err: error }, 'a mail could not be read')
    return kept('UNREADABLE')
  }
  const reason = whyIgnored(mail, addresses.isOurs)
  if (reason) return { outcome: 'IGNORED', reason }
  const ticketId = await ticketOf(services, mail)
  const outcome = ticketId === undefined ? undefined : await say(store, ticketId, mail)
  return outcome === undefined || outcome.outcome === 'KEPT' ? kept('UNMATCHED') : outcome
}

async function ticketOf(
  { store: { prisma }, addresses }: MailServices,
  mail: ReceivedMail,
): Promise<string | undefined> {
  for (const address of mail.to) {
    const number = addresses.ticketOf(address)
    if (number === undefined) continue
    const ticket = await prisma.ticket.findUnique({ where: { number }, select: { id: true } })
    if (ticket) return ticket.id
  }
  const ids = mail.references.flatMap((reference) => addresses.commentOf(reference) ?? [])
  if (ids.length === 0) return undefined
  const answered = await prisma.comment.findFirst({
    where: { channel: 'EMAIL', direction: 'OUTBOUND', id: { in: ids } },
    orderBy: { postedAt: 'desc' },
    select: { ticketId: true },
  })
  return answered?.ticketId
}

const MAIL = { kind: 'system', part: 'email' } as const

async function say(store: Store, ticketId: string, mail: ReceivedMail): Promise<MailOutcome> {
  const { value } = await store.change(MAIL, async (scope): Promise<MailOutcome> => {
    const { db } = scope
    const [clock] = await db.$queryRaw<{ now: Date }[]>`
      SELECT clock_timestamp() AS now FROM ticket WHERE id = ${ticketId}::uuid FOR UPDATE`
    if (!clock) throw new Error('a ticket that mails are sent of is gone')
    const { now } = clock
    const found = await goesOnIn(scope, ticketId)
    // F69: of a deleted ticket nothing goes on, and who is suspended says nothing.
    if (found.deletedAt !== null || !found.requester.active) return { outcome: 'KEPT', reason: 'UNMATCHED' }
    const externalId = mail.messageId
    const known =
      externalId !== null &&
      (await db.comment.findFirst({
        where: { channel: 'EMAIL', externalId },
        select: { ticket: { select: { number: true } } },
      }))
    if (known) return { outcome: 'DUPLICATE', ticketNumber: known.ticket.number }
    const ticket = found.status === 'CLOSED' ? await followUp(scope, found, mail, now) : found
    await addComment(scope, ticket, mail, await wordsOf(db, [ticketId, found.id], mail), now, ticket !== found)
    return { outcome: ticket === found ? 'COMMENT' : 'FOLLOW_UP', ticketNumber: ticket.number }
  })
  return value
}

/** The ticket that the mail belongs to, or where that was merged (F70), if things go on there. Locked. */
async function goesOnIn(scope: ChangeScope, ticketId: string) {
  const read = (id: string) => scope.db.ticket.findUniqueOrThrow({ where: { id }, include: { requester: true } })
  const targetId = await lockMergeTarget(scope, ticketId)
  const target = targetId === undefined ? undefined : await read(targetId)
  return target && target.status !== 'CLOSED' && target.deletedAt === null ? target : read(ticketId)
}

/** Mails before it that a mail may repeat, the newest. */
const REPEATED = 50
/** Characters of a mail that are looked at: what people type is shorter, and a comment much. */
const LOOKED_AT = 10 * COMMENT_LENGTH

/** What is said in a mail, without what was said on the tickets before. */
async function wordsOf(db: ChangeScope['db'], ticketIds: readonly string[], mail: ReceivedMail): Promise<string> {
  const before = await db.comment.findMany({
    where: { ticketId: { in: [...ticketIds] }, channel: 'EMAIL' },
    orderBy: { postedAt: 'desc' },
    take: REPEATED,
    select: { body: true },
  })
  const known = before.map(({ body }) => body)
  return newWords({ text: mail.text.slice(0, LOOKED_AT), marker: ANSWER_ABOVE, known }) || 'E-mail without text'
}

/** F26: a closed ticket stays closed. What is said next opens another, which goes on by e-mail. */
async function followUp({ db }: ChangeScope, closed: Ticket, mail: ReceivedMail, now: Date): Promise<Ticket> {
  const { channel, accountId, requesterId, subject, groupId } = closed
  return db.ticket.create({
    data: {
      id: uuidv7(),
      channel,
      accountId,
      requesterId,
      subject,
      groupId,
      threadKey: `email:${mail.messageId ?? uuidv7()}`,
      followUpOfId: closed.id,
      movedToEmailAt: now,
    },
  })
}

async function addComment(
  scope: ChangeScope,
  ticket: Ticket,
  mail: ReceivedMail,
  said: string,
  now: Date,
  opens: boolean,
): Promise<void> {
  const { db, emit } = scope
  const requester = await db.user.findUniqueOrThrow({ where: { id: ticket.requesterId }, select: { email: true } })
  // Whoever else has the mail may write, too, but not in the customer's name, and not for everybody to read.
  const isRequester = requester.email?.toLowerCase() === mail.from
  const words = isRequester ? said : `From ${mail.from}:\n\n${said}`
  const comment = {
    id: uuidv7(),
    authorId: isRequester ? ticket.requesterId : null,
    direction: 'INBOUND',
    visibility: isRequester ? 'PUBLIC' : 'PRIVATE',
  } as const
  const notes = mail.attachments.length > 0 ? [noteOf(mail.attachments)] : []
  await db.comment.createMany({
    data: [
      {
        ...comment,
        ticketId: ticket.id,
        channel: 'EMAIL',
        body: [...words].slice(0, COMMENT_LENGTH).join(''),
        externalId: mail.messageId,
        postedAt: now,
      },
      ...notes.map((body) => ({
        id: uuidv7(),
        ticketId: ticket.id,
        authorId: null,
        direction: 'OUTBOUND' as const,
        visibility: 'PRIVATE' as const,
        channel: 'API' as const,
        body,
        postedAt: now,
      })),
    ],
  })
  const status = isRequester && !opens ? statusAfterRequesterComment(ticket.status) : ticket.status
  const after = await db.ticket.update({
    where: { id: ticket.id },
    data: {
      commentCount: { increment: 1 + notes.length },
      updatedAt: now,
      status,
      ...(status !== 'SOLVED' && { solvedAt: null }),
    },
  })
  const actor = isRequester ? ({ kind: 'requester', id: ticket.requesterId } as const) : undefined
  const snapshot = snapshotOf(after)
  if (opens) return emit({ type: 'ticket.created', ticket: snapshot, commentId: comment.id }, actor)
  emit({ type: 'comment.created', ticket: snapshot, comment }, actor)
  if (status === ticket.status) return
  emit({ type: 'ticket.updated', ticket: snapshot, before: { status: ticket.status }, changed: ['status'] }, actor)
}

const noteOf = (names: readonly string[]): string =>
  `The e-mail came with what is not kept here: ${names.join(', ').slice(0, 1_000)}.`
