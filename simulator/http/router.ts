import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Simulation } from '../core/simulation.ts'
import type { Access, Caller } from '../oauth/caller.ts'
import type { Reply } from './problems.ts'

export interface Call {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Parsed JSON, the fields of a form, or undefined. */
  readonly body: unknown
  readonly simulation: Simulation
  /** For routes that keep the connection open. */
  readonly response: ServerResponse
  /** Tells the exchange observer of one line of a stream. */
  readonly streamed: (line: unknown) => void
}

/** A call whose caller is known and has the rights that the route asks for. */
export interface AuthorizedCall extends Call {
  readonly caller: Caller
  /** Rate-limit headers, for routes that write their own response. */
  readonly limitHeaders: Readonly<Record<string, string>>
}

/** `undefined`: the handler has taken over the response. */
type Answer = Reply | undefined | Promise<Reply | undefined>

export interface Route {
  readonly method: string
  readonly path: string
  /** Absent: open to anybody (OAuth, control). */
  readonly access?: Access
  readonly handle: (call: AuthorizedCall) => Answer
}

export interface OpenRoute {
  readonly method: string
  readonly path: string
  readonly open: (call: Call) => Answer
}

export type AnyRoute = Route | OpenRoute

export interface Match {
  readonly route: AnyRoute
  readonly params: Readonly<Record<string, string>>
}

/** Finds the route of a request: literal segments win over `:parameters`. */
export function createRouter(routes: readonly AnyRoute[]): (method: string, path: string) => Match | undefined {
  const compiled = routes
    .map((route) => ({ route, segments: route.path.split('/') }))
    .sort((a, b) => wildcards(a.segments) - wildcards(b.segments))
  return (method, path) => {
    const given = path.split('/')
    for (const { route, segments } of compiled) {
      if (route.method !== method || segments.length !== given.length) continue
      const params: Record<string, string> = {}
      const fits = segments.every((segment, index) => {
        const value = given[index] ?? ''
        if (!segment.startsWith(':')) return segment === value
        params[segment.slice(1)] = decode(value)
        return value !== ''
      })
      if (fits) return { route, params }
    }
    return undefined
  }
}

const wildcards = (segments: readonly string[]) => segments.filter((segment) => segment.startsWith(':')).length

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
