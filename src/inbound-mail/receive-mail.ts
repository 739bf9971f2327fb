import type { Logger } from 'pino'
import { type AutomaticMail, COUNTED_MINUTES, placeOf, whyAutomatic } from '../domain/inbound-mail.ts'
import type { Ticket } from '../generated/prisma/client.ts'
import { keepDeadLetters } from '../ingest/dead-letters.ts'
import type { ReplyAddresses } from '../mail/reply-address.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { takeRequesterTurn } from '../tickets/requester-turn.ts'
import { goesOnIn, openFollowUp } from './going-on.ts'
import { parseMail, type ReceivedMail } from './parse-mail.ts'
import { note, ofSender, say, wordsOf } from './write-mail.ts'

/*
 * Customers' answers by e-mail (F38). A mail is matched by the signed address it was sent to, or by the id of ours that it
 * answers; both are known only to who has read one of ours.
 */

export type MailOutcome =
  | { readonly outcome: 'COMMENT' | 'FOLLOW_UP' | 'DUPLICATE'; readonly ticketNumber: number }
  /** It is a private note, and changes nothing else. */
  | { readonly outcome: 'NOTE'; readonly reason: AutomaticMail | 'TOO_MANY'; readonly ticketNumber: number }
  | { readonly outcome: 'IGNORED'; readonly reason: 'OUR_OWN' }
  /** It is kept among the dead letters. */
  | { readonly outcome: 'KEPT'; readonly reason: AutomaticMail | 'TOO_MANY' | 'UNMATCHED' | 'UNREADABLE' }

export interface MailServices {
  readonly store: Store
  readonly addresses: ReplyAddresses
  readonly logger: Logger
}

/** Takes one raw mail. Resolves once what becomes of it is committed. */
export async function receiveMail(services: MailServices, raw: Buffer): Promise<MailOutcome> {
  const { store, logger } = services
  const keep = (reason: string) => keepDeadLetters(store, 'email', [{ payload: raw.toString('utf8'), reason }])
  let mail: ReceivedMail
  try {
    mail = await parseMail(raw)
  } catch (error) {
    logger.warn({ err: error }, 'a mail could not be read')
    await keep('UNREADABLE')
    return { outcome: 'KEPT', reason: 'UNREADABLE' }
  }
  if (await isOurs(services, mail)) {
    logger.info({ mailId: mail.id }, 'a mail of our own came back')
    return { outcome: 'IGNORED', reason: 'OUR_OWN' }
  }
  const automatic = whyAutomatic(mail)
  const ticketId = await ticketOf(services, mail)
  // First, so that a mail of which a note is made is kept, too, though the process be killed in between.
  if (automatic) await keep(automatic)
  const unmatched = { outcome: 'KEPT', reason: automatic ?? 'UNMATCHED' } as const
  const outcome = ticketId === undefined ? unmatched : await take(store, ticketId, mail, automatic)
  if (outcome.outcome === 'KEPT' && !automatic) await keep(outcome.reason)
  if ('reason' in outcome) logger.info({ mailId: mail.id, automatic, ...outcome }, 'a mail was not taken as words')
  return outcome
}

/** Other programs name their mails by a UUID and their domain, too, which may be ours: only what we have sent is ours. */
async function isOurs({ store: { prisma }, addresses }: MailServices, { from, id }: ReceivedMail): Promise<boolean> {
  if (from !== null && addresses.isOurs(from)) return true
  const commentId = addresses.commentOf(id)
  if (commentId === undefined) return false
  return (await prisma.comment.count({ where: { id: commentId, channel: 'EMAIL', direction: 'OUTBOUND' } })) > 0
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

async function take(
  store: Store,
  ticketId: string,
  mail: ReceivedMail,
  automatic: AutomaticMail | null,
): Promise<MailOutcome> {
  const { value } = await store.change(MAIL, async (scope): Promise<MailOutcome> => {
    const { db } = scope
    const named = await db.ticket.findUnique({ where: { id: ticketId }, select: { requesterId: true } })
    // Erased since it was found.
    if (!named) return { outcome: 'KEPT', reason: automatic ?? 'UNMATCHED' }
    await takeRequesterTurn(scope, named.requesterId)
    const [clock] = await db.$queryRaw<{ now: Date }[]>`
      SELECT clock_timestamp() AS now FROM ticket WHERE id = ${ticketId}::uuid FOR UPDATE`
    if (!clock) return { outcome: 'KEPT', reason: automatic ?? 'UNMATCHED' }
    const { now } = clock
    const { ticket, open } = await goesOnIn(scope, ticketId)
    // F69: of a deleted ticket nothing goes on, and who is suspended says nothing.
    if (ticket.deletedAt !== null || !ticket.requester.active)
      return { outcome: 'KEPT', reason: automatic ?? 'UNMATCHED' }
    const known = await db.comment.findFirst({
      where: { channel: 'EMAIL', externalId: mail.id },
      select: { ticket: { select: { number: true } } },
    })
    if (known) return { outcome: 'DUPLICATE', ticketNumber: known.ticket.number }

    const isRequester = mail.from !== null && ticket.requester.email?.toLowerCase() === mail.from
    const counted = await countMails(scope, ticket, mail, isRequester, now)
    const place = placeOf({ isAutomatic: automatic !== null, ...counted })
    const reason = automatic ?? 'TOO_MANY'
    if (place === 'KEPT' || (place === 'NOTE' && !open)) return { outcome: 'KEPT', reason }
    const words = await wordsOf(scope, [ticketId, ticket.id], mail)
    const written = { mail, words, isRequester, now }
    if (place === 'NOTE') {
      await note(scope, ticket, written, reason)
      return { outcome: 'NOTE', reason, ticketNumber: ticket.number }
    }
    const goesOn = open ? ticket : await openFollowUp(scope, ticket, mail.id, now)
    await say(scope, goesOn, written, !open)
    return { outcome: open ? 'COMMENT' : 'FOLLOW_UP', ticketNumber: goesOn.number }
  })
  return value
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** What its sender has mailed of late, and how many mails are private notes. */
async function countMails(
  { db }: ChangeScope,
  { id: ticketId, requesterId }: Ticket,
  { from }: ReceivedMail,
  isRequester: boolean,
  now: Date,
): Promise<{ readonly recent: number; readonly notes: number }> {
  const since = (ms: number) => ({ gt: new Date(now.getTime() - ms) })
  const mails = { ticketId, channel: 'EMAIL', direction: 'INBOUND' } as const
  const ofThem = { authorId: null, body: { startsWith: ofSender(from) } }
  const sender = isRequester ? { OR: [{ authorId: requesterId }, ofThem] } : ofThem
  const [recent, notes] = await Promise.all([
    db.comment.count({ where: { ...mails, ...sender, postedAt: since(COUNTED_MINUTES * MINUTE_MS) } }),
    db.comment.count({ where: { ...mails, visibility: 'PRIVATE', postedAt: since(DAY_MS) } }),
  ])
  return { recent, notes }
}
