import type { Attempted } from '../domain/delivery.ts'
import type { ReplyChannel } from '../domain/sender.ts'
import { XError } from '../x/errors.ts'
import type { NotSent } from './deliver.ts'

/** Milliseconds from now until X takes calls again, as far as it said. */
const untilRetry = ({ retryAt }: XError): number | undefined =>
  retryAt === undefined ? undefined : Math.max(0, retryAt.getTime() - Date.now())

/** What an attempt came to that gives X's id, or throws XError. Anything else that is thrown is our own mistake. */
export async function attempted(channel: ReplyChannel, send: () => Promise<string>): Promise<Attempted> {
  try {
    return { kind: 'SENT', externalId: await send() }
  } catch (error) {
    if (!(error instanceof XError)) throw error
    return error.uncertain ? { kind: 'UNCERTAIN', refused: error.status === 503 } : refusedBy(channel, error)
  }
}

/** What an error of X means of which it is known that nothing came of it. */
export function refusedBy(channel: ReplyChannel, error: XError): NotSent {
  const { kind, detail } = error
  if (kind === 'RATE_LIMITED') return { kind: 'LATER', error: 'RATE_LIMITED', notBeforeMs: untilRetry(error) }
  // F47: the account may be let in again; the watch over authorizations decides when it is not (accounts).
  if (kind === 'UNAVAILABLE' || kind === 'UNAUTHORIZED') return { kind: 'LATER', error: 'UNAVAILABLE' }
  if (kind === 'INVALID_REQUEST') return { kind: 'REFUSED', error: 'REJECTED', detail }
  if (channel !== 'X_POST') return { kind: 'REFUSED', error: 'RECIPIENT_REFUSES', detail }
  return { kind: 'REFUSED', error: kindOfRefusal(detail), detail }
}

/** X gives no codes for these: its words tell more, where they are known; where not, they are shown as they are. */
function kindOfRefusal(detail = ''): 'DUPLICATE' | 'POST_GONE' | 'FORBIDDEN' {
  if (/duplicate content/i.test(detail)) return 'DUPLICATE'
  return /deleted or not visible/i.test(detail) ? 'POST_GONE' : 'FORBIDDEN'
}
