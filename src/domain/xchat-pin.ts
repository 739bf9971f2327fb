/*
 * How often a PIN may be tried (F45). X's realms allow 20 wrong guesses and then delete their shares of the key, for
 * good; a right guess starts their count anew. We stop far below that, whoever guesses, however many processes there are.
 */

/** What became of one try. UNKNOWN: the process ended before it knew. */
export const XCHAT_PIN_OUTCOMES = [
  'CONFIRMED',
  'WRONG_PIN',
  'GUESSES_EXHAUSTED',
  'NOT_REGISTERED',
  'KEYS_REPLACED',
  'REALMS_UNAVAILABLE',
  'UNKNOWN',
] as const
export type XChatPinOutcome = (typeof XCHAT_PIN_OUTCOMES)[number]

const DAY_MS = 24 * 3_600_000

/** The caps, and the spans in milliseconds that they hold for. */
export const PIN_CAPS = {
  perAccountAndDay: 5,
  perAdministratorAndDay: 5,
  /** Since the last confirmation, however long ago; from then on one try in `rest`. */
  unconfirmed: 10,
  /** What the realms begin with, as X configures them. */
  realms: 20,
  /** With so few left at the realms, one try in `rest`. */
  keepAtRealms: 5,
  day: DAY_MS,
  rest: 30 * DAY_MS,
} as const

/** One try. `outcome` is null while it runs: it may become a wrong one, so it counts. */
export interface PinAttempt {
  readonly startedAt: Date
  readonly outcome: XChatPinOutcome | null
}

export interface PinFacts {
  /** The database's clock. */
  readonly now: Date
  /** The account's tries of the last day, and all since its last confirmation (that one included), in any order. */
  readonly account: readonly PinAttempt[]
  /** The administrator's tries of the last day, at whichever account. */
  readonly administrator: readonly PinAttempt[]
  /** The guesses that the realms had left when they last said so; null: they have not since a right one. */
  readonly guessesLeft: number | null
}

/** How many more wrong PINs are taken now. With none left, `retryAt` says when the next is. */
export type PinAllowance =
  | { readonly attemptsLeft: number; readonly retryAt: null }
  | { readonly attemptsLeft: 0; readonly retryAt: Date }

type Outcome = PinAttempt['outcome']

/** Wrong ones, and those that may have been. */
const WRONG: readonly Outcome[] = ['WRONG_PIN', 'GUESSES_EXHAUSTED', 'UNKNOWN', null]
/** The realms' count is known after these: they said it, or it began anew. */
const HEARD: readonly Outcome[] = ['WRONG_PIN', 'GUESSES_EXHAUSTED', 'CONFIRMED', 'KEYS_REPLACED']
/** After these it is not. Realms that fall silent halfway have counted the guess (juicebox-sdk, phases 2 and 3). */
const UNHEARD: readonly Outcome[] = ['REALMS_UNAVAILABLE', 'UNKNOWN', null]

/** What the caps leave. The strictest of them decides; `retryAt` is when the last of them lets go. */
export function pinAllowance({ now, account, administrator, guessesLeft }: PinFacts): PinAllowance {
  const confirmed = last(timesOf(account, ['CONFIRMED']))
  const unconfirmed = timesOf(account, WRONG).filter((time) => time > confirmed)
  const heard = last(timesOf(account, HEARD))
  const unheard = timesOf(account, UNHEARD).filter((time) => time > heard)
  // With 0 left nothing remains to be lost: whoever sets XChat up anew in X starts with new guesses.
  const atRealms = (guessesLeft || PIN_CAPS.realms) - unheard.length
  const caps = [
    withinDay(now, timesOf(account, WRONG), PIN_CAPS.perAccountAndDay),
    withinDay(now, timesOf(administrator, WRONG), PIN_CAPS.perAdministratorAndDay),
    orRest(now, unconfirmed, PIN_CAPS.unconfirmed - unconfirmed.length),
    orRest(now, timesOf(account, [...WRONG, ...UNHEARD]), atRealms - PIN_CAPS.keepAtRealms),
  ]
  const blocked = caps.flatMap((cap) => ('until' in cap ? [cap.until] : []))
  if (blocked.length > 0) return { attemptsLeft: 0, retryAt: new Date(Math.max(...blocked)) }
  return { attemptsLeft: Math.min(...caps.flatMap((cap) => ('left' in cap ? [cap.left] : []))), retryAt: null }
}

type Cap = { readonly left: number } | { readonly until: number }

/** At most `most` in any span of a day. */
function withinDay(now: Date, times: readonly number[], most: number): Cap {
  const recent = times.filter((time) => time > now.getTime() - PIN_CAPS.day)
  // The one that must grow old before there is room again.
  const oldest = recent[recent.length - most]
  return oldest === undefined ? { left: most - recent.length } : { until: oldest + PIN_CAPS.day }
}

/** What is left; with nothing left, one after a rest since the last. */
function orRest(now: Date, times: readonly number[], left: number): Cap {
  if (left > 0) return { left }
  const rested = last(times) + PIN_CAPS.rest
  return rested <= now.getTime() ? { left: 1 } : { until: rested }
}

/** When tries of these outcomes began, the oldest first. */
function timesOf(attempts: readonly PinAttempt[], outcomes: readonly Outcome[]): number[] {
  return attempts
    .filter(({ outcome }) => outcomes.includes(outcome))
    .map(({ startedAt }) => startedAt.getTime())
    .sort((a, b) => a - b)
}

const last = (times: readonly number[]): number => times.at(-1) ?? Number.NEGATIVE_INFINITY
