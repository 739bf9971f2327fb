import type { TwitterResponse } from 'twitter-api-v2'
import type { RateLimit, RateWindow, XAnswer } from './client.ts'

/*
 * What X's headers say of its limits: `x-rate-limit-*` of this quarter of an hour, `x-app-limit-24hour-*` and
 * `x-user-limit-24hour-*` where there are some. twitter-api-v2 reads them too, but not of answers that broke off.
 */

type Headers = Readonly<Record<string, unknown>>

/** X's answer, with what it says of its limits. */
export function answerOf({ data, headers }: Pick<TwitterResponse<unknown>, 'data' | 'headers'>): XAnswer {
  const rateLimit = rateLimitOf(headers)
  return { body: data, ...(rateLimit && { rateLimit }) }
}

/** Undefined: X named no window, or not in numbers. */
export function rateLimitOf(headers: Headers): RateLimit | undefined {
  const window = windowOf(headers, 'x-rate-limit')
  if (!window) return undefined
  const day = windowOf(headers, 'x-app-limit-24hour')
  const userDay = windowOf(headers, 'x-user-limit-24hour')
  const asOf = clockOf(headers)
  return { ...window, ...(day && { day }), ...(userDay && { userDay }), ...(asOf && { asOf }) }
}

/**
 * When X takes calls again after a 429, by our clock: X sends no Retry-After, only Unix seconds of its own clock, which its
 * Date header tells. Of several windows with nothing left the last counts.
 */
export function resetOf(headers: Headers): Date | undefined {
  const limit = rateLimitOf(headers)
  if (!limit) return undefined
  const windows = [limit, limit.day, limit.userDay].filter((window) => window !== undefined)
  const used = windows.filter(({ remaining }) => remaining === 0)
  const resets = (used.length > 0 ? used : [limit]).map(({ resetsAt }) => resetsAt.getTime())
  const now = Date.now()
  return new Date(Math.max(...resets) + now - (limit.asOf?.getTime() ?? now))
}

function windowOf(headers: Headers, name: string): RateWindow | undefined {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((what) => numberOf(headers[`${name}-${what}`]))
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined
  return { limit, remaining, resetsAt: new Date(reset * 1000) }
}

/** Nine digits and ten are enough for X's counts and times; more would not fit a date or a column. */
const numberOf = (header: unknown): number | undefined =>
  typeof header === 'string' && /^\d{1,10}$/.test(header) ? Number(header) : undefined

function clockOf(headers: Headers): Date | undefined {
  const at = Date.parse(String(headers['date']))
  return Number.isNaN(at) ? undefined : new Date(at)
}
