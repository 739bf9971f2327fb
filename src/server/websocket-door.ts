import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import { CloseCode, handleProtocols, makeServer, type Context as SocketContext } from 'graphql-ws'
import type { Logger } from 'pino'
import { WebSocket, WebSocketServer } from 'ws'
import { PerchError } from '../domain/errors.ts'
import { type Admit, type Admitted, codeOf } from './admission.ts'
import { clientErrors, type Report } from './errors.ts'
import { run } from './execution.ts'
import type { Limits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { createReport } from './report.ts'
import type { Session, Sessions } from './sessions.ts'
import type { ClientStream } from './stream.ts'

/** Too much waits for this client. Meant to be retried: resume after the last position (src/pubsub/PROTOCOL.md). */
const SLOW_CONSUMER = 4413
const SLOW_REASON = 'Slow consumer, resume after your last position'
/** RFC 6455, 7.4.1 and the IANA registry: the endpoint goes away; try again later. */
const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

/** Time between pings, in milliseconds; a socket that has not answered by the next one is gone. */
const PING_MS = 12_000
/** How long an evicted client gets to read what waits and the close code behind it, in milliseconds. */
const EVICTION_GRACE_MS = 3_000

export interface WebSocketDoorOptions {
  readonly admit: Admit
  readonly sessions: Sessions
  readonly limits: Limits
  readonly metrics: Metrics
  readonly logger: Logger
  /** What an upgrade request says who it is by, besides ConnectionInit. */
  readonly credentialOf: (request: IncomingMessage) => string | undefined
}

export interface WebSocketDoor {
  /** Takes over an HTTP upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Sockets open. */
  sockets(): number
  /** Says 1001 to all; clients of graphql-ws connect again. No Complete is sent, since that would tell them it is over. */
  close(): void
  /** Cuts those that have not closed. */
  terminate(): void
}

interface Extra {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly report: Report
  session?: Session
}
type Connection = SocketContext<Record<string, unknown> | undefined, Extra>

/**
 * Speaks graphql-transport-ws. graphql-ws keeps the protocol; the binding to `ws` is our own rather than its
 * `useServer`, which writes to the console, cannot see a slow client, and closes with 4500 whatever goes wrong.
 */
export function createWebSocketDoor(options: WebSocketDoorOptions): WebSocketDoor {
  const { admit, sessions, limits, metrics, logger } = options
  const admitted = new WeakMap<ExecutionArgs, { readonly operation: Admitted; readonly report: Report }>()
  const unanswered = new WeakSet<WebSocket>()

  const start = async (args: ExecutionArgs): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> => {
    const found = admitted.get(args)
    if (!found) throw new Error('An operation came past admission.')
    const outcome = await run(found.operation, found.report, metrics)
    if ('stream' in outcome) return results(outcome.stream)
    // A subscription that could not start is answered by the protocol's Error message, as one that breaks later is.
    return found.operation.type === 'subscription' ? failed(outcome.result) : outcome.result
  }

  const protocol = makeServer<Record<string, unknown> | undefined, Extra>({
    connectionInitWaitTimeout: limits.connectionInitMs,
    async onConnect(connection) {
      const { extra } = connection
      try {
        const session = await sessions.open(tokenOf(connection, options.credentialOf), (reason) =>
          refuseSocket(extra.socket, reason),
        )
        if (extra.socket.readyState === WebSocket.OPEN) extra.session = session
        else session.close()
        return true
      } catch (error) {
        metrics.refused('ws', codeOf(error))
        if (!(error instanceof PerchError)) extra.report(error)
        refuseSocket(extra.socket, error)
        return false
      }
    },
    onSubscribe({ extra }, _id, payload) {
      try {
        if (!extra.session) throw new PerchError('UNAVAILABLE', 'The connection is closed.')
        const operation = admit(payload, 'ws', extra.session)
        admitted.set(operation.args, { operation, report: extra.report })
        return operation.args
      } catch (error) {
        return clientErrors(error, extra.report)
      }
    },
    execute: start,
    subscribe: start,
  })

  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytes,
    perMessageDeflate: false,
    handleProtocols,
  })

  const evict = (extra: Extra): void => {
    metrics.slowConsumer('ws')
    logger.warn({ buffered: extra.socket.bufferedAmount }, 'A WebSocket client did not keep up and was disconnected')
    extra.socket.close(SLOW_CONSUMER, SLOW_REASON)
    extra.session?.close()
    // The close frame stands behind all that waits: a client that reads again soon learns the reason, others are cut.
    setTimeout(() => extra.socket.terminate(), EVICTION_GRACE_MS).unref()
  }

  server.on('connection', (socket, request) => {
    const requestId = randomUUID()
    const extra: Extra = { socket, request, report: createReport(logger, requestId) }
    // ws itself closes the socket with the fitting code (1009 for too large a message, 1007, …).
    socket.on('error', (error) => logger.debug({ err: error, requestId }, 'A WebSocket client broke the protocol'))
    socket.on('pong', () => unanswered.delete(socket))
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => {
          if (socket.readyState !== WebSocket.OPEN) return Promise.resolve()
          if (socket.bufferedAmount > limits.bufferedBytes) {
            evict(extra)
            return Promise.resolve()
          }
          // A failed write is followed by 'close', which ends everything.
          return new Promise((resolve) => socket.send(data, () => resolve()))
        },
        close: (code, reason) => socket.close(code, reason),
        onMessage: (listener) => {
          socket.on('message', (data) => {
            listener(String(data)).catch((error: unknown) => {
              logger.warn({ err: error, requestId }, 'A WebSocket message could not be handled')
              socket.close(CloseCode.BadRequest, 'Invalid message received')
            })
          })
        },
      },
      extra,
    )
    socket.once('close', (code, reason) => {
      extra.session?.close()
      closed(code, String(reason)).catch((error: unknown) => extra.report(error))
    })
  })

  const pings = setInterval(() => {
    for (const socket of server.clients) {
      if (unanswered.has(socket)) socket.terminate()
      else if (socket.readyState === WebSocket.OPEN) {
        unanswered.add(socket)
        socket.ping()
      }
    }
  }, PING_MS)
  pings.unref()

  return {
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request))
    },
    sockets: () => server.clients.size,
    close() {
      clearInterval(pings)
      for (const socket of server.clients) socket.close(GOING_AWAY, 'Going away')
    },
    terminate() {
      for (const socket of server.clients) socket.terminate()
    },
  }
}

