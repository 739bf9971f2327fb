import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PrismaClient } from '../generated/prisma/client.ts'

/*
 * "At most one process does this." Times are the database's, so that machines whose clocks differ
 * agree; how long a holder may go on without hearing from the database is measured by its own
 * monotonic clock, and is shorter than the lease. The database's clock may be set: ahead, and others take a lease whose
 * holder finds out at its next renewal; back, and a dead one's ends when nobody has renewed it for as long as it lasts, by
 * the clock of whoever waits.
 */

export interface Leases {
  /**
   * Runs `work` whenever this process holds `name`, until `signal` aborts. The signal given to `work` aborts when the
   * lease is lost. Work that throws is logged and tried again; work that returns gives the lease back and ends.
   */
  hold(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void>
}

/** A dead holder is replaced within TTL + RETRY, a quarter of it more: 7.5 s. Tests that kill many holders take less. */
const TTL_MS = 6_000

export function createLeases(prisma: PrismaClient, logger: Logger, ttlMs = TTL_MS): Leases {
  const renewMs = ttlMs / 4
  const retryMs = ttlMs / 4

  /** `dead`: until when it was another's, who is known not to renew it. */
  async function take(name: string, holder: string, dead: string | null = null): Promise<boolean> {
    const rows = await prisma.$executeRaw`
      INSERT INTO lease AS l (name, holder, expires_at)
      VALUES (${name}, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
      ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
      WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp() OR l.expires_at::text = ${dead}`
    return rows > 0
  }

  /** Until when it is somebody's. */
  async function until(name: string): Promise<string | null> {
    const [row] = await prisma.$queryRaw<{ until: string }[]>`
      SELECT expires_at::text AS until FROM lease WHERE name = ${name}`
    return row?.until ?? null
  }

  /** Watches a lease that another has. Gives until when it was theirs, once they have not renewed it for so long. */
  function watch(name: string): () => Promise<string | null> {
    let seen: { readonly until: string | null; readonly at: number } | undefined
    return async () => {
      const now = await within(renewMs, until(name))
      if (now === undefined) return null
      if (seen?.until !== now) seen = { until: now, at: performance.now() }
      return performance.now() - seen.at > ttlMs ? seen.until : null
    }
  }

  async function give(name: string, holder: string): Promise<void> {
    await prisma.$executeRaw`DELETE FROM lease WHERE name = ${name} AND holder = ${holder}`
  }

  /** Renews until the lease is lost or `done` aborts; aborts `lost` when it is lost. Nobody else can have it before `until`. */
  async function renew(name: string, holder: string, until: number, lost: AbortController, done: AbortSignal) {
    while (!done.aborted) {
      await pause(renewMs, done)
      if (done.aborted) return
      const asked = performance.now()
      const kept = await within(until - renewMs - asked, take(name, holder))
      if (kept) until = asked + ttlMs
      // Taken by another, or the database is away and there is no time for another try.
      else if (kept === false || performance.now() > until - renewMs) return lost.abort()
    }
  }

  return {
    async hold(name, signal, work) {
      // One for each hold: what is ending must not give back what has begun anew in the same process.
      const holder = randomUUID()
      const watched = watch(name)
      let dead: string | null = null
      while (!signal.aborted) {
        const until = performance.now() + ttlMs
        const mine = await within(ttlMs, take(name, holder, dead))
        if (!mine || performance.now() > until - renewMs) {
          dead = await watched()
          await pause(retryMs, signal)
          continue
        }
        dead = null
        const lost = new AbortController()
        const done = new AbortController()
        const renewing = renew(name, holder, until, lost, done.signal)
        let finished = false
        try {
          await work(AbortSignal.any([signal, lost.signal]))
          finished = !lost.signal.aborted
        } catch (error) {
          if (!signal.aborted) logger.error({ err: error, lease: name }, 'leased work failed; trying again')
        }
        done.abort()
        await renewing
        await within(renewMs, give(name, holder))
        if (finished) return
        if (!signal.aborted) await pause(retryMs, signal)
      }
    },
  }
}

/**
 * What the database answers within `ms`; undefined when it fails or says nothing, as behind a network that swallows
 * packets: a holder that went on waiting would hold for ever what another has taken long since.
 */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  const answered = new AbortController()
  const late = sleep(Math.max(0, Math.ceil(ms) + 1), undefined, { signal: answered.signal })
  try {
    return await Promise.race([answer, late])
  } catch {
    return undefined
  } finally {
    answered.abort()
    late.catch(() => {})
    answer.catch(() => {})
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
