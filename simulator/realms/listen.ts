import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'

/**
 * Below every system's range for port 0 and for outgoing connections (Linux from 32768, others from 49152): while a
 * realm is down nobody is given its port by chance.
 */
const LOWEST = 20_000
const BEYOND = 32_768
const TRIES = 50

/** Listens on 127.0.0.1, on this port or on a free one. Gives the port; rejects with the server's error. */
export async function listen(server: Server, port?: number): Promise<number> {
  for (let left = TRIES; ; left -= 1) {
    const candidate = port ?? randomInt(LOWEST, BEYOND)
    try {
      server.listen(candidate, '127.0.0.1')
      await once(server, 'listening')
      return candidate
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || port !== undefined || left === 0) throw error
    }
  }
}
