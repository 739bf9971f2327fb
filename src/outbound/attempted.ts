import type { Logger } from 'pino'
import type { Attempted } from '../domain/delivery.ts'
import type { ReplyChannel } from '../domain/sender.ts'
import { isDailyLimit, whyRefused } from '../domain/x-refusal.ts'
import { XError } from '../x/errors.ts'
import type { NotSent } from './deliver.ts'

type XChannel = Exclude<ReplyChannel, 'EMAIL'>

/** Milliseconds from now until X takes calls again, as far as it said. */
const untilRetry = ({ retryAt }: XError): number | undefined =>
  retryAt === undefined ? undefined : Math.max(0, retryAt.getTime() - Date.now())

/** A call that X may have heard from its beginning until X said no. */
export type Watch = <T>(call: (accessToken: string) => Promise<T>) => (accessToken: string) => Promise<T>

/**
 * What an attempt came to that gives X's id. `send` asks X by `watch` alone: what fails before, such as a token that
 * could not be renewed, or behind X's no, cannot have sent anything, and the answer is sent later. Anything but an
 * XError that is thrown once X was asked is our own mistake.
 */
export async function attempted(
  channel: XChannel,
  logger: Logger,
  send: (watch: Watch) => Promise<string>,
): Promise<Attempted> {
  let heard = false
  const watch: Watch = (call) => async (accessToken) => {
    heard = true
    try {
      return await call(accessToken)
    } catch (error) {
      if (error instanceof XError && !error.uncertain) heard = false
      throw error
    }
  }
  try {
    return { kind: 'SENT', externalId: await send(watch) }
  } catch (error) {
    if (error instanceof XError && !error.uncertain) return refusedBy(channel, error)
    if (!heard) {
      logger.warn({ err: error }, 'X could not be asked to take an answer; it is sent later')
      return { kind: 'LATER', error: 'UNAVAILABLE' }
    }
    if (!(error instanceof XError)) throw error
    return { kind: 'UNCERTAIN', refused: error.status === 503 }
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
