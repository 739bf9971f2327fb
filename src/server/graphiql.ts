import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { GraphiQLOptions } from 'graphql-yoga'

/** What a newcomer finds in the editor. */
const FIRST_QUERY = `# The newest tickets. Press the button to run it, and pick which operation.
query NewestTickets {
  tickets(first: 10) {
    position
    totalCount
    edges {
      node {
        number
        status
        subject
        requester { name xProfile { username followersCount } }
      }
    }
  }
}

# New tickets, live, as customers post.
subscription NewTickets {
  ticketCreated {
    position
    ticket { number subject requester { name } }
  }
}
`

/**
 * GraphiQL's settings. Subscriptions go over SSE: this GraphiQL sends its header editor along with HTTP requests only,
 * so over a WebSocket a pasted token would not arrive. Tokens are not kept in the browser's storage.
 */
export function graphiqlOptions(headers: Readonly<Record<string, string>>): GraphiQLOptions {
  const text = JSON.stringify({ Authorization: 'Bearer <token>', ...headers }, null, 2)
  return {
    title: 'Perch',
    subscriptionsProtocol: 'SSE',
    credentials: 'omit',
    shouldPersistHeaders: false,
    defaultHeaders: text,
    headers: text,
    defaultEditorToolsVisibility: 'headers',
    defaultQuery: FIRST_QUERY,
  }
}

/**
 * Whether the person at the browser sits at this machine, so that the page may hold a token. The address alone does
 * not say so: a web page elsewhere reaches us through its own host name bound to 127.0.0.1 (DNS rebinding), and a
 * proxy in front makes everyone local.
 */
export function isLocal(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? ''
  if (request.headers.forwarded || request.headers['x-forwarded-for'] || request.headers['x-real-ip']) return false
  return isLoopback(address) && isLocalHost(request.headers.host)
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

function isLocalHost(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '').toLowerCase()
  return name === 'localhost' || name === '[::1]' || (name !== undefined && isLoopback(name))
}
