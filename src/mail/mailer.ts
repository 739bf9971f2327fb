/** An e-mail to one person. */
export interface Mail {
  /** The address alone, such as `ada@example.org`. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Without angle brackets. The same mail again has the same one, so that mail programs show it once (RFC 5322 §3.6.4). */
  readonly messageId: string
  /** Of an answer: what it answers, and all that was said before, without angle brackets (RFC 5322 §3.6.4). */
  readonly inReplyTo?: string | undefined
  readonly references?: readonly string[]
  /** Where answers go; undefined: to the sender. */
  readonly replyTo?: string
  /** A person wrote it: holiday notices may answer (RFC 3834). */
  readonly personal?: boolean
}

/** Sends e-mails: over SMTP, or into files. */
export interface Mailer {
  /** Resolves when the mail was handed over. Throws MailError. */
  send(mail: Mail): Promise<void>
  close(): Promise<void>
}

/**
 * A mail was not handed over. TEMPORARY: another try may do it; PERMANENT: it never will; UNCERTAIN: the server had all of
 * it and has not answered, so that it may be on its way. Names no credentials.
 */
export class MailError extends Error {
  override readonly name = 'MailError'
  readonly kind: 'TEMPORARY' | 'PERMANENT' | 'UNCERTAIN'
  constructor(kind: MailError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}
