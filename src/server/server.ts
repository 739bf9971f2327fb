import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import { PerchError } from '../domain/errors.ts'
import type { Context } from '../schema/context.ts'
import { StartupError } from '../store/startup-error.ts'
import { createAdmission } from './admission.ts'
import type { Authenticator } from './auth.ts'
import { createReady, live, type Readiness } from './health.ts'
import { createHttpDoor } from './http-door.ts'
import { landing } from './landing.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { createRouter, pathOf, type Routes } from './router.ts'
import { createSessions } from './sessions.ts'
import { guardAgainstStalls } from './stall-guard.ts'
import { createWebSocketDoor } from './websocket-door.ts'

export interface ServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly schema: GraphQLSchema
  readonly services: Pick<Context, 'prisma' | 'store' | 'feed'>
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

export interface RunningServer {
  /** `http://host:port`, without a path. */
  readonly url: string
  readonly port: number
  /**
   * Takes no more, ends subscriptions in a way that clients resume (WebSocket 1001, an UNAVAILABLE result over SSE),
   * lets other operations finish, and is done within two seconds. May be called again.
   */
  close(): Promise<void>
}

/** How long running operations and closing handshakes may take at the end, in milliseconds. */
const CLOSING_MS = 1_200

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
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSING_MS)
    })
    await Promise.race([closed, patience])
    clearTimeout(timer)
    sessions.dispose(reason)
    sockets.terminate()
    server.closeAllConnections()
    endGuard()
    await closed
  }

  try {
    await listen(server, options.host, options.port)
  } catch (error) {
    sessions.dispose(new PerchError('UNAVAILABLE', 'The server did not start.'))
    sockets.close()
    endGuard()
    throw explained(error, options)
  }
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

const SENTENCES: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `Port ${port} on ${host} is in use already; stop what uses it or set PORT to a free one.`,
  EACCES: (host, port) => `Port ${port} on ${host} may not be opened by this user; set PORT to one above 1023.`,
  EADDRNOTAVAIL: (host) => `This machine has no address ${host}; set HOST to one that it has, such as 127.0.0.1.`,
  ENOTFOUND: (host) => `The host name ${host} is unknown; set HOST to an address of this machine, such as 127.0.0.1.`,
}

function explained(error: unknown, { host, port }: ServerOptions): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const sentence = SENTENCES[code]
  return sentence ? new StartupError(sentence(host, port), { cause: error }) : error
}
