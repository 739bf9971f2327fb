/* What becomes of a mail that comes in (F38). Pure. */

/** What decides about a mail. */
export interface InboundMail {
  /** Headers by their name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The address it is from, in lower case; null: none. */
  readonly from: string | null
  readonly text: string
}

/** Why a mail is nobody's words. */
export const IGNORED_MAILS = ['AUTO_REPLY', 'MAILING_LIST', 'BOUNCE', 'OUR_OWN', 'NO_SENDER'] as const
export type IgnoredMail = (typeof IGNORED_MAILS)[number]

/**
 * Whether a machine wrote it, or it is our own that came back: answered, it would go round for ever. RFC 3834 §5
 * (Auto-Submitted), RFC 2919 (List-Id), RFC 5321 §4.5.5 (the empty return path of a bounce), and what holiday notices
 * set that know no RFC.
 */
export function whyIgnored({ headers, from }: InboundMail, isOurs: (address: string) => boolean): IgnoredMail | null {
  const header = (name: string) => headers.get(name)?.trim().toLowerCase()
  if (from === null) return 'NO_SENDER'
  if (isOurs(from)) return 'OUR_OWN'
  if (header('return-path') === '<>' || /^(?:mailer-daemon|postmaster)@/.test(from)) return 'BOUNCE'
  const automatic = header('auto-submitted')
  if (automatic !== undefined && !automatic.startsWith('no')) return 'AUTO_REPLY'
  if (headers.has('x-autoreply') || headers.has('x-autorespond') || headers.has('x-auto-response-suppress'))
    return 'AUTO_REPLY'
  if (header('precedence') === 'auto_reply') return 'AUTO_REPLY'
  if (headers.has('list-id') || /^(?:bulk|list|junk)$/.test(header('precedence') ?? '')) return 'MAILING_LIST'
  return null
}
