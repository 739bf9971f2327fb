import type { DeliveryError } from './delivery.ts'

/*
 * Why X refused an answer. API v2 tells it by a problem type where it has one, and else by words alone: most refusals of
 * `POST /2/tweets` and of direct messages are `about:blank`, "Forbidden". X's older parts number them (docs.x.com,
 * "Response codes and errors"), and some answers carry these numbers still. What is not known here stays FORBIDDEN, and
 * X's words are shown as they are.
 */

/** A refusal of which it is known that nothing came of it. */
export interface XRefusal {
  readonly status: number | undefined
  /** The last part of the problem's type; null: `about:blank`. */
  readonly type: string | null
  readonly codes: readonly number[]
  /** X's words. */
  readonly detail: string | undefined
  readonly channel: 'X_POST' | 'X_DM' | 'X_CHAT'
}

/** x-openapi.json, `Problem`; bodies of the first two: github.com/xdevplatform/samples #160, node-twitter-api-v2 #493, #340. */
const TYPES: ReadonlyMap<string, DeliveryError> = new Map<string, DeliveryError>([
  ['client-forbidden', 'APP_REFUSED'],
  ['oauth1-permissions', 'APP_REFUSED'],
  ['unsupported-authentication', 'APP_REFUSED'],
  ['usage-capped', 'APP_REFUSED'],
  ['user-suspended', 'ACCOUNT_LOCKED'],
])

const CODES: ReadonlyMap<number, DeliveryError> = new Map<number, DeliveryError>([
  // "Status is a duplicate."
  [187, 'DUPLICATE'],
  // "Tweet needs to be a bit shorter."
  [186, 'TOO_LONG'],
  // No such post, not for this account, deleted, deleted for breaking a rule.
  [144, 'POST_GONE'],
  [179, 'POST_GONE'],
  [385, 'POST_GONE'],
  [421, 'POST_GONE'],
  [422, 'POST_GONE'],
  // Blocked by the author; the author restricts who may reply (github.com/nminaya/grammar-nazi-bot #221).
  [136, 'RECIPIENT_REFUSES'],
  [433, 'RECIPIENT_REFUSES'],
  // Direct messages: not a follower, "You cannot send messages to this user." (d60/twikit #231), only from verified (#297).
  [150, 'RECIPIENT_REFUSES'],
  [349, 'RECIPIENT_REFUSES'],
  [476, 'RECIPIENT_REFUSES'],
  // The account is suspended, or locked until somebody logs in (nminaya/grammar-nazi-bot #75).
  [64, 'ACCOUNT_LOCKED'],
  [326, 'ACCOUNT_LOCKED'],
  // The app has no right to it, or to direct messages, or not at its level of access.
  [87, 'APP_REFUSED'],
  [93, 'APP_REFUSED'],
  [220, 'APP_REFUSED'],
  [261, 'APP_REFUSED'],
  [453, 'APP_REFUSED'],
])

/** Where there is neither type nor number. */
const WORDS: readonly (readonly [RegExp, DeliveryError])[] = [
  // akrherz/iembot #163
  [/duplicate content|status is a duplicate/i, 'DUPLICATE'],
  // tweepy raises it as a 400: the message of an invalid request.
  [/text is too long|needs to be a bit shorter/i, 'TOO_LONG'],
  // node-twitter-api-v2 #366
  [/deleted or not visible/i, 'POST_GONE'],
  // Since 2026-02-23, as bots report it.
  [/not been mentioned or otherwise engaged/i, 'NOT_SUMMONED'],
  [/blocked from the author|restricted who can reply/i, 'RECIPIENT_REFUSES'],
  [/permission to DM|cannot send messages to/i, 'RECIPIENT_REFUSES'],
  [/account is temporarily locked|your account is suspended/i, 'ACCOUNT_LOCKED'],
  [/attached to a project|access to a subset of|app is not configured with|limited v1\.1 endpoints/i, 'APP_REFUSED'],
]

/** X's code for an account that has posted as much as it may in a day. */
const DAILY_LIMIT = 185

/** Whether X takes it later, although it did not answer 429. */
export const isDailyLimit = ({ codes }: Pick<XRefusal, 'codes'>): boolean => codes.includes(DAILY_LIMIT)

/** Why an answer was refused. */
export function whyRefused({ status, type, codes, detail = '', channel }: XRefusal): DeliveryError {
  const known = codes.map((code) => CODES.get(code)).find((error) => error !== undefined)
  const said = TYPES.get(type ?? '') ?? known ?? WORDS.find(([words]) => words.test(detail))?.[1]
  if (said) return said
  // 402 is X's word for credits that are used up (docs.x.com, "Pricing").
  if (status === 402) return 'APP_REFUSED'
  if (status === 404 || type === 'not-authorized-for-resource') return GONE[channel]
  return status === 403 ? 'FORBIDDEN' : 'REJECTED'
}

/** What is not there, or not for this account. */
const GONE: Readonly<Record<XRefusal['channel'], DeliveryError>> = {
  X_POST: 'POST_GONE',
  X_DM: 'RECIPIENT_REFUSES',
  X_CHAT: 'NO_CONVERSATION',
}
