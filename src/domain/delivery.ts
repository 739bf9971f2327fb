import type { WindowLeft } from './pacing.ts'

/*
 * What becomes of an answer on its way out. QUEUED → SENDING → SENT, FAILED or UNKNOWN. X takes a post whenever it is
 * asked to, so nothing is asked twice unless it is known that the first time came to nothing (TRAPS: no idempotency keys).
 */

export const DELIVERY_STATES = ['QUEUED', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Why an answer was not sent, or is not sent yet; in words that an agent can act on. */
export const DELIVERY_ERRORS = {
  RATE_LIMITED: 'X takes no more from this account for now. It is sent as soon as X takes it.',
  UNAVAILABLE: 'X cannot be reached or does not work. It is tried again.',
  UNAVAILABLE_TOO_LONG: 'X could not be reached for a day. Retry when it works again.',
  DUPLICATE: 'X refuses the same text twice. Change a word and answer again.',
  TOO_LONG: 'X counts more characters than a post may have. Shorten it and answer again.',
  POST_GONE: 'The post that this answers is deleted, or X does not show it to this account.',
  NOT_SUMMONED: 'X lets the account answer only posts whose author mentions or quotes it.',
  RECIPIENT_REFUSES:
    'The customer takes nothing from this account: they blocked it, or restrict who may write to them.',
  FORBIDDEN: 'X does not let this account send it. What X itself said may tell why.',
  REJECTED:
    'X refused it as a request that it cannot read, and would again. Answer anew, shorter or in other words; if that fails, too, tell the operator of Perch.',
  ACCOUNT_INACTIVE: 'The account that was to send it is switched off or was removed. Switch it on, and retry.',
  ACCOUNT_DEAUTHORIZED: 'X no longer lets the account in. An administrator has to authorize it anew; then retry.',
  ACCOUNT_LOCKED:
    'X has locked or suspended the account. Somebody has to log in at X with it and set that right; then retry.',
  APP_REFUSED:
    'X refuses the app, not the account: its access level, permissions or credits do not suffice. The operator of Perch has to set that right; then retry.',
  XCHAT_LOCKED: 'The account’s encrypted messages are locked. An administrator has to confirm its PIN; then retry.',
  NO_CONVERSATION: 'The encrypted conversation is not there any more, or its key is not known.',
  MAIL_REFUSED: 'The mail server refuses the message.',
  TICKET_DELETED: 'The ticket was deleted, or marked as spam, before this was sent. Restore the ticket; then retry.',
  WITHDRAWN: 'The bulk update that gave it was undone before it was sent.',
  UNKNOWN:
    'Perch was interrupted while it was sent, and X does not show it. It may be there all the same: look, then retry.',
} as const
export type DeliveryError = keyof typeof DELIVERY_ERRORS

/** The same of an e-mail (F38), where it is not X that it goes to. */
const MAIL_ERRORS: Partial<Record<DeliveryError, string>> = {
  UNAVAILABLE: 'The mail server cannot be reached, or does not take it for now. It is tried again.',
  UNAVAILABLE_TOO_LONG: 'The mail server could not be reached, or took nothing, for a day. Retry when it works again.',
  MAIL_REFUSED:
    'The mail server refuses the message. Look whether the customer’s address is right; what the server said may tell why. Then retry.',
  UNKNOWN:
    'The connection, or Perch, was interrupted while it was sent, and mail servers cannot be asked. The customer may have it: retry if it may come twice.',
}

/** Why an answer was not sent, or not yet, in words for the agent. */
export const deliveryWords = (error: DeliveryError, channel: string): string =>
  (channel === 'EMAIL' ? MAIL_ERRORS[error] : undefined) ?? DELIVERY_ERRORS[error]

/** Why an answer that is UNKNOWN is not simply sent again. */
export const mayBeSentWords = (channel: string): string =>
  channel === 'EMAIL'
    ? 'The customer may have the e-mail already, and nobody can be asked. Sent again, it may come twice.'
    : 'X may have it already: look on X first. Sent again, it may be there twice.'

/** Those after which trying the same again may help. */
const RETRYABLE: readonly DeliveryError[] = [
  'UNAVAILABLE_TOO_LONG',
  'RECIPIENT_REFUSES',
  'FORBIDDEN',
  'ACCOUNT_INACTIVE',
  'ACCOUNT_DEAUTHORIZED',
  'ACCOUNT_LOCKED',
  'APP_REFUSED',
  'XCHAT_LOCKED',
  'NO_CONVERSATION',
  'MAIL_REFUSED',
  'TICKET_DELETED',
  'WITHDRAWN',
  'UNKNOWN',
]
export const isRetryable = (error: DeliveryError): boolean => RETRYABLE.includes(error)

/** What an attempt came to. */
export type Attempted =
  /** X has it, by this id. */
  | { readonly kind: 'SENT'; readonly externalId: string }
  /** X does not have it; trying again later may help. `notBeforeMs`: X's own word of when. */
  | {
      readonly kind: 'LATER'
      readonly error: 'RATE_LIMITED' | 'UNAVAILABLE'
      readonly notBeforeMs?: number | undefined
    }
  /** X does not have it, and will not take it. */
  | { readonly kind: 'REFUSED'; readonly error: DeliveryError; readonly detail?: string | undefined }
  /** Nobody knows whether X has it. `refused`: X said that it does not work for now (503), which hardly ever means yes. */
  | { readonly kind: 'UNCERTAIN'; readonly refused: boolean }

/** What is known of a delivery before an attempt's end is written down. */
export interface DeliveryFacts {
  /** Attempts so far, this one included. */
  readonly attempts: number
  /** Milliseconds since it was written. */
  readonly ageMs: number
  /** Whether an attempt before this one ended so that X may have it. */
  readonly uncertain: boolean
}

/** How a delivery stands after an attempt. */
export type Standing =
  | { readonly state: 'SENT'; readonly externalId: string }
  | { readonly state: 'QUEUED'; readonly error: DeliveryError; readonly dueInMs: number }
  | { readonly state: 'FAILED'; readonly error: DeliveryError; readonly detail: string | undefined }
  /** X is to be asked whether it has it. With an error, it is sent again when X does not show it. */
  | { readonly state: 'SENDING'; readonly error: 'UNAVAILABLE' | null; readonly dueInMs: number }
  | { readonly state: 'UNKNOWN' }

/** Who waits longer than this for X to work is told, rather than answered the day after tomorrow. */
const GIVE_UP_MS = 24 * 3_600_000
/** What waited for long behind others is tried for some hours all the same. */
const GIVE_UP_ATTEMPTS = 50
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 5 * 60_000

/** What follows from an attempt. `spread` in [0, 1) keeps those who wait from coming back together. */
export function afterAttempt(
  attempted: Attempted,
  { attempts, ageMs, uncertain }: DeliveryFacts,
  spread: number,
): Standing {
  switch (attempted.kind) {
    case 'SENT':
      return { state: 'SENT', externalId: attempted.externalId }
    case 'REFUSED':
      // The same text twice: the one that X has may be this very answer, by an attempt that seemed to come to nothing.
      if (attempted.error === 'DUPLICATE' && uncertain)
        return { state: 'SENDING', error: null, dueInMs: LOOK_AFTER_MS[0] ?? 0 }
      return { state: 'FAILED', error: attempted.error, detail: attempted.detail }
    case 'UNCERTAIN':
      return { state: 'SENDING', error: attempted.refused ? 'UNAVAILABLE' : null, dueInMs: LOOK_AFTER_MS[0] ?? 0 }
    case 'LATER': {
      // X's limits end by themselves, and a bulk update's answers may wait for many of its windows.
      if (attempted.error === 'UNAVAILABLE' && ageMs > GIVE_UP_MS && attempts > GIVE_UP_ATTEMPTS)
        return { state: 'FAILED', error: 'UNAVAILABLE_TOO_LONG', detail: undefined }
      const backoff = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts - 1, 16), LONGEST_WAIT_MS) * (0.75 + spread / 2)
      return { state: 'QUEUED', error: attempted.error, dueInMs: Math.max(attempted.notBeforeMs ?? 0, backoff) }
    }
  }
}

