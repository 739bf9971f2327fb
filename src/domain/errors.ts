/**
 * The codes a client can meet. `userErrors` carry the first kind (the caller can mend the input),
 * GraphQL errors (`extensions.code`) the second (the operation itself was refused).
 */
export const USER_ERROR_CODES = [
  'NOT_FOUND',
  'INVALID_INPUT',
  'CLOSED_TICKET',
  'INVALID_TRANSITION',
  'ASSIGNEE_REQUIRED',
  'PRIORITY_CANNOT_BE_CLEARED',
  'NOT_AN_AGENT',
  'NOT_IN_GROUP',
  'CONFLICT',
  'DELETED_TICKET',
  'NOT_DELETED',
  'RESTORE_EXPIRED',
  'NOT_AN_END_USER',
  'MERGE_INTO_ITSELF',
  'MERGE_ACROSS_ACCOUNTS',
  'MERGE_ACROSS_REQUESTERS',
  'CONFIRMATION_MISMATCH',
  'ALREADY_CONNECTED',
  'ACCOUNT_LIMIT_REACHED',
  'NOT_IN_PLAN',
  'WRONG_ACCOUNT',
  'ACCOUNT_NOT_ACTIVE',
  'ACCOUNT_DEAUTHORIZED',
  'DEFAULT_NEEDS_REPLIES',
  'CONVERSION_NEEDS_CAPTURE_OFF',
  'XCHAT_NEEDS_DIRECT_MESSAGES',
  'AUTHORIZATION_DENIED',
  'AUTHORIZATION_UNKNOWN',
  'AUTHORIZATION_USED',
  'AUTHORIZATION_EXPIRED',
  'CODE_REJECTED',
  'SCOPES_MISSING',
  'X_UNAVAILABLE',
  'MANUAL_CONVERSION_OFF',
  'OWN_POST',
  'REPOST',
  'POST_DELETED',
  'SIGN_IN_NEEDS_REQUESTER_PAGE',
  'TICKET_LINKS_NEED_SIGN_IN',
  'TICKET_LINK_ALWAYS',
  'EMAIL_LINK_INVALID',
  'TOO_MANY_TRIES',
  'LAST_ADMINISTRATOR',
  'NAME_TAKEN',
  'GROUP_IN_USE',
  'EMAIL_TAKEN',
  'REPLIES_NOT_ALLOWED',
  'DEACTIVATED',
  'DEAUTHORIZED',
  'NOT_SUMMONED',
  'NOT_ADDRESSED',
  'PLAN',
  'NO_EMAIL',
  'XCHAT_LOCKED',
  'NOTHING_TO_ANSWER',
  'MAY_BE_SENT',
  'IDEMPOTENCY_CONFLICT',
  'TOO_MANY_TICKETS',
  'TOO_MANY_BULK_UPDATES',
  'BULK_UPDATE_RUNNING',
  'NOTE_STAYS',
  'ANSWER_NOT_WAITING',
  'ANSWER_WITHDRAWN',
] as const
export type UserErrorCode = (typeof USER_ERROR_CODES)[number]

/** One thing wrong with an input, and where. `field` is the path inside `input`. */
export interface UserError {
  readonly code: UserErrorCode
  readonly field: readonly string[]
  readonly message: string
}

export const REQUEST_ERROR_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_REQUEST',
  'LIMIT_EXCEEDED',
  'POSITION_EXPIRED',
  'SLOW_CONSUMER',
  'TOKEN_EXPIRED',
  'UNAVAILABLE',
] as const
export type RequestErrorCode = (typeof REQUEST_ERROR_CODES)[number]

/** A refusal that is meant for the caller's eyes; anything else is masked at the door. */
export class PerchError extends Error {
  override readonly name = 'PerchError'
  readonly code: RequestErrorCode
  constructor(code: RequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The position asked for is pruned, or of another epoch: query afresh, then subscribe after its position. */
export class PositionExpiredError extends PerchError {
  constructor(detail: string) {
    super('POSITION_EXPIRED', `${detail} Query again and subscribe after the position that the query returns.`)
  }
}
