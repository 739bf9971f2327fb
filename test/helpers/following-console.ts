import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { query, type SeenTicket, watchTickets } from './perch.ts'

/** A console that follows new tickets through everything that happens to its connection. */
export interface FollowingConsole {
  /** Everything it was told, over all its connections. */
  readonly seen: readonly SeenTicket[]
  /** Resolves when it was told of `count` tickets or more. */
  until(count: number, ms?: number): Promise<void>
  leave(): Promise<void>
}

/** How long a connection is kept before it is given up on purpose. */
const KEPT_MS = 1_500

/**
 * Follows the tickets of the API at `url` from now on. Every connection, whether it broke or is given up after a while, is
 * followed by one that goes on after the last position seen.
 */
export async function followTickets(url: string, token: string): Promise<FollowingConsole> {
  const { tickets } = await query<{ tickets: { position: string } }>(url, token, '{ tickets(first: 1) { position } }')
  const seen: SeenTicket[] = []
  let left = false
  const following = (async () => {
    while (!left) {
      const watch = watchTickets(url, token, seen.at(-1)?.position ?? tickets.position)
      const begun = performance.now()
      const enough = () => watch.connected() && (left || performance.now() - begun > KEPT_MS)
      while (watch.failure() === undefined && !enough()) await pause(50)
      await watch.close()
      seen.push(...watch.seen)
    }
  })()
  return {
    seen,
    until: (count, timeout = 60_000) =>
      expect.poll(() => seen.length, { timeout, interval: 100 }).toBeGreaterThanOrEqual(count),
    async leave() {
      left = true
      await following
    },
  }
}