/** The token of ConnectionInit, else what the upgrade request carries (of which browsers send cookies only). */
function tokenOf(
  { connectionParams, extra }: Connection,
  credentialOf: WebSocketDoorOptions['credentialOf'],
): string | undefined {
  const sent = connectionParams?.['authorization'] ?? connectionParams?.['Authorization']
  if (sent === undefined || sent === null) return credentialOf(extra.request)
  if (typeof sent !== 'string') throw new PerchError('UNAUTHENTICATED', 'The token is not a text.')
  return sent
}

function refuseSocket(socket: WebSocket, reason: unknown): void {
  const code = reason instanceof PerchError ? reason.code : 'UNAVAILABLE'
  if (code === 'UNAVAILABLE') socket.close(TRY_AGAIN_LATER, 'Try again later')
  else socket.close(CloseCode.Forbidden, code === 'TOKEN_EXPIRED' ? 'Token expired' : 'Forbidden')
}

/** A stream as graphql-ws wants it: a failure is thrown, and becomes the Error message of that operation alone. */
function results(stream: ClientStream): AsyncIterable<ExecutionResult> {
  const iterator: AsyncIterator<ExecutionResult> & AsyncIterable<ExecutionResult> = {
    async next() {
      const step = await stream.next()
      if (step.kind === 'failed') throw step.errors[0] ?? new GraphQLError('Unexpected error.')
      return step.kind === 'result' ? { done: false, value: step.result } : { done: true, value: undefined }
    },
    async return() {
      stream.stop()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

function failed(result: ExecutionResult): AsyncIterable<ExecutionResult> {
  const errors = result.errors ?? []
  return results({ next: () => Promise.resolve({ kind: 'failed', errors }), stop: () => {} })
}
