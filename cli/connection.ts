import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { Server } from './server.ts'

/** graphql-transport-ws: an operation before connection_ack; a token that is no good (src/pubsub/PROTOCOL.md). */
const REFUSALS: readonly unknown[] = [4401, 4403]

/** What a socket's end looks like in graphql-ws: the `CloseEvent` of the DOM. */
export const closing = z.object({ code: z.number(), reason: z.string() })

export interface ConnectionOptions {
  readonly server: Pick<Server, 'ws' | 'token' | 'renewable'>
  /** News about the connection, for people. */
  readonly say: (sentence: string) => void
  /** Each socket as it opens; undefined when it is done with. */
  readonly onSocket?: (socket: unknown) => void
  /** Waited for before each new connection. */
  readonly ready?: () => Promise<void>
}

/** A graphql-ws client that never gives up, says when it is cut off and when it is back, and notices a silent network. */
export function connect({ server, say, onSocket, ready }: ConnectionOptions): Client {
  const { ws: url, token, renewable } = server
  let silence: NodeJS.Timeout | undefined
  let everConnected = false
  let lost = false
  /** Whether the present token was ever accepted: one that was may have expired, one that was not is wrong. */
  let accepted = false
  let socket: unknown
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    // Made anew for each connection: one that was made for the last may have expired since.
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    connectionAckWaitTimeout: 5_000,
    // Between the query for a position and the subscription after it the socket stays.
    lazyCloseTimeout: 2_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (reason) => {
      const { data } = closing.safeParse(reason)
      if (!REFUSALS.includes(data?.code)) return true
      const again = renewable && accepted
      accepted = false
      return again
    },
    retryWait: async (attempt) => {
      await sleep(Math.min(2_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2))
      await ready?.()
    },
    keepAlive: 10_000,
    on: {
      opened: (opened) => {
        socket = opened
        onSocket?.(opened)
      },
      connected: () => {
        if (lost) say(everConnected ? 'connected again' : 'connected')
        lost = false
        everConnected = true
        accepted = true
      },
      closed: (event) => {
        clearTimeout(silence)
        silence = undefined
        // graphql-ws gives a silent socket up without taking its hands off it. Should the network come back, what it
        // brings late would be taken for the next socket's, whose operations have the same ids: out of order, and twice.
        if (isSocket(socket)) socket.onmessage = null
        socket = undefined
        onSocket?.(undefined)
        const code = closing.safeParse(event).data?.code
        if (lost || code === 1000 || REFUSALS.includes(code)) return
        lost = true
        say(everConnected ? 'connection lost; reconnecting…' : `no answer at ${url} yet; trying again…`)
      },
      ping: (received) => {
        if (!received) silence = setTimeout(() => client.terminate(), 5_000)
      },
      pong: (received) => {
        if (received) clearTimeout(silence)
      },
    },
  })
  return client
}

const isSocket = (socket: unknown): socket is { onmessage: unknown } =>
  typeof socket === 'object' && socket !== null && 'onmessage' in socket
