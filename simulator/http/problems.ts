/** X's refusals, in X's shapes (spikes/x/REPORT.md "Errors on the wire"; docs.x.com "Response codes & errors"). */

export interface Reply {
  readonly status: number
  /** JSON when it is not a string. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const PROBLEMS = 'https://api.x.com/2/problems'

/** A refusal, thrown by whoever notices and answered by the server. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reply: Reply

  constructor(status: number, body: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>) {
    super(`${status}`)
    this.reply = { status, body, headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headers } }
  }
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** A problem without a type of its own: 401, a missing scope, 429, 5xx. */
export function plainProblem(status: number, detail?: string, headers?: Readonly<Record<string, string>>): Refusal {
  const title = TITLES[status] ?? 'Error'
  return new Refusal(status, { title, detail: detail ?? title, type: 'about:blank', status }, headers)
}

/** 400: which parameters are wrong, and why. */
export function invalidRequest(message: string, parameters: Readonly<Record<string, readonly string[]>> = {}): Refusal {
  return new Refusal(400, {
    errors: [{ parameters, message }],
    title: 'Invalid Request',
    detail: 'One or more parameters to your request was invalid.',
    type: `${PROBLEMS}/invalid-request`,
  })
}

type Resource = 'user' | 'tweet'

/** An item of `errors[]`: one of the things asked for does not exist. */
export const notFound = (resource: Resource, parameter: string, value: string) => ({
  value,
  detail: `Could not find ${resource} with ${parameter}: [${value}].`,
  title: 'Not Found Error',
  resource_type: resource,
  parameter,
  resource_id: value,
  type: `${PROBLEMS}/resource-not-found`,
})

/** An item of `errors[]`: the post is there, but its author is protected or suspended. */
export const notAuthorized = (parameter: string, value: string, section: 'data' | 'includes') => ({
  value,
  detail: `Sorry, you are not authorized to see the Tweet with ${parameter}: [${value}].`,
  title: 'Authorization Error',
  section,
  resource_type: 'tweet',
  parameter,
  resource_id: value,
  type: `${PROBLEMS}/not-authorized-for-resource`,
})

/** An item of `errors[]`: a suspended user. */
export const userSuspended = (parameter: string, value: string) => ({
  ...notFound('user', parameter, value),
  detail: `User has been suspended: [${value}].`,
  title: 'Forbidden',
})

/** The one thing asked for does not exist, or is not for the caller; `problem` is one of the above. */
export const missing = (problem: object): Refusal => new Refusal(404, { errors: [problem] })

/** The one thing asked for does not exist. */
export const nothingThere = (resource: Resource, parameter: string, value: string): Refusal =>
  missing(notFound(resource, parameter, value))

export const unsupportedAuthentication = (used: 'OAuth 2.0 Application-Only' | 'OAuth 2.0 User Context'): Refusal =>
  new Refusal(403, {
    title: 'Unsupported Authentication',
    detail: `Authenticating with ${used} is forbidden for this endpoint.`,
    type: `${PROBLEMS}/unsupported-authentication`,
    status: 403,
  })

export const suspended = (): Refusal =>
  new Refusal(403, {
    detail: 'The user used for authentication is suspended',
    title: 'Forbidden',
    status: 403,
    type: `${PROBLEMS}/user-suspended`,
  })

/** Whoever is written to takes no messages from the writer; X documents no words, these are what clients are told. */
export const refusedByRecipient = (): Refusal =>
  plainProblem(403, 'You do not have permission to DM one or more participants.')

export const tooManyConnections = (): Refusal =>
  new Refusal(429, {
    title: 'ConnectionException',
    detail: 'This stream is currently at the maximum allowed connection limit.',
    connection_issue: 'TooManyConnections',
    type: `${PROBLEMS}/streaming-connection`,
  })
