import { randomInt } from 'node:crypto'
import type { ChangeScope } from '../store/store.ts'

/* The addresses of a ticket's page (F52). */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^10 codes, of which nobody guesses one that is in use; and it would lead to a sign-in only. */
const CODE_LENGTH = 10

/** What a code looks like. */
export const LINK_CODE = /^[0-9A-Za-z]{10}$/

export interface TicketLinkRow {
  readonly code: string
  /** What a shortener made of our own short link, once it was asked. */
  readonly shortenedUrl: string | null
}

/** As long as any, for a text that is only measured. */
export const SOME_CODE: TicketLinkRow = { code: '0'.repeat(CODE_LENGTH), shortenedUrl: null }

/** The link of a ticket, made if there is none yet: one for each, whoever comes at once. */
export async function linkOf(scope: Pick<ChangeScope, 'db'>, ticketId: string): Promise<TicketLinkRow> {
  const link = (await linksOf(scope, [ticketId])).get(ticketId)
  if (!link) throw new Error('no free code was found for a ticket’s link')
  return link
}

/** The same for many tickets, by as many queries as for one. */
export async function linksOf(
  { db }: Pick<ChangeScope, 'db'>,
  ticketIds: readonly string[],
): Promise<ReadonlyMap<string, TicketLinkRow>> {
  for (let tries = 0; ; tries++) {
    const known = await findLinks(db, ticketIds)
    const missing = ticketIds.filter((id) => !known.has(id))
    if (missing.length === 0) return known
    if (tries === 3) throw new Error('no free code was found for a ticket’s link')
    // No error for a code that is taken: it would end the transaction. The next one will do. In the tickets' order, so
    // that two who make the same ones do not wait for each other in a circle.
    await db.$executeRaw`
      INSERT INTO ticket_link (ticket_id, code)
      SELECT * FROM unnest(${missing}::uuid[], ${missing.map(newCode)}::text[]) AS l(ticket, code) ORDER BY l.ticket
      ON CONFLICT DO NOTHING`
  }
}

/** The links that there are. */
export async function findLinks(
  db: Pick<ChangeScope['db'], 'ticketLink'>,
  ticketIds: readonly string[],
): Promise<ReadonlyMap<string, TicketLinkRow>> {
  const rows = await db.ticketLink.findMany({
    where: { ticketId: { in: [...ticketIds] } },
    select: { ticketId: true, code: true, shortenedUrl: true },
  })
  return new Map(rows.map(({ ticketId, ...link }) => [ticketId, link]))
}

const newCode = (): string => Array.from({ length: CODE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')

/** Our own short link. `base`: where people reach us, without a slash at the end. */
export const shortUrl = (base: string, code: string): string => `${base}/t/${code}`

/** The address of a ticket's page itself. */
export const ticketUrl = (base: string, number: number): string => `${base}/requester/tickets/${number}`
