import type { PinAllowance, XChatPinOutcome } from '../../domain/xchat-pin.ts'
import type { Outcome } from '../outcome.ts'

/** What an administrator is told of a PIN. Besides what the realms say: why they were not asked. */
export type PinOutcome =
  | Exclude<XChatPinOutcome, 'UNKNOWN'>
  /** It is not four digits; nothing was spent. */
  | 'PIN_FORMAT'
  /** Our own cap (F45); nothing was spent. */
  | 'TOO_MANY_ATTEMPTS'
  /** Another confirmation of this account runs; nothing was spent. */
  | 'IN_PROGRESS'

export interface PinResult extends Outcome {
  /** Null with userErrors. */
  readonly outcome: PinOutcome | null
  /** What the realms had left when they last said so; null: they have not since a right PIN. */
  readonly guessesLeft: number | null
  /** What our caps leave; null when there is no such account. */
  readonly attemptsLeft: number | null
  /** When another try is allowed, if none is now; or when X takes calls again. */
  readonly retryAt: Date | null
}

/** An account's XChat, as administrators set it up (F39-F45). */
export interface XChatPins {
  /**
   * Recovers the account's keys with the PIN, which is used once and kept nowhere, and seals them. Spends one guess at
   * X's realms; never more, and none beyond the caps (domain/xchat-pin.ts).
   */
  confirm(userId: string, accountId: string, pin: string): Promise<PinResult>
  /** Erases the sealed key. A confirmation that runs meanwhile keeps nothing. */
  disable(userId: string, accountId: string): Promise<Outcome>
  /** What the caps leave an administrator at each of these accounts, in their order. */
  allowances(
    userId: string,
    accounts: readonly { readonly id: string; readonly guessesLeft: number | null }[],
  ): Promise<readonly PinAllowance[]>
}
