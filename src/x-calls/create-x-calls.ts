import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import type { SpendKind, XEndpoint } from '../domain/price.ts'
import type { Store } from '../store/store.ts'
import type { RateLimit, XAnswer } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { watchBudget } from './budget.ts'
import { type Charge, chargeForCall } from './charge.ts'
import type { Meter } from './meter.ts'
import { APP, type Ended, type Ticket } from './ticket.ts'
import { admit, conclude, windowsOf } from './windows.ts'
import type { XCalls } from './x-calls.ts'

export interface XCallsServices {
  readonly store: Store
  readonly tokens: Pick<AccessTokens, 'use'>
  readonly meter: Pick<Meter, 'keep' | 'spent' | 'settle'>
  readonly logger: Logger
  /** The X user that owns the developer app: X charges it less for its own posts. */
  readonly ownerXUserId?: string | undefined
}

/** Between two looks at whether the first call of an endpoint was answered. */
const LOOK_MS = 50

/**
 * Calls of X, within X's limits. A call is let in by the database, where all processes count together, and accounted for
 * when it has ended; what X answers is the caller's whether or not that could be written down.
 */
export function createXCalls({ store, tokens, meter, logger, ownerXUserId }: XCallsServices): XCalls {
  async function enter(who: string, endpoint: XEndpoint): Promise<Ticket> {
    for (;;) {
      const admission = await admit(store, who, endpoint)
      if (admission.kind === 'GO') return admission.ticket
      if (admission.kind === 'WAIT') {
        const retryAt = new Date(Date.now() + admission.ms)
        throw new XError('RATE_LIMITED', `${endpoint}: X takes no more calls before its window ends`, { retryAt })
      }
      await sleep(LOOK_MS)
    }
  }

  /** `charge` null: X did nothing. What cannot be written now is, with it, written later. */
  async function leave(ticket: Ticket, ended: Ended, charge: Charge | null): Promise<void> {
    try {
      await conclude(store, ticket, ended, charge && { charge, ownerXUserId })
      if (charge?.caller !== undefined && charge.caller !== APP) meter.spent(charge.caller)
    } catch (error) {
      logger.warn({ err: error, endpoint: ticket.endpoint }, 'what X says of its limits could not be written down')
      if (charge) meter.keep(charge)
    }
  }

  async function make<Answer extends XAnswer>(
    accountId: string | null,
    endpoint: XEndpoint,
    call: () => Promise<Answer>,
    kind?: SpendKind,
  ): Promise<Answer> {
    const ticket = await enter(accountId ?? APP, endpoint)
    let answer: Answer
    try {
      answer = await call()
    } catch (error) {
      // What it held is not known. X charges a thing once a day: it is counted when it is read again.
      const taken = error instanceof XError && error.taken
      await leave(ticket, endedBy(error), taken ? chargeForCall(accountId, endpoint, { body: undefined }, kind) : null)
      throw error
    }
    const ended = { answered: true, refused: false, said: answer.rateLimit }
    await leave(ticket, ended, chargeForCall(accountId, endpoint, answer, kind))
    return answer
  }

  return {
    make,
    // Inside the token's use, so that the second call after a 401 is let in by itself.
    use: (accountId, endpoint, call, kind) =>
      tokens.use(accountId, (token) => make(accountId, endpoint, () => call(token), kind)),
    async left(accountId, endpoint) {
      await meter.settle()
      const [windows, budget] = await Promise.all([
        windowsOf(store, accountId, endpoint),
        watchBudget({ store, logger }, accountId),
      ])
      return { windows, budget }
    },
  }
}

/** X's refusals say what is left, too. */
function endedBy(error: unknown): Ended {
  const { status, kind, rateLimit }: { status?: number | undefined; kind?: string; rateLimit?: RateLimit | undefined } =
    error instanceof XError ? error : {}
  const refused = kind === 'RATE_LIMITED' && status !== undefined
  return { answered: refused || rateLimit !== undefined, refused, said: rateLimit }
}
