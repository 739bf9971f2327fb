/*
 * X's rate limits as all processes share them. X tells with every answer how many calls a window has left and when it
 * ends (docs.x.com/x-api/fundamentals/rate-limits); between two answers we count what is under way ourselves. Invariant:
 * what we believe to be left is never more than what X has left, as far as X has told.
 */

/** Milliseconds that X's windows last. */
export const WINDOW_MS = { short: 15 * 60_000, day: 24 * 60 * 60_000 } as const

/** One of X's windows as it was last told of. */
export interface RateWindow {
  readonly limit: number
  /** Calls left, not counting those under way. */
  readonly remaining: number
  /** X's own time of its end, in Unix seconds: it names the window. 0: a window that we only guess. */
  readonly xReset: number
  /** Milliseconds until it ends, however the clocks stand. */
  readonly endsInMs: number
}

/** What is known of one caller at one endpoint. */
export interface RateState {
  readonly short: RateWindow | null
  readonly day: RateWindow | null
  /** Calls under way, of all processes. */
  readonly inFlight: number
  /** Counts windows, so that a call that ends in a later one than it began in is not taken for one of it. */
  readonly generation: number
  /** Whether X has ever answered. */
  readonly answered: boolean
  /** Milliseconds since a call last began; null: never. */
  readonly begunAgoMs: number | null
}

/** What X's answer said of its windows. */
export interface Seen {
  readonly short?: RateWindow | undefined
  readonly day?: RateWindow | undefined
  /** Whether X refused the call for want of room (429). */
  readonly refused: boolean
}

export type Reservation =
  | { readonly kind: 'GO'; readonly state: RateState }
  /** Nothing is left for `ms`. */
  | { readonly kind: 'WAIT'; readonly ms: number }
  /** The very first call is under way: its answer will tell how many there may be. */
  | { readonly kind: 'ASK_AGAIN' }

/** The first call of all is waited for no longer than this: the client gives X 8 s, so after that its process is dead. */
const FIRST_ANSWER_MS = 10_000
/** When the last calls of a window are under way: their answers come soon, and tell. */
const UNDER_WAY_MS = 1_000
/** After a 429 that names no window. */
const UNTOLD_MS = 60_000
/** X's seconds of one and the same window may differ by rounding. */
const SAME_S = 2

/** Whether one more call may begin, and what is known then. */
export function reserve(known: RateState): Reservation {
  const state = renew(known)
  if (!state.answered && state.inFlight > 0 && (state.begunAgoMs ?? Infinity) < FIRST_ANSWER_MS) {
    return { kind: 'ASK_AGAIN' }
  }
  const windows = [state.short, state.day].filter((window) => window !== null)
  const spent = windows.filter(({ remaining }) => remaining <= 0)
  if (spent.length > 0) return { kind: 'WAIT', ms: Math.max(...spent.map(({ endsInMs }) => endsInMs)) }
  if (windows.some(({ remaining }) => remaining <= state.inFlight)) return { kind: 'WAIT', ms: UNDER_WAY_MS }
  return { kind: 'GO', state: { ...state, inFlight: state.inFlight + 1, begunAgoMs: 0 } }
}

/** What is known once a call of `generation` has ended. `seen` undefined: X did not answer, or not as X does. */
export function settle(state: RateState, generation: number, seen: Seen | undefined): RateState {
  const inFlight = generation === state.generation ? Math.max(0, state.inFlight - 1) : state.inFlight
  if (!seen) return { ...state, inFlight }
  const after = { ...state, inFlight, answered: true, short: told(state, 'short', seen), day: told(state, 'day', seen) }
  if (!seen.refused || [after.short, after.day].some((window) => window?.remaining === 0)) return after
  // A 429 whose windows all have room, or which names none: something is used up all the same.
  const { limit, xReset, endsInMs } = after.short ?? { limit: 1, xReset: 0, endsInMs: UNTOLD_MS }
  return { ...after, short: { limit, xReset, endsInMs, remaining: 0 } }
}

function told(state: RateState, name: 'short' | 'day', seen: Seen): RateWindow | null {
  const known = state[name]
  const next = seen[name]
  if (!next) return known
  const window = { ...next, endsInMs: Math.min(Math.max(next.endsInMs, 1_000), WINDOW_MS[name]) }
  // What X says when it refuses stands, whatever it said before.
  if (!known || seen.refused || window.xReset > known.xReset + SAME_S) return window
  // An answer that comes late, of a window that is over.
  if (window.xReset < known.xReset - SAME_S) return known
  // In one window answers may overtake each other: the least is the latest.
  return { ...window, xReset: known.xReset, remaining: Math.min(known.remaining, window.remaining) }
}

/**
 * Windows that have ended begin anew, as large as they were; X's next answer corrects the guess. One that would end later
 * than a window can last was written by a clock that was off, and has ended for all we know.
 */
function renew(state: RateState): RateState {
  const over = (window: RateWindow | null, lasts: number): window is RateWindow =>
    window !== null && (window.endsInMs <= 0 || window.endsInMs > lasts)
  const anew = (window: RateWindow, lasts: number) => ({
    limit: window.limit,
    remaining: window.limit,
    xReset: 0,
    endsInMs: lasts,
  })
  const day = over(state.day, WINDOW_MS.day) ? anew(state.day, WINDOW_MS.day) : state.day
  const short = over(state.short, WINDOW_MS.short) ? anew(state.short, WINDOW_MS.short) : state.short
  if (short === null ? day === state.day : short === state.short) return { ...state, day }
  // What is still said to be under way began in a window that is over; its process may be dead.
  return { ...state, day, short, inFlight: 0, generation: state.generation + 1 }
}
