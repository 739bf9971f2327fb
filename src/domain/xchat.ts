import type { XChatPinOutcome } from './xchat-pin.ts'

/** What is known of an account's encrypted messages (F40, F41, F44). */
export const XCHAT_STATUSES = ['PIN_REQUIRED', 'CONFIRMED', 'KEYS_REPLACED', 'NOT_REGISTERED', 'DISABLED'] as const
export type XChatStatus = (typeof XCHAT_STATUSES)[number]

/** Why an encrypted message was not read. */
export const XCHAT_UNREAD_REASONS = [
  'PIN_NOT_CONFIRMED',
  'KEYS_REPLACED',
  'NO_CONVERSATION_KEY',
  'NOT_VERIFIED',
  'DAMAGED',
] as const
export type XChatUnreadReason = (typeof XCHAT_UNREAD_REASONS)[number]

/** A PIN as X has it: four ASCII digits (F40). Other scripts' digits are none. */
export const isPin = (text: string): boolean => /^[0-9]{4}$/.test(text)

/**
 * The status after a try to confirm a PIN. A key that works outlives wrong PINs, and a refusal does not switch XChat on
 * that an administrator has switched off.
 */
export function statusAfter(
  current: { readonly status: XChatStatus; readonly hasKey: boolean } | null,
  outcome: XChatPinOutcome,
): XChatStatus {
  const { status, hasKey } = current ?? { status: 'PIN_REQUIRED', hasKey: false }
  if (outcome === 'CONFIRMED') return 'CONFIRMED'
  if (status === 'DISABLED') return status
  if (outcome === 'KEYS_REPLACED') return 'KEYS_REPLACED'
  if (hasKey) return status
  if (outcome === 'NOT_REGISTERED') return 'NOT_REGISTERED'
  // The realms judged the PIN: XChat is set up after all.
  const judged = outcome === 'WRONG_PIN' || outcome === 'GUESSES_EXHAUSTED'
  return judged && status === 'NOT_REGISTERED' ? 'PIN_REQUIRED' : status
}
