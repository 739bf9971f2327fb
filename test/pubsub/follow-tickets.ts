import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

interface Created {
  readonly position: string
  readonly ticket: { readonly number: number } | null
}

/** Tells of every ticket opened after a position, each once and in order, whatever becomes of the connection. */
export function followTickets(options: {
  readonly url: string
  readonly token: () => Promise<string>
  readonly after: string
  readonly onTicket: (created: Created) => void
  /** The subscription is over for good. POSITION_EXPIRED among the errors: query afresh, then follow again. */
  readonly onEnd: (errors: unknown) => void
}): () => void {
  // graphql-ws sends this object again after each reconnect: it must always hold the last position.
  const variables = { after: options.after }
  let silence: NodeJS.Timeout | undefined
  let socket: { onmessage: unknown } | undefined
  const client = createClient({
    url: options.url,
    webSocketImpl: WebSocket, // not needed in browsers
    connectionParams: async () => ({ authorization: `Bearer ${await options.token()}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true, // the default gives up when the server cannot be reached
    retryWait: (attempt) => {
      const most = Math.min(10_000, 250 * 2 ** attempt)
      return new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)))
    },
    keepAlive: 10_000, // a network that died without a word is noticed by a missing pong
    on: {
      ping: (received) => {
        if (!received) silence = setTimeout(() => client.terminate(), 5_000)
      },
      pong: (received) => {
        if (received) clearTimeout(silence)
      },
      opened: (opened) => {
        socket = opened as typeof socket
      },
      closed: () => {
        clearTimeout(silence)
        // terminate() does not take its hands off the socket: what it brings late would be taken for the next one's
        if (socket) socket.onmessage = null
      },
    },
  })
  const query = 'subscription ($after: Position) { ticketCreated(after: $after) { position ticket { number } } }'
  let ending: unknown
  return client.subscribe<{ ticketCreated: Created }>(
    { query, variables },
    {
      next: ({ data, errors }) => {
        if (!data) {
          ending = errors
          return
        }
        options.onTicket(data.ticketCreated)
        variables.after = data.ticketCreated.position // only now: what was handled is never sent again
      },
      error: options.onEnd,
      complete: () => options.onEnd(ending),
    },
  )
}
