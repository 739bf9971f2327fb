import type { Attempted } from '../domain/delivery.ts'
import type { ReplyChannel } from '../domain/sender.ts'
import { isDailyLimit, whyRefused } from '../domain/x-refusal.ts'
import { XError } from '../x/errors.ts'
import type { NotSent } from './deliver.ts'

type XChannel = Exclude<ReplyChannel, 'EMAIL'>

/** Milliseconds from now until X takes calls again, as far as it said. */
const untilRetry = ({ retryAt }: XError): number | undefined =>
  retryAt === undefined ? undefined : Math.max(0, retryAt.getTime() - Date.now())

/** What an attempt came to that gives X's id, or throws XError. Anything else that is thrown is our own mistake. */
export async function attempted(channel: XChannel, send: () => Promise<string>): Promise<Attempted> {
  try {
    return { kind: 'SENT', externalId: await send() }
  } catch (error) {
    if (!(error instanceof XError)) throw error
    return error.uncertain ? { kind: 'UNCERTAIN', refused: error.status === 503 } : refusedBy(channel, error)
  }
}

/** What an error of X means of which it is known that nothing came of it. */
export function refusedBy(channel: XChannel, error: XError): NotSent {
  const { kind, status, detail } = error
  if (kind === 'RATE_LIMITED') return { kind: 'LATER', error: 'RATE_LIMITED', notBeforeMs: untilRetry(error) }
  // F47: the account may be let in again; the watch over authorizations decides when it is not (accounts).
  if (kind === 'UNAVAILABLE' || kind === 'UNAUTHORIZED') return { kind: 'LATER', error: 'UNAVAILABLE' }
  const refusal = { status, ...error.problem, detail, channel }
  if (isDailyLimit(refusal)) return { kind: 'LATER', error: 'RATE_LIMITED' }
  return { kind: 'REFUSED', error: whyRefused(refusal), detail }
}
