import type { XEndpoint } from '../domain/price.ts'
import type { RateLimit } from '../x/client.ts'

/** The caller of what the app calls in its own name, and of what counts as that whoever calls. */
export const APP = 'app'
/** Whoever calls: the 24 hours that X gives the whole app. Its row is there once X has told of them. */
export const ALL = 'all'

/** A call that was let in, with the rows that count it. */
export interface Ticket {
  readonly caller: string
  readonly endpoint: XEndpoint
  /** The generation of the windows, by caller. */
  readonly generations: ReadonlyMap<string, number>
}

/** How a call ended, for the windows. */
export interface Ended {
  /** Whether X answered as X does; a call that X never saw uses up nothing. */
  readonly answered: boolean
  /** Whether that was a 429. */
  readonly refused: boolean
  readonly said: RateLimit | undefined
}
