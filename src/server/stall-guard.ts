import type { Server } from 'node:http'
import type { Socket } from 'node:net'

interface Watched {
  written: number
  since: number
}

const LOOK_MS = 1_000

/**
 * Cuts connections whose peer has stopped reading while bytes wait for it, whatever they carry: an answer, a stream
 * of server-sent events, a WebSocket. Back-pressure keeps their memory small, but each would hold a subscription
 * and its place in the log for ever. Calls `cut` for each; returns the function that ends the watch.
 */
export function guardAgainstStalls(server: Server, stallMs: number, cut: () => void): () => void {
  const sockets = new Map<Socket, Watched>()
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, { written: 0, since: performance.now() })
    socket.once('close', () => sockets.delete(socket))
  })
  const timer = setInterval(() => {
    const now = performance.now()
    for (const [socket, watched] of sockets) {
      // bytesWritten counts what was handed over to the kernel and what waits; the difference is what the peer took.
      const taken = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || taken !== watched.written) {
        watched.written = taken
        watched.since = now
      } else if (now - watched.since > stallMs) {
        cut()
        socket.destroy()
      }
    }
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
