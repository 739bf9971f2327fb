import type { UserError, UserErrorCode } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'

/** What a change of an account came to, inside its transaction. */
export interface Done {
  readonly accountId: string | null
  /** Not empty: nothing was changed. */
  readonly userErrors: readonly UserError[]
}

/** What a change of an account came to, with the log position that includes it. */
export interface Outcome extends Done {
  readonly position: Position
}

/** There is no such account, or it was unlinked. */
export const NO_ACCOUNT: Done = {
  accountId: null,
  userErrors: [{ code: 'NOT_FOUND', field: ['accountId'], message: 'There is no such account.' }],
}

/** Nothing was changed, for one reason. */
export function refusal(
  accountId: string | null,
  code: UserErrorCode,
  field: readonly string[],
  message: string,
): Done {
  return { accountId, userErrors: [{ code, field, message }] }
}
