/* What becomes of a mail that comes in (F38). Pure. */

/** What tells a machine's mail from a person's. */
export interface InboundMail {
  /** Headers by their name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The address it is from, in lower case; null: none. */
  readonly from: string | null
}

/** Why a mail is nobody's words. */
export const AUTOMATIC_MAILS = ['AUTO_REPLY', 'BULK', 'BOUNCE', 'NO_SENDER'] as const
export type AutomaticMail = (typeof AUTOMATIC_MAILS)[number]

/**
 * Whether a machine wrote it; null: a person. RFC 3834 §5 (Auto-Submitted), RFC 6522 (reports), RFC 5321 §4.5.5 (the empty
 * return path of a bounce), and what holiday notices set that know no RFC. What a person's mail may have, too, decides
 * nothing: Exchange asks for no automatic answers (X-Auto-Response-Suppress) in people's mails, and members of a mailing
 * list (RFC 2919, `Precedence: list`) are people.
 */
export function whyAutomatic({ headers, from }: InboundMail): AutomaticMail | null {
  const header = (name: string) => headers.get(name)?.trim().toLowerCase() ?? ''
  const report = /^multipart\/report\b/.test(header('content-type'))
  if (
    /^(?:mailer-daemon|postmaster)@/.test(from ?? '') ||
    (report && header('content-type').includes('delivery-status'))
  )
    return 'BOUNCE'
  const submitted = /^[\w-]*/.exec(header('auto-submitted'))?.[0] ?? ''
  const answers = ['x-autoreply', 'x-autorespond'].map(header).some((value) => value !== '' && value !== 'no')
  // Receipts are reports, too.
  if ((submitted !== '' && submitted !== 'no') || answers || header('precedence') === 'auto_reply' || report)
    return 'AUTO_REPLY'
  if (header('return-path') === '<>') return 'BOUNCE'
  if (/^(?:bulk|junk)$/.test(header('precedence')) && !headers.has('list-id')) return 'BULK'
  return from === null ? 'NO_SENDER' : null
}

/** Minutes within which a sender's mails on a ticket are counted. */
export const COUNTED_MINUTES = 10
/** More of them than this within those minutes is a machine that says nothing of itself. */
export const MAILS_AT_MOST = 10
/** Private notes on a ticket within a day, beyond which those who flood it add no other. */
export const NOTES_AT_MOST = 20
/** As many of machines: an absence is worth knowing, once or twice. */
export const AUTOMATIC_NOTES_AT_MOST = 3

/** What is known of a mail before it is written down. */
export interface MailFacts {
  readonly isAutomatic: boolean
  /** Mails of its sender on the ticket within the last COUNTED_MINUTES. */
  readonly recent: number
  /** Mails that are private notes on the ticket since a day ago. */
  readonly notes: number
}

/**
 * Where a mail goes. SAID: it is somebody's word, which may open a ticket again, or another one. NOTE: a private note on a
 * ticket that is open, which changes nothing else, so that two machines never keep each other going. KEPT: no more than a
 * dead letter.
 */
export function placeOf({ isAutomatic, recent, notes }: MailFacts): 'SAID' | 'NOTE' | 'KEPT' {
  if (!isAutomatic && recent < MAILS_AT_MOST) return 'SAID'
  return notes < (isAutomatic ? AUTOMATIC_NOTES_AT_MOST : NOTES_AT_MOST) ? 'NOTE' : 'KEPT'
}

/** Why a mail is a note, for the team: what stands above its words. */
export const NOTE_HEADINGS: Readonly<Record<AutomaticMail | 'TOO_MANY', string>> = {
  AUTO_REPLY: 'An automatic answer',
  BULK: 'A mail that went to many',
  BOUNCE: 'A report of a mail server',
  NO_SENDER: 'A mail without a sender',
  TOO_MANY: 'One of many mails within minutes',
}

/** What a mail is known by that has no Message-ID, or one that is too long to be kept: a hash of the whole of it. */
const HASHED = 'sha256:'
const LONGEST_ID = 500

export const mailId = (messageId: string | null, digest: () => string): string =>
  messageId === null || messageId === '' || messageId.length > LONGEST_ID ? `${HASHED}${digest()}` : messageId

/** Whether it is a Message-ID, by which a mail can be answered. */
export const isMessageId = (id: string): boolean => !id.startsWith(HASHED)
