import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

/*
 * The live contract from a client's side (src/pubsub/PROTOCOL.md): keep the last position, resume
 * after it whatever breaks, start afresh when it has expired.
 */

/** A new ticket, as `--json` prints it. */
export interface NewTicket {
  readonly position: string
  readonly number: number
  readonly subject: string
  readonly channel: string
  /** ISO 8601. */
  readonly createdAt: string
  /** `@handle` on X, or a name. */
  readonly requester: string
}

export interface Following {
  stop(): void
  /** Resolves when it is over: with a sentence when it was refused, with nothing when it was stopped. */
  readonly ended: Promise<string | undefined>
}

interface Created {
  readonly position: string
  readonly ticket: {
    readonly number: number
    readonly subject: string
    readonly channel: string
    readonly createdAt: string
    readonly requester: { readonly name: string; readonly xProfile: { readonly username: string } | null }
  } | null
}

const QUERY = `subscription ($after: Position) {
  ticketCreated(after: $after) {
    position
    ticket { number subject channel createdAt requester { name xProfile { username } } }
  }
}`

/** Close code of a token that is no good (PROTOCOL.md). */
const FORBIDDEN = 4403
/** Close code of a socket that we ended ourselves, because nothing was subscribed for a moment. */
const NORMAL = 1000

/** Follows new tickets through outages and restarts, each once and in order. */
export function followTickets(options: {
  readonly url: string
  readonly token: string
  readonly after: string | undefined
  readonly onTicket: (ticket: NewTicket) => void
  readonly onNotice: (text: string) => void
}): Following {
  const { onTicket, onNotice } = options
  // graphql-ws sends this object again after each reconnect: it must always hold the last position.
  const variables: { after?: string } = { ...(options.after !== undefined && { after: options.after }) }
  let lost = false
  let stopped = false
  let finish: (refusal?: string) => void = () => {}
  const ended = new Promise<string | undefined>((resolve) => {
    finish = resolve
  })
  const client = createClient({
    url: options.url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${options.token}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (reason) => closeCode(reason) !== FORBIDDEN,
    retryWait: (attempt) => {
      const most = Math.min(2_000, 250 * 2 ** attempt)
      return new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)))
    },
    keepAlive: 10_000,
    on: {
      connected: () => {
        if (lost) onNotice('connected again')
        lost = false
      },
      closed: (event) => {
        const code = closeCode(event)
        if (stopped || lost || code === FORBIDDEN || code === NORMAL) return
        lost = true
        onNotice('connection lost; reconnecting…')
      },
    },
  })

  function subscribe(): void {
    let errors: readonly { message: string; extensions?: Record<string, unknown> }[] | undefined
    client.subscribe<{ ticketCreated: Created }>(
      { query: QUERY, variables },
      {
        next: (result) => {
          if (!result.data) {
            errors = result.errors
            return
          }
          const { position, ticket } = result.data.ticketCreated
          if (ticket) {
            const { requester, ...rest } = ticket
            onTicket({
              position,
              ...rest,
              requester: requester.xProfile ? `@${requester.xProfile.username}` : requester.name,
            })
          }
          variables.after = position // only now: what was shown is never sent again
        },
        error: (reason) => {
          if (Array.isArray(reason)) return end(reason)
          finish(
            closeCode(reason) === FORBIDDEN ? 'The token was refused.' : `The connection was refused: ${text(reason)}`,
          )
        },
        complete: () => end(errors),
      },
    )
  }

  function end(errors: readonly { message: string; extensions?: Record<string, unknown> }[] | undefined): void {
    const codes = errors?.map(({ extensions }) => extensions?.['code']) ?? []
    if (stopped) finish()
    else if (codes.includes('POSITION_EXPIRED')) {
      onNotice('that position has expired; going on from now')
      delete variables.after
      subscribe()
    } else if (codes.includes('UNAVAILABLE')) setTimeout(subscribe, 1_000)
    else finish(errors?.[0]?.message ?? 'The server ended the subscription.')
  }

  subscribe()
  return {
    ended,
    stop() {
      stopped = true
      finish()
      // Said goodbye to or not: the program ends.
      void Promise.resolve(client.dispose()).finally(() => process.exit())
    },
  }
}

function closeCode(event: unknown): number | undefined {
  return event instanceof Object && 'code' in event && typeof event.code === 'number' ? event.code : undefined
}

function text(reason: unknown): string {
  if (reason instanceof Error) return reason.message
  return reason instanceof Object && 'reason' in reason ? String(reason.reason) : String(reason)
}
