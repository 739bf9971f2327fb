import type { Logger } from 'pino'
import {
  appendLink,
  decideTicketLink,
  type TicketLinkDecision,
  type TicketLinkForm,
  type TicketLinkSettings,
} from '../domain/ticket-link.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import type { LinkShortener } from './link-shortener.ts'
import { findLinks, linkOf, linksOf, SOME_CODE, shortUrl, type TicketLinkRow, ticketUrl } from './ticket-link.ts'

type LinkedTicket = { readonly id: string; readonly number: number }
type Db = ChangeScope['db']

/** A text with its link, if it gets one; or why it cannot be as the agent wants it. */
export type LinkedText =
  | { readonly body: string; readonly form: TicketLinkForm | null; readonly refused?: undefined }
  | { readonly refused: NonNullable<TicketLinkDecision['refused']> }

/** A text for one ticket's requester. `wanted` is what the agent says of a link, if anything. */
export interface TextToLink {
  readonly ticket: LinkedTicket
  readonly text: string
  readonly wanted?: boolean | null | undefined
}

/** Links to tickets' pages, for whoever writes to requesters (F52). */
export interface TicketLinks {
  /**
   * Has the configured shortener make a link of this ticket, if the reply gets a short one, there is none yet, and
   * `mayGo` says that there will be a reply. Before the reply's transaction, for no transaction waits for somebody
   * else's server. Never throws for the shortener: without its answer in time, our own link is used.
   */
  prepare(ticketId: string, wanted: TextToLink['wanted'], mayGo: () => Promise<boolean>): Promise<void>
  /** What is sent: the texts with the links that the settings and the agent say, made in the replies' transaction. */
  addTo(scope: Pick<ChangeScope, 'db'>, texts: readonly TextToLink[]): Promise<readonly LinkedText[]>
  /** The same before it is sent: of the same length, by X's count too, but nothing is made. */
  preview(db: Db, texts: readonly TextToLink[]): Promise<readonly LinkedText[]>
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

  async function linked(
    db: Db,
    texts: readonly TextToLink[],
    shortLinks: (ticketIds: readonly string[]) => Promise<ReadonlyMap<string, TicketLinkRow>>,
  ): Promise<readonly LinkedText[]> {
    const settings = await readSettings(db)
    const decided = texts.map((one) => ({ ...one, decision: decideTicketLink(settings, one.wanted) }))
    const short = decided.flatMap(({ ticket, decision }) =>
      !decision.refused && decision.form === 'SHORT' ? [ticket.id] : [],
    )
    const links = short.length === 0 ? undefined : await shortLinks(short)
    return decided.map(({ ticket, text, decision }) => {
      if (decision.refused) return { refused: decision.refused }
      const { form } = decision
      if (form === null) return { form, body: text }
      const url = form === 'ORIGINAL' ? ticketUrl(base(), ticket.number) : shortOf(links?.get(ticket.id) ?? SOME_CODE)
      return { form, body: appendLink(text, url) }
    })
  }

  // Only while the operator wants it: a shortener that was given up may lead nowhere any more.
  const shortOf = ({ code, shortenedUrl }: { code: string; shortenedUrl: string | null }) =>
    (shortener && shortenedUrl) || shortUrl(base(), code)

  return {
    async prepare(ticketId, wanted, mayGo) {
      if (!shortener || performance.now() < restsUntil) return
      const select = { number: true, link: { select: { shortenedUrl: true } } } as const
      const ticket = await store.prisma.ticket.findUnique({ where: { id: ticketId }, select })
      if (!ticket || ticket.link?.shortenedUrl) return
      const decision = decideTicketLink(await readSettings(store.prisma), wanted)
      if (decision.refused || decision.form !== 'SHORT' || !(await mayGo())) return
      try {
        const shortenedUrl = await shortener.shorten(ticketUrl(base(), ticket.number))
        await store.change({ kind: 'system', part: 'links' }, async (scope) => {
          await linkOf(scope, ticketId)
          // Of two that were made at once the first is kept, for it may have been sent already.
          await scope.db.ticketLink.updateMany({ where: { ticketId, shortenedUrl: null }, data: { shortenedUrl } })
        })
      } catch (error) {
        restsUntil = performance.now() + REST_MS
        logger.warn({ err: error }, 'the link shortener failed; our own short links are used meanwhile')
      }
    },

    addTo: (scope, texts) => linked(scope.db, texts, (ids) => linksOf(scope, ids)),
    preview: (db, texts) => linked(db, texts, (ids) => findLinks(db, ids)),
  }
}

function readSettings(db: Db): Promise<TicketLinkSettings> {
  const select = { requesterSignIn: true, ticketLinks: true, ticketLinkForm: true } as const
  return db.workspace.findUniqueOrThrow({ where: { id: 1 }, select })
}
