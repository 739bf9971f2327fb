import type { IncomingMessage } from 'node:http'
import type { FaultKind } from './faults.ts'

/** One call to X and its answer, for whoever checks them against the contract. Tokens are left out. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly requestBody: unknown
  readonly status: number
  /** Parsed JSON; of a stream, one line; undefined without an answer, a text when it is not JSON. */
  readonly responseBody: unknown
  /** The fault that was injected here: the answer is wrong on purpose. */
  readonly fault?: FaultKind
}

/** The request's part of an exchange. */
export function requestPart(request: IncomingMessage, url: URL, body: unknown) {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === 'authorization') headers[name] = String(value).split(' ')[0] ?? ''
    else if (value !== undefined) headers[name] = String(value)
  }
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    requestHeaders: headers,
    requestBody: body,
  }
}
