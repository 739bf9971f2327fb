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
import { linkOf, SOME_CODE, shortUrl, ticketUrl } from './ticket-link.ts'

type LinkedTicket = { readonly id: string; readonly number: number }
type Db = ChangeScope['db']

/** A text with its link, if it gets one; or why it cannot be as the agent wants it. */
export type LinkedText =
  | { readonly body: string; readonly form: TicketLinkForm | null; readonly refused?: undefined }
  | { readonly refused: NonNullable<TicketLinkDecision['refused']> }

/** Links to tickets' pages, for whoever writes to requesters (F52). `wanted` is what the agent says, if anything. */
export interface TicketLinks {
  /**
   * Has the configured shortener make a link of this ticket, if there is none yet. Before the reply's transaction, for
   * no transaction waits for somebody else's server. Never throws: without an answer in time, our own link is used.
   */
  prepare(ticketId: string): Promise<void>
  /** What is sent: the text with the link that the settings and the agent say, made in the reply's transaction. */
  addTo(
    scope: Pick<ChangeScope, 'db'>,
    ticket: LinkedTicket,
    text: string,
    wanted?: boolean | null,
  ): Promise<LinkedText>
  /** The same before it is sent: of the same length, by X's count too, but nothing is made. */
  preview(db: Db, ticket: LinkedTicket, text: string, wanted?: boolean | null): Promise<LinkedText>
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
    text: string,
    wanted: boolean | null | undefined,
    addressOf: (form: TicketLinkForm) => Promise<string>,
  ): Promise<LinkedText> {
    const decision = decideTicketLink(await readSettings(db), wanted)
    if (decision.refused) return { refused: decision.refused }
    const { form } = decision
    return { form, body: form === null ? text : appendLink(text, await addressOf(form)) }
  }

  // Only while the operator wants it: a shortener that was given up may lead nowhere any more.
  const shortOf = ({ code, shortenedUrl }: { code: string; shortenedUrl: string | null }) =>
    (shortener && shortenedUrl) || shortUrl(base(), code)

  return {
    async prepare(ticketId) {
      if (!shortener || performance.now() < restsUntil) return
      const select = { number: true, link: { select: { shortenedUrl: true } } } as const
      const ticket = await store.prisma.ticket.findUnique({ where: { id: ticketId }, select })
      if (!ticket || ticket.link?.shortenedUrl) return
      const { requesterSignIn, ticketLinkForm } = await readSettings(store.prisma)
      if (!requesterSignIn || ticketLinkForm !== 'SHORT') return
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

    addTo: (scope, { id, number }, text, wanted) =>
      linked(scope.db, text, wanted, async (form) =>
        form === 'ORIGINAL' ? ticketUrl(base(), number) : shortOf(await linkOf(scope, id)),
      ),

    preview: (db, { id, number }, text, wanted) =>
      linked(db, text, wanted, async (form) => {
        if (form === 'ORIGINAL') return ticketUrl(base(), number)
        return shortOf((await db.ticketLink.findUnique({ where: { ticketId: id } })) ?? SOME_CODE)
      }),
  }
}

function readSettings(db: Db): Promise<TicketLinkSettings> {
  const select = { requesterSignIn: true, ticketLinks: true, ticketLinkForm: true } as const
  return db.workspace.findUniqueOrThrow({ where: { id: 1 }, select })
}
