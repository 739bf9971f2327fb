import { type Limits, PUBLISHED_LIMITS } from './rate-limit-table.ts'

const WINDOW_MS = 15 * 60_000
const DAY_MS = 24 * 60 * 60_000

interface Window {
  used: number
  readonly endsAt: number
}

export interface Caller {
  readonly clientId: string
  readonly userId?: string
}

export interface Verdict {
  readonly allowed: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** Counts calls in fixed windows that begin with their first call, per endpoint and per user or app. */
export class RateLimiter {
  readonly #now: () => Date
  readonly #windows = new Map<string, Window>()
  readonly #overrides = new Map<string, Limits>()

  constructor(now: () => Date) {
    this.#now = now
  }

  /** Replaces the published numbers of one endpoint (`METHOD path`); windows under way keep their count. */
  override(endpoint: string, limits: Limits): void {
    this.#overrides.set(endpoint, { ...PUBLISHED_LIMITS[endpoint], ...limits })
  }

  /** Counts the call when every window has room; a refused call is not counted. */
  take(endpoint: string, caller: Caller): Verdict {
    const limits = this.#overrides.get(endpoint) ?? PUBLISHED_LIMITS[endpoint] ?? {}
    const app = `${endpoint} app:${caller.clientId}`
    const user = caller.userId === undefined ? undefined : `${app} user:${caller.userId}`
    // Where X publishes no number for users (Activity API), their calls count as the app's.
    const perUser = user !== undefined && limits.user !== undefined
    const counted = [
      { name: 'x-rate-limit', key: perUser ? user : app, limit: perUser ? limits.user : limits.app, length: WINDOW_MS },
      { name: 'x-app-limit-24hour', key: `${app} day`, limit: limits.appPerDay, length: DAY_MS },
      { name: 'x-user-limit-24hour', key: user && `${user} day`, limit: limits.userPerDay, length: DAY_MS },
    ].flatMap(({ name, key, limit, length }) =>
      key === undefined || limit === undefined ? [] : [{ name, limit, window: this.#window(key, length) }],
    )
    const allowed = counted.every(({ limit, window }) => window.used < limit)
    const headers: Record<string, string> = {}
    for (const { name, limit, window } of counted) {
      if (allowed) window.used += 1
      headers[`${name}-limit`] = String(limit)
      headers[`${name}-remaining`] = String(Math.max(0, limit - window.used))
      headers[`${name}-reset`] = String(Math.ceil(window.endsAt / 1_000))
    }
    return { allowed, headers }
  }

  #window(key: string, length: number): Window {
    const now = this.#now().getTime()
    const current = this.#windows.get(key)
    if (current && now < current.endsAt) return current
    const fresh = { used: 0, endsAt: now + length }
    this.#windows.set(key, fresh)
    return fresh
  }
}
