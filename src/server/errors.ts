import { type ExecutionResult, GraphQLError, type GraphQLErrorExtensions } from 'graphql'
import { PerchError } from '../domain/errors.ts'
import { wrongArgument } from './wording.ts'

/** How a refusal shows over HTTP. `spec`: with `accept: application/json` the status is 200 (GraphQL over HTTP, 6.4.1). */
export interface HttpHint {
  readonly status: number
  readonly spec?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** An operation that was not let in; `errors` are ready for the client's eyes, the same at every door. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly errors: readonly GraphQLError[]
  readonly http: HttpHint | undefined
  constructor(errors: readonly GraphQLError[], http?: HttpHint) {
    super(errors.map((error) => error.message).join('; '))
    this.errors = errors
    this.http = http
  }
}

/** Refuses for one reason; `details` are added to the extensions (numbers and names, never secrets). */
export function refuse(
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  http?: HttpHint,
): Refused {
  return new Refused([new GraphQLError(message, { extensions: { code, ...details } })], http)
}

/** Receives what is hidden from the client; returns the id under which it was logged. */
export type Report = (error: unknown) => string

const MASKED = 'Unexpected error.'

/** Whatever was thrown, as the client may see it: our own refusals in full, anything else masked and reported. */
export function clientErrors(error: unknown, report: Report): readonly GraphQLError[] {
  if (error instanceof Refused) return error.errors
  if (error instanceof GraphQLError) return [maskResultError(error, report)]
  if (error instanceof PerchError) return [new GraphQLError(error.message, { extensions: { code: error.code } })]
  return [new GraphQLError(MASKED, { extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: report(error) } })]
}

/**
 * An error out of an execution result, as the client may see it. graphql-js wraps what a resolver throws; a
 * GraphQLError that wraps nothing is its own, or a refusal of ours with a code.
 */
export function maskResultError(error: GraphQLError, report: Report): GraphQLError {
  const original = originOf(error)
  if (original === undefined) {
    const message = wrongArgument(error)
    if (message !== undefined) return message === error.message ? error : rewrite(error, message, error.extensions)
    // The rest tells of values on their way out, and quotes them. It is our fault, and for our log, without the value.
    const requestId = report(new Error(`The value of ${(error.path ?? []).join('.')} cannot be given out`))
    return rewrite(error, MASKED, { code: 'INTERNAL_SERVER_ERROR', requestId })
  }
  const [seen] = clientErrors(original, report)
  return rewrite(error, seen?.message ?? MASKED, seen?.extensions ?? {})
}

/** The same place in the document, said anew; whatever the error wraps is left behind. */
export function rewrite(error: GraphQLError, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  return new GraphQLError(message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions,
  })
}

/** The result with every error as the client may see it. */
export function maskResult(result: ExecutionResult, report: Report): ExecutionResult {
  if (!result.errors?.length) return result
  return { ...result, errors: result.errors.map((error) => maskResultError(error, report)) }
}

/** The error below all GraphQLErrors, if there is one that is none. */
function originOf(error: GraphQLError): unknown {
  let current: unknown = error
  while (current instanceof GraphQLError) {
    if (current.originalError == null) return undefined
    current = current.originalError
  }
  return current
}

/** Of an operation that is well-formed as a request, but not as GraphQL. */
export const GRAPHQL_FAULT: HttpHint = { status: 400, spec: true }

const STATUS: Readonly<Record<string, HttpHint>> = {
  UNAUTHENTICATED: { status: 401, headers: { 'www-authenticate': 'Bearer' } },
  TOKEN_EXPIRED: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  FORBIDDEN: { status: 403 },
  BAD_REQUEST: { status: 400 },
  GRAPHQL_PARSE_FAILED: GRAPHQL_FAULT,
  GRAPHQL_VALIDATION_FAILED: GRAPHQL_FAULT,
  LIMIT_EXCEEDED: { status: 400 },
  UNAVAILABLE: { status: 503, headers: { 'retry-after': '1' } },
  INTERNAL_SERVER_ERROR: { status: 500 },
}

/** The refusal's errors with the status that HTTP shall answer (Yoga reads and removes `extensions.http`). */
export function withHttp(errors: readonly GraphQLError[], hint?: HttpHint): readonly GraphQLError[] {
  return errors.map((error) => {
    const http = hint ?? STATUS[String(error.extensions.code)] ?? { status: 400 }
    return rewrite(error, error.message, { ...error.extensions, http: { ...http, headers: { ...http.headers } } })
  })
}
