import { createHash } from 'node:crypto'
import { type AddressObject, simpleParser } from 'mailparser'
import { type InboundMail, mailId } from '../domain/inbound-mail.ts'

/** A mail as it came, read. */
export interface ReceivedMail extends InboundMail {
  /** Its Message-ID, without angle brackets; or what stands for that: the same mail again has the same. */
  readonly id: string
  readonly text: string
  /** Everybody it says it is to, and the server says it was to; in lower case. */
  readonly to: readonly string[]
  /** What it answers, and all before, without angle brackets. */
  readonly references: readonly string[]
  readonly subject: string
  /** Names of what came along and is not kept. */
  readonly attachments: readonly string[]
  /** When it was written, by its own word. */
  readonly date: Date | null
}

/** Headers in which servers note whom a mail was really to. */
const RECIPIENTS = ['delivered-to', 'x-original-to', 'x-forwarded-to', 'envelope-to']

/** Reads a raw MIME message (RFC 5322). Throws when it is none, or its words cannot be read. */
export async function parseMail(raw: Buffer): Promise<ReceivedMail> {
  const mail = await simpleParser(raw, { skipImageLinks: true, skipHtmlToText: false })
  // An empty comment would hide what was said.
  if (mail.textConversionError && !mail.text?.trim()) throw mail.textConversionError
  const headers = new Map(
    mail.headerLines.map(({ key, line }) => [key.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const said = RECIPIENTS.flatMap((name) => headers.get(name)?.match(/[^\s<>,]+@[^\s<>,]+/g) ?? [])
  const references = [mail.inReplyTo ?? [], mail.references ?? []].flat().map(bare)
  return {
    headers,
    from: clean(mail.from?.value[0]?.address?.toLowerCase() ?? '') || null,
    id: mailId(mail.messageId === undefined ? null : bare(mail.messageId), () =>
      createHash('sha256').update(raw).digest('hex'),
    ),
    to: [...addressesOf(mail.to), ...addressesOf(mail.cc), ...said].map((address) => address.toLowerCase()),
    references: [...new Set(references)],
    subject: clean(mail.subject ?? ''),
    text: clean(mail.text ?? ''),
    attachments: mail.attachments.filter(({ related }) => !related).map(({ filename }) => clean(filename ?? 'a file')),
    date: mail.date ?? null,
  }
}

const bare = (id: string): string => clean(id.replaceAll(/[<>\s]/g, ''))

/** What PostgreSQL takes as text. */
const clean = (text: string): string => text.replaceAll('\u0000', '').toWellFormed()

const addressesOf = (addresses: AddressObject | AddressObject[] | undefined): string[] =>
  [addresses ?? []].flat().flatMap(({ value }) => value.flatMap(({ address }) => address ?? []))