/** X shows what it has taken within seconds; so long after the attempt, and after each look, it is looked for. */
const LOOK_AFTER_MS: readonly number[] = [1_000, 4_000, 10_000]
/** As often where X said no. */
const LOOKS_AFTER_REFUSAL = 2

/**
 * How a delivery stands after it was looked for `lookedFor` times, this one included; `found` is X's id of it. What X
 * neither took, by its own word, nor shows, is sent again; of all else nobody knows.
 */
export function afterLook(
  found: string | null,
  lookedFor: number,
  refused: boolean,
  facts: DeliveryFacts,
  spread: number,
): Standing {
  if (found !== null) return { state: 'SENT', externalId: found }
  if (refused && lookedFor >= LOOKS_AFTER_REFUSAL)
    return afterAttempt({ kind: 'LATER', error: 'UNAVAILABLE' }, facts, spread)
  const dueInMs = LOOK_AFTER_MS[lookedFor]
  if (dueInMs === undefined) return { state: 'UNKNOWN' }
  return { state: 'SENDING', error: refused ? 'UNAVAILABLE' : null, dueInMs }
}

/** X's clock and the database's may be so far apart. */
const CLOCKS_MS = 2 * 60_000

/**
 * Whether what was said at that time (ISO 8601) can be the answer that X may have since then, when the first attempt
 * began that may have come to something: the same words may be older.
 */
