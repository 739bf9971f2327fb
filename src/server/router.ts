import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { doorOf } from './door-of.ts'
import { sendJson } from './health.ts'
import type { Metrics } from './metrics.ts'
import { nameRequest, requestIdOf } from './report.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** Handlers by path. A path that ends in `/*` takes everything below it. */
export type Routes = Readonly<Record<string, Handler>>

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Leads requests to their handlers: names and measures them, sets the safe headers, and lets no error escape. */
export function createRouter(routes: Routes, metrics: Metrics, logger: Logger): Handler {
  const exact = new Map(Object.entries(routes).filter(([path]) => !path.endsWith('/*')))
  const prefixes = Object.entries(routes).filter(([path]) => path.endsWith('/*'))

  const find = (path: string): { readonly name: string; readonly handler: Handler } | undefined => {
    const handler = exact.get(path)
    if (handler) return { name: path, handler }
    const below = prefixes.find(([name]) => path.startsWith(name.slice(0, -1)))
    return below && { name: below[0], handler: below[1] }
  }

  return async (request, response) => {
    const started = performance.now()
    nameRequest(response)
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const found = find(pathOf(request))
    response.once('close', () => {
      const door = found?.name === '/graphql' ? doorOf(request) : (found?.name ?? 'none')
      metrics.httpRequest(door, response.statusCode, (performance.now() - started) / 1000)
    })
    if (!found) return sendJson(response, 404, { error: 'Not found.' })
    // What follows builds URLs from the Host header, and a malformed one would throw deep inside.
    if (!URL.canParse(`http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`)) {
      return sendJson(response, 400, { error: 'The Host header or the address is malformed.' })
    }
    try {
      await found.handler(request, response)
    } catch (error) {
      logger.error({ err: error, requestId: requestIdOf(response) }, 'A request failed unexpectedly')
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { error: 'Unexpected error.', requestId: requestIdOf(response) })
    }
  }
}

/** The path without its query. */
export function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? '/'
}
