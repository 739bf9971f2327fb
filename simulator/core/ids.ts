/** Where X's snowflakes begin: 2010-11-04T01:42:54.657Z. */
const EPOCH_MS = 1_288_834_974_657n

/** Milliseconds since X's epoch in the upper bits, a sequence in the lower 22. */
export const snowflakeAt = (date: Date): bigint =>
  date.getTime() <= Number(EPOCH_MS) ? 1n : (BigInt(date.getTime()) - EPOCH_MS) << 22n

/** When an id was made. */
export const timeOfId = (id: string): Date => new Date(Number((BigInt(id) >> 22n) + EPOCH_MS))

/** Orders ids as numbers without parsing them: 19 digits do not fit a JavaScript number. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

export interface IdSource {
  /** A new id, greater than every one before it, even when the clock stands still or goes back. */
  next(): string
  /** A new id for something that happened at `date`. */
  at(date: Date): string
}

/** Snowflake-like ids from a clock: with a logical clock they are the same in every run. */
export function createIds(now: () => Date): IdSource {
  let last = 0n
  const taken = new Set<bigint>()
  const take = (id: bigint) => {
    let free = id
    while (taken.has(free)) free += 1n
    taken.add(free)
    if (free > last) last = free
    return free.toString()
  }
  return {
    next: () => {
      const fresh = snowflakeAt(now())
      return take(fresh > last ? fresh : last + 1n)
    },
    at: (date) => take(snowflakeAt(date)),
  }
}