export const isSince = (since: Date | null, said: string): boolean =>
  since === null || Date.parse(said) > since.getTime() - CLOCKS_MS

/** X could not be asked whether it has something: it is asked again. */
const ASK_AGAIN_MS = 5_000
/** Not for ever: the account may be gone for good, and its ticket's other answers wait behind this one. */
const ASK_FOR_MS = 3_600_000

/**
 * How a delivery stands that X did not take and that could not be looked for once more before it is sent again, so often
 * in a row. X said that it has it not, hours ago perhaps: that is no reason to give it up.
 */
export function afterFailedGlance(failures: number): Standing {
  if (failures * ASK_AGAIN_MS > ASK_FOR_MS) return { state: 'UNKNOWN' }
  return { state: 'QUEUED', error: 'UNAVAILABLE', dueInMs: ASK_AGAIN_MS }
}

/** How a delivery stands that could not be looked for, so many milliseconds after its attempt began. */
export function afterFailedLook(begunAgoMs: number, refused: boolean): Standing {
  if (begunAgoMs > ASK_FOR_MS) return { state: 'UNKNOWN' }
  return { state: 'SENDING', error: refused ? 'UNAVAILABLE' : null, dueInMs: ASK_AGAIN_MS }
}

/** X's windows for sending, where it has told nothing yet (docs.x.com, "Rate limits"): calls in 15 minutes. */
export const SENDING_LIMITS = { X_POST: 100, X_DM: 15, X_CHAT: 15, EMAIL: Infinity } as const
const WINDOW_MS = 15 * 60_000
const ONE_MS = 300

/**
 * Milliseconds until an answer is sent that has `ahead` others of its account before it: as fast as the wire, and where
 * X's windows have no room, when they begin anew. An estimate: others may come first, and X may say otherwise.
 */
export function expectedDelayMs(ahead: number, limit: number, windows: readonly WindowLeft[]): number {
  const wire = (ahead + 1) * ONE_MS
  const held = windows.map(({ remaining, endsInMs }) => {
    if (endsInMs <= 0 || ahead < remaining) return 0
    return endsInMs + Math.floor((ahead - remaining) / limit) * WINDOW_MS
  })
  const unknown = windows.length === 0 && limit !== Infinity ? Math.floor(ahead / limit) * WINDOW_MS : 0
  return Math.max(wire, unknown, ...held)
}
