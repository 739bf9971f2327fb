import { hasDirectMessages, type Plan } from '../../domain/account.ts'
import type { UserErrorCode } from '../../domain/errors.ts'
import type { Account } from '../../generated/prisma/client.ts'

/** Why an account's PIN cannot be confirmed now, if it cannot (F1, F6, F39). */
export function ineligible(
  account: Pick<Account, 'status' | 'captureDirectMessages'>,
  plan: Plan,
): { readonly code: UserErrorCode; readonly message: string } | null {
  if (!hasDirectMessages(plan)) {
    return { code: 'NOT_IN_PLAN', message: 'XChat needs direct messages, which the Support plan does not have.' }
  }
  if (account.status === 'DEAUTHORIZED') {
    return { code: 'ACCOUNT_DEAUTHORIZED', message: 'X no longer lets this account in: authorize it anew first.' }
  }
  if (account.status !== 'ACTIVE') {
    return { code: 'ACCOUNT_NOT_ACTIVE', message: 'The account is switched off: switch it on first.' }
  }
  if (!account.captureDirectMessages) {
    return {
      code: 'XCHAT_NEEDS_DIRECT_MESSAGES',
      message: 'XChat needs an account that captures direct messages: switch `captureDirectMessages` on first.',
    }
  }
  return null
}
