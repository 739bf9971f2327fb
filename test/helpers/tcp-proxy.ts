import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A wire that can be cut and mended. */
export interface TcpProxy {
  readonly port: number
  /** Takes everything, old connections and new ones, and passes nothing on, until it is cut. */
  stall(): void
  /** Ends all connections; new ones are refused. */
  cut(): Promise<void>
  /** Takes connections again, on the same port. */
  open(): Promise<void>
  close(): Promise<void>
}

/** Forwards a port of one's own to `host:port`; a port that is asked for at every connection may move. */
export async function startProxy(host: string, port: number | (() => number)): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let ownPort = 0
  let stalled = false
  async function open(): Promise<void> {
    if (server) return
    server = createServer((client) => {
      const target = connect(typeof port === 'number' ? port : port(), host)
      for (const [one, other] of [
        [client, target],
        [target, client],
      ] as const) {
        sockets.add(one)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          sockets.delete(one)
          other.destroy()
        })
        if (!stalled) one.pipe(other)
      }
    }).listen(ownPort, '127.0.0.1')
    await once(server, 'listening')
    ownPort = (server.address() as AddressInfo).port
  }
  function stall(): void {
    stalled = true
    for (const socket of sockets) socket.unpipe().pause()
  }
  async function cut(): Promise<void> {
    stalled = false
    const old = server
    server = undefined
    if (!old) return
    const closed = once(old, 'close')
    old.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await open()
  return { port: ownPort, stall, cut, open, close: cut }
}
