import type { Logger } from 'pino'
import type { TicketLinkForm } from '../domain/ticket-link.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import type { LinkShortener } from './link-shortener.ts'
import { linkOf, shortUrl, ticketUrl } from './ticket-link.ts'

type LinkedTicket = { readonly id: string; readonly number: number }

/** Links to tickets' pages, for whoever writes to requesters (F52). */
export interface TicketLinks {
  /**
   * Has the configured shortener make a link of this ticket, if there is none yet. Before the reply's transaction, for
   * no transaction waits for somebody else's server. Never throws: without an answer in time, `forReply` gives our own.
   */
  prepare(ticket: LinkedTicket): Promise<void>
  /** The address to put into a reply, in the reply's transaction. */
  forReply(scope: Pick<ChangeScope, 'db'>, ticket: LinkedTicket, form: TicketLinkForm): Promise<string>
}

/** After a failure the shortener is left alone for so long: agents do not wait for it one after the other. */
const REST_MS = 60_000

export function createTicketLinks(services: {
  readonly store: Pick<Store, 'prisma' | 'change'>
  /** Where people reach us, without a slash at the end. */
  readonly base: () => string
  /** Undefined: our own short links are used. */
  readonly shortener?: LinkShortener | undefined
  readonly logger: Logger
}): TicketLinks {
  const { store, base, shortener, logger } = services
  let restsUntil = 0

  return {
    async prepare(ticket) {
      if (!shortener || performance.now() < restsUntil) return
      const known = await store.prisma.ticketLink.findUnique({ where: { ticketId: ticket.id } })
      if (known?.shortenedUrl) return
      try {
        const shortenedUrl = await shortener.shorten(ticketUrl(base(), ticket.number))
        await store.change({ kind: 'system', part: 'links' }, async (scope) => {
          await linkOf(scope, ticket.id)
          // Of two that were made at once the first is kept, for it may have been sent already.
          await scope.db.ticketLink.updateMany({
            where: { ticketId: ticket.id, shortenedUrl: null },
            data: { shortenedUrl },
          })
        })
      } catch (error) {
        restsUntil = performance.now() + REST_MS
        logger.warn({ err: error }, 'the link shortener failed; our own short links are used meanwhile')
      }
    },

    async forReply(scope, { id, number }, form) {
      if (form === 'ORIGINAL') return ticketUrl(base(), number)
      const { code, shortenedUrl } = await linkOf(scope, id)
      // Only while the operator wants it: a shortener that was given up may lead nowhere any more.
      return (shortener && shortenedUrl) || shortUrl(base(), code)
    },
  }
}
