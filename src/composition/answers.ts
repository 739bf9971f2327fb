import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createHttpShortener } from '../links/http-shortener.ts'
import { type BulkReplies, createBulkReplies } from '../outbound/bulk-replies.ts'
import type { Store } from '../store/store.ts'
import { createTicketLinks, type TicketLinks } from '../tickets/ticket-links.ts'

/* What answers are decided by: the door takes them, workers give those of bulk updates. */

interface Parts {
  readonly config: Pick<Config, 'linkShortener' | 'x'>
  readonly store: Store
  readonly logger: Logger
  readonly publicUrl: () => string
}

export interface AnswerParts {
  /** Whether X holds the app to the rules for self-serve access. */
  readonly selfServe: boolean
  readonly links: TicketLinks
  readonly bulkReplies: BulkReplies
}

export function createAnswerParts({ config, store, logger, publicUrl }: Parts): AnswerParts {
  const shortener = config.linkShortener && createHttpShortener(config.linkShortener)
  const links = createTicketLinks({ store, base: publicUrl, shortener, logger })
  const selfServe = config.x.access === 'self-serve'
  return { selfServe, links, bulkReplies: createBulkReplies({ selfServe, links }) }
}
