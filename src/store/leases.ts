import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PrismaClient } from '../generated/prisma/client.ts'

/*
 * "At most one process does this." Times are the database's, so that machines whose clocks differ
 * agree; how long a holder may go on without hearing from the database is measured by its own
 * monotonic clock, and is shorter than the lease.
 */

export interface Leases {
  /**
   * Runs `work` whenever this process holds `name`, until `signal` aborts. The signal given to `work` aborts when the
   * lease is lost. Work that throws is logged and tried again; work that returns gives the lease back and ends.
   */
  hold(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void>
}

/**
 * A dead holder is replaced within TTL and a quarter, 7.5 s; within another quarter, 9 s, when the database's clock went back
 * since it renewed its lease, which then ends in a future that may be far away.
 */
const TTL_MS = 6_000

/** Who has a lease, and until when by the database's clock. */
interface Row {
  readonly holder: string
  readonly expiresAt: string
}

/** `ttlMs`: how long a lease lasts; it is renewed, and taken, a quarter of that apart. Tests that kill many holders take less. */
export function createLeases(prisma: PrismaClient, logger: Logger, ttlMs = TTL_MS): Leases {
  const renewMs = ttlMs / 4
  const retryMs = ttlMs / 4

  async function take(name: string, holder: string, dead?: Row): Promise<boolean> {
    const rows = await prisma.$executeRaw`
      INSERT INTO lease AS l (name, holder, expires_at)
      VALUES (${name}, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
      ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
      WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp()
        OR (l.holder = ${dead?.holder ?? null} AND l.expires_at = ${dead?.expiresAt ?? null}::timestamptz)`
    return rows > 0
  }

  async function look(name: string): Promise<Row | undefined> {
    const [row] = await prisma.$queryRaw<Row[]>`
      SELECT holder, expires_at::text AS "expiresAt" FROM lease WHERE name = ${name}`
    return row
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
      let others: { readonly row: Row | undefined; readonly since: number } = { row: undefined, since: 0 }
      while (!signal.aborted) {
        const until = performance.now() + ttlMs
        // Whoever lives renews: a row that stood still for as long as a lease lasts is a dead holder's, by our own clock.
        const dead = performance.now() - others.since > ttlMs ? others.row : undefined
        const mine = await within(ttlMs, take(name, holder, dead))
        if (!mine || performance.now() > until - renewMs) {
          const row = await within(retryMs, look(name))
          const same = row?.holder === others.row?.holder && row?.expiresAt === others.row?.expiresAt
          if (!same) others = { row, since: performance.now() }
          await pause(retryMs, signal)
          continue
        }
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
