import type { BudgetLeft, WindowLeft } from '../domain/pacing.ts'
import type { SpendKind, XEndpoint } from '../domain/price.ts'
import type { XAnswer } from '../x/client.ts'

/*
 * The interface of this room: every call of X that counts goes through here, so that X's limits hold for all processes
 * together and everything that X charges is written down.
 */

/** What a caller may still do at one endpoint. */
export interface Left {
  /** X's windows, as far as X has told of them. */
  readonly windows: readonly WindowLeft[]
  /** Null: the account has no budget. */
  readonly budget: BudgetLeft | null
}

export interface XCalls {
  /**
   * Calls X as an account, with a fresh token (accounts/access-tokens.ts). Throws XError RATE_LIMITED, with `retryAt` and
   * without asking X, when one of X's windows has nothing left; else whatever the call throws. `kind` is how this one is
   * charged, where the endpoint alone does not say.
   */
  use<Answer extends XAnswer>(
    accountId: string,
    endpoint: XEndpoint,
    call: (accessToken: string) => Promise<Answer>,
    kind?: SpendKind,
  ): Promise<Answer>
  /** The same for a call that brings its own token; `accountId` null: it is the app's own. */
  make<Answer extends XAnswer>(
    accountId: string | null,
    endpoint: XEndpoint,
    call: () => Promise<Answer>,
    kind?: SpendKind,
  ): Promise<Answer>
  /** What is left, for whoever paces calls (domain/pacing.ts, `nextDelay`). */
  left(accountId: string, endpoint: XEndpoint): Promise<Left>
}

/** An event of the Activity API, whichever way it came. */
export interface DeliveredEvent {
  /** X's name of the type, which says what it costs: `post.mention.create`. */
  readonly type: string
  /** X's `event_uuid`; undefined: it has none, and is counted as often as it comes. */
  readonly id: string | undefined
  /** Whose subscription it came by; undefined: the app's. */
  readonly accountXUserId: string | undefined
}

/** Writes down what X charges for. */
export interface XMeter {
  /** X delivered an event. Counted once a UTC day, by its id, however often X tells it; written within a second. */
  event(event: DeliveredEvent): void
  /** An answer of X to a call that no window is kept for, as when an account is being connected. */
  answered(accountId: string | null, endpoint: XEndpoint, answer: XAnswer, kind?: SpendKind): void
}
