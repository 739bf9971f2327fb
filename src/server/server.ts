import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import { PerchError } from '../domain/errors.ts'
import type { Context } from '../schema/context.ts'
import { createAdmission } from './admission.ts'
import type { Authenticator } from './auth.ts'
import { createReady, live, type Readiness } from './health.ts'
import { createHttpDoor } from './http-door.ts'
import { landing } from './landing.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { type Address, type Listening, listen } from './listen.ts'
import type { Metrics } from './metrics.ts'
import { createRouter, pathOf, type Routes } from './router.ts'
import { createSessions } from './sessions.ts'
import { guardAgainstStalls } from './stall-guard.ts'
import { createWebSocketDoor } from './websocket-door.ts'

export interface ServerOptions extends Address {
  readonly schema: GraphQLSchema
  readonly services: Pick<
    Context,
    'prisma' | 'store' | 'feed' | 'accounts' | 'incomingPosts' | 'replies' | 'bulkUpdates'
  >
  readonly auth: Authenticator
  /** Shows GraphiQL at /graphql; for development. */
  readonly graphiql: boolean
  /** Headers that GraphiQL starts with, such as a token; shown to browsers on this machine only. */
  readonly graphiqlHeaders?: Readonly<Record<string, string>>
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly logger: Logger
  readonly limits?: Partial<Limits>
  /** Other handlers by path, such as /oauth/x/callback; a path that ends in `/*` takes everything below it. */
  readonly routes?: Routes
  /** Origins whose pages may call us from a browser; none by default. */
  readonly corsOrigins?: readonly string[]
}

export interface RunningServer extends Listening {
  /**
   * Takes no more, ends subscriptions in a way that clients resume (WebSocket 1001, an UNAVAILABLE result over SSE),
   * lets other operations finish, and is done within two seconds. May be called again.
   */
  close(): Promise<void>
}

/** How long running operations and closing handshakes may take at the end, in milliseconds. */
const CLOSING_MS = 1_200
const LAST_WORDS_MS = 100

/** Opens the door. Throws StartupError when the address cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { schema, services, metrics, logger } = options
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits }
  const sessions = createSessions(options.auth, limits)
  const admit = createAdmission({ schema, limits, services, metrics })
  const common = { admit, sessions, limits, metrics, logger }
  const sockets = createWebSocketDoor(common)
  const graphql = await createHttpDoor({
    ...common,
    graphiql: options.graphiql,
    graphiqlHeaders: options.graphiqlHeaders ?? {},
    corsOrigins: options.corsOrigins ?? [],
  })
  let closing: Promise<void> | undefined
  const routes: Routes = {
    '/': landing(options.graphiql),
    '/health/live': live,
    '/health/ready': createReady(options.readiness, () => closing !== undefined),
    '/metrics': async (_request, response) => {
      response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text())
    },
    ...options.routes,
    '/graphql': graphql,
  }
  const router = createRouter(routes, metrics, logger)
  // A request must have arrived within 30 s, its headers within 10 s, or a few slow senders hold all connections.
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    void router(request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'A connection broke while upgrading'))
    if (pathOf(request) === '/graphql' && !closing) return sockets.upgrade(request, socket, head)
    socket.end(`HTTP/1.1 ${closing ? '503 Service Unavailable' : '404 Not Found'}\r\nconnection: close\r\n\r\n`)
  })
  const endGuard = guardAgainstStalls(server, limits.stallMs, () => metrics.slowConsumer('tcp'))
  metrics.observe('subscriptions', sessions.subscriptions)
  metrics.observe('websockets', sockets.sockets)

  const close = async (): Promise<void> => {
    const reason = new PerchError('UNAVAILABLE', 'The server is stopping. Subscribe again after your last position.')
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // The sockets first: once they are closing, nothing that ends below is told to their clients.
    sockets.close()
    sessions.endSubscriptions(reason)
    // A connection that has answered its last request would be kept for the next one.
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    await Promise.race([closed, delay(CLOSING_MS, undefined, { ref: false })])
    clearInterval(idle)
    sessions.dispose(reason)
    sockets.terminate()
    // What was aborted just now may still say so.
    await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })])
    server.closeAllConnections()
    endGuard()
    await closed
  }

  let listening: Listening
  try {
    listening = await listen(server, options)
  } catch (error) {
    sessions.dispose(new PerchError('UNAVAILABLE', 'The server did not start.'))
    sockets.close()
    endGuard()
    throw error
  }
  return {
    ...listening,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
