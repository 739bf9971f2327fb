import { Agent } from 'node:https'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/**
 * The agent that every request to X goes through. With `target` (X_API_URL) its sockets are dialled
 * there, over TCP or TLS, while URLs, Host headers and signatures stay X's own: the rest of the
 * program cannot tell the difference (TRAPS, "Point twitter-api-v2 at the simulator").
 */
export function dialX(target?: URL): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  if (!target) return agent
  const secure = target.protocol === 'https:'
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const port = Number(target.port || (secure ? 443 : 80))
  return Object.assign(agent, {
    createConnection: () => (secure ? connectTls({ host, port, servername: host }) : connect({ host, port })),
  })
}
