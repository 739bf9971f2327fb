import { LRUCache } from 'lru-cache'

export interface RateLimit {
  /** Counts one more of this key's; gives in how many seconds there may be another if it is one too many, else 0. */
  take(key: string): number
}

/** Keys that are remembered; those that were counted longest ago are forgotten first. */
const KEYS = 10_000

/** At most so many for each key within so long, in this process. `now` is a monotonic clock, in milliseconds. */
export function createRateLimit(most: number, withinMs: number, now = () => performance.now()): RateLimit {
  const windows = new LRUCache<string, { count: number; readonly endsAt: number }>({ max: KEYS })
  return {
    take(key) {
      const at = now()
      let window = windows.get(key)
      if (!window || window.endsAt <= at) {
        window = { count: 0, endsAt: at + withinMs }
        windows.set(key, window)
      }
      if (window.count >= most) return Math.ceil((window.endsAt - at) / 1000)
      window.count += 1
      return 0
    },
  }
}
