import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createHttpShortener } from '../links/http-shortener.ts'
import type { Routes } from '../server/router.ts'
import { ticketLinkDoor } from '../server/ticket-link-door.ts'
import type { Store } from '../store/store.ts'
import { LINK_CODE, ticketUrl } from '../tickets/ticket-link.ts'
import { createTicketLinks, type TicketLinks } from '../tickets/ticket-links.ts'

/* What requesters meet: links to their tickets, and the page that these lead to (F50-F53). */

interface Parts {
  readonly config: Pick<Config, 'linkShortener'>
  readonly store: Store
  readonly logger: Logger
  readonly publicUrl: () => string
}

export interface RequesterParts {
  readonly ticketLinks: TicketLinks
  readonly routes: Routes
}

export function createRequesterParts({ config, store, logger, publicUrl }: Parts): RequesterParts {
  const shortener = config.linkShortener && createHttpShortener(config.linkShortener)
  return {
    ticketLinks: createTicketLinks({ store, base: publicUrl, shortener, logger }),
    routes: ticketLinkDoor({ addressOf: (code) => addressOf(store, publicUrl(), code) }),
  }
}

/** Where a short link leads while requesters can sign in. */
async function addressOf({ prisma }: Store, base: string, code: string): Promise<string | undefined> {
  if (!LINK_CODE.test(code)) return undefined
  const workspace = await prisma.workspace.findUnique({ where: { id: 1 }, select: { requesterSignIn: true } })
  if (!workspace?.requesterSignIn) return undefined
  const link = await prisma.ticketLink.findUnique({ where: { code }, select: { ticket: { select: { number: true } } } })
  return link ? ticketUrl(base, link.ticket.number) : undefined
}
