import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import type { SpendKind, XEndpoint } from '../domain/price.ts'
import type { Store } from '../store/store.ts'
import type { RateLimit, XAnswer } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { watchBudget } from './budget.ts'
import { APP, type Ended, type Ticket } from './ticket.ts'
import { admit, conclude, windowsOf } from './windows.ts'
import type { XCalls, XMeter } from './x-calls.ts'

export interface XCallsServices {
  readonly store: Store
  readonly tokens: Pick<AccessTokens, 'use'>
  readonly meter: XMeter
  readonly logger: Logger
}

/** Between two looks at whether the first call of an endpoint was answered. */
const LOOK_MS = 50

/**
 * Calls of X, within X's limits. A call is let in by the database, where all processes count together, and accounted for
 * when it has ended; what X answers is the caller's whether or not that could be written down.
 */
export function createXCalls({ store, tokens, meter, logger }: XCallsServices): XCalls {
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

  async function leave(ticket: Ticket, ended: Ended): Promise<void> {
    await conclude(store, ticket, ended).catch((error: unknown) => {
      logger.warn({ err: error, endpoint: ticket.endpoint }, 'what X says of its limits could not be written down')
    })
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
      await leave(ticket, endedBy(error))
      throw error
    }
    meter.answered(accountId, endpoint, answer, kind)
    await leave(ticket, { answered: true, refused: false, said: answer.rateLimit })
    return answer
  }

  return {
    make,
    // Inside the token's use, so that the second call after a 401 is let in by itself.
    use: (accountId, endpoint, call, kind) =>
      tokens.use(accountId, (token) => make(accountId, endpoint, () => call(token), kind)),
    async left(accountId, endpoint) {
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
