import { ApiPartialResponseError, ApiRequestError, ApiResponseError } from 'twitter-api-v2'
import type { RateLimit } from './client.ts'
import { problemOf, type XProblem } from './problem.ts'
import { rateLimitOf, resetOf } from './rate-limit.ts'

/** Kinds of refusal, by HTTP status and problem type, never by X's wording (TRAPS, "X"). */
export type XErrorKind =
  /** 429: nothing before `retryAt`. */
  | 'RATE_LIMITED'
  /** 401, or a grant that X no longer honours. */
  | 'UNAUTHORIZED'
  /** 403: this account or app may not do that. */
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  /** 400 and other 4xx: we asked wrongly. */
  | 'INVALID_REQUEST'
  /** 5xx, no connection, a timeout, or an answer that is not X's: worth another try. */
  | 'UNAVAILABLE'

/** X refused, or did not answer. The message is safe to log: it holds no token. */
export class XError extends Error {
  override readonly name = 'XError'
  readonly kind: XErrorKind
  readonly status: number | undefined
  /** When X will answer again, if it said so. */
  readonly retryAt: Date | undefined
  /** What X's answer said of its windows, if it did. */
  readonly rateLimit: RateLimit | undefined
  /** X's own words, cut short; undefined: it said nothing. */
  readonly detail: string | undefined
  /** What it said it was: the type of the problem, and X's numbered codes. */
  readonly problem: Pick<XProblem, 'type' | 'codes'>
  /** Whether X may have done all the same what it was asked to: the answer was lost, not refused. */
  readonly uncertain: boolean
  /** Whether X did, and charges, what it was asked to: its answer said so before it broke off. */
  readonly taken: boolean
  constructor(
    kind: XErrorKind,
    message: string,
    details: {
      status?: number
      retryAt?: Date
      rateLimit?: RateLimit
      detail?: string
      problem?: XProblem
      uncertain?: boolean
      taken?: boolean
    } = {},
  ) {
    super(message)
    this.kind = kind
    this.status = details.status
    this.retryAt = details.retryAt
    this.rateLimit = details.rateLimit
    this.detail = details.detail
    this.problem = { type: details.problem?.type ?? null, codes: details.problem?.codes ?? [] }
    this.uncertain = details.uncertain ?? false
    this.taken = details.taken ?? false
  }
}

/** The kind that an HTTP status means. */
export function kindOf(status: number): XErrorKind {
  if (status === 429) return 'RATE_LIMITED'
  if (status === 401) return 'UNAUTHORIZED'
  if (status === 402 || status === 403) return 'FORBIDDEN'
  if (status === 404) return 'NOT_FOUND'
  return status >= 400 && status < 500 ? 'INVALID_REQUEST' : 'UNAVAILABLE'
}

/** RFC 6749 §5.2: the app itself is refused, and no token of an account; some servers say so with a 400. */
const APP_REFUSED: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client'])

/** Characters of X's own words that are kept. */
const DETAIL_LENGTH = 300

/** Of connections that never were (Node's error codes): X was not asked. */
const NEVER_ASKED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** What Node said. twitter-api-v2 1.x keeps it under another name than its `requestError` looks for, and gives undefined. */
function causeOf(error: ApiRequestError): unknown {
  const kept: unknown = Reflect.get(error, '_options')
  return error.requestError ?? (kept instanceof Object && 'error' in kept ? kept.error : undefined)
}

/** An error of twitter-api-v2 as an XError, without the request (whose headers carry the token). */
export function translate(error: unknown, call: string): XError {
  if (error instanceof XError) return error
  if (error instanceof ApiResponseError) {
    const { title, error: code } = error.data ?? {}
    const problem = problemOf(error.data)
    const { detail } = problem
    const said = [title ?? code, detail].filter((part) => typeof part === 'string').join(': ')
    const retryAt = error.code === 429 ? resetOf(error.headers) : undefined
    const rateLimit = rateLimitOf(error.headers)
    return new XError(
      APP_REFUSED.has(code) ? 'UNAUTHORIZED' : kindOf(error.code),
      `${call}: X answered ${error.code}${said ? ` (${said.slice(0, 200)})` : ''}`,
      {
        status: error.code,
        ...(retryAt && { retryAt }),
        ...(rateLimit && { rateLimit }),
        problem,
        ...(detail !== undefined && { detail: detail.slice(0, DETAIL_LENGTH) }),
        uncertain: error.code >= 500,
      },
    )
  }
  if (error instanceof ApiPartialResponseError) {
    const rateLimit = rateLimitOf(error.response.headers)
    const { statusCode = 0 } = error.response
    return new XError('UNAVAILABLE', `${call}: X's answer broke off or is not JSON`, {
      ...(rateLimit && { rateLimit }),
      uncertain: true,
      // Without X's headers it was somebody on the way.
      taken: statusCode >= 200 && statusCode < 300 && rateLimit !== undefined,
    })
  }
  const cause = error instanceof ApiRequestError ? causeOf(error) : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return new XError('UNAVAILABLE', `${call}: ${cause instanceof Error ? cause.message : 'no answer'}`, {
    uncertain: !NEVER_ASKED.has(code),
  })
}
