/*
 * X's ids of posts and messages are "snowflakes": 63-bit numbers, too large for `number`, whose upper
 * bits are the milliseconds since X's epoch. So they order in time, and a time has an id.
 */

/** 2010-11-04T01:42:54.657Z, where the ids begin. */
const EPOCH_MS = 1_288_834_974_657n
const TIME_SHIFT = 22n

/** When X made this id, in Unix milliseconds. */
export function timeOfId(id: string): number {
  return Number((BigInt(id) >> TIME_SHIFT) + EPOCH_MS)
}

/** The lowest id of that moment (Unix milliseconds): what was made before has a lower one. */
export function idAt(ms: number): string {
  const since = BigInt(Math.floor(ms)) - EPOCH_MS
  return String((since > 0n ? since : 0n) << TIME_SHIFT)
}

/** Orders ids as numbers. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
