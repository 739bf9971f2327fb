import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { type Charge, chargeForCall, chargeForEvent } from './charge.ts'
import { writeSpend } from './spend-rows.ts'
import type { XMeter } from './x-calls.ts'

/*
 * Gathers what X charges for events and writes it down, as well as what could not be written with its call. What the
 * database does not take is kept and written later; a process that is killed loses the last second of its events. X's
 * console has the last word all the same.
 */

export interface Meter extends XMeter {
  /** A charge to be written when the database takes it. */
  keep(charge: Charge): void
  /** Something was charged to an account and is written already: its budget is looked at soon. */
  spent(accountId: string): void
  /** Resolves when all that was charged so far is written, or the database did not take it. */
  flush(): Promise<void>
  /** The same, but asks a database that took nothing the last time only when that is due. */
  settle(): Promise<void>
  /** The last flush, which does not wait long for a database that is away. */
  close(): Promise<void>
}

export interface MeterOptions {
  readonly store: Pick<Store, 'prisma'>
  readonly logger: Logger
  /** The X user that owns the developer app: X charges it less for its own posts. */
  readonly ownerXUserId?: string | undefined
  /** Told of every account that something was charged to. */
  readonly onSpent: (accountId: string) => Promise<unknown>
}

/** Events come by the thousand, and are written a second at a time. */
const GATHER_MS = 1_000
/** So many are written before the second is over: they are kept in memory until then. */
const MOST_GATHERED = 2_000
/** Of one transaction. What an outage has gathered takes several. */
const MOST_WRITTEN = 5_000
/** The longest between two tries while the database takes nothing. */
const MOST_WAITED_MS = 30_000
const CLOSING_MS = 1_500

export function createMeter({ store, logger, ownerXUserId, onSpent }: MeterOptions): Meter {
  let charges: Charge[] = []
  const spenders = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  /** A flush that waits for the one that writes; it takes along whatever comes meanwhile. */
  let next: Promise<void> | undefined
  let failures = 0
  let closed = false

  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    while (charges.length > 0) {
      const taken = charges.slice(0, MOST_WRITTEN)
      try {
        const spent = await store.prisma.$transaction((db) => writeSpend(db, taken, ownerXUserId))
        for (const accountId of spent) spenders.add(accountId)
      } catch (error) {
        failures++
        const words = 'what X charges could not be written down yet; it is kept, and tried again'
        if (failures === 1) logger.warn({ err: error, charges: charges.length }, words)
        return later()
      }
      failures = 0
      charges = charges.slice(taken.length)
    }
    const spent = [...spenders]
    spenders.clear()
    for (const accountId of spent) {
      await onSpent(accountId).catch((error: unknown) => {
        logger.warn({ err: error, accountId }, 'the budget could not be looked at')
      })
    }
  }

  /** One at a time, and one that waits: whoever comes meanwhile waits with it. */
  function flush(): Promise<void> {
    if (!writing) {
      writing = write().finally(() => {
        writing = undefined
      })
      return writing
    }
    next ??= writing.then(() => {
      next = undefined
      return flush()
    })
    return next
  }

  function later(): void {
    const waitMs = failures === 0 ? GATHER_MS : Math.min(GATHER_MS * 2 ** failures, MOST_WAITED_MS)
    if (!closed) timer ??= setTimeout(() => void flush(), waitMs).unref()
  }

  function keep(charge: Charge): void {
    charges.push(charge)
    if (charges.length >= MOST_GATHERED && failures === 0) void flush()
    else later()
  }

  return {
    keep,
    flush,
    settle: async () => (failures === 0 && charges.length > 0 ? flush() : undefined),
    spent(accountId) {
      spenders.add(accountId)
      later()
    },
    event: (event) => keep(chargeForEvent(event)),
    answered: (accountId, endpoint, answer, kind) => keep(chargeForCall(accountId, endpoint, answer, kind)),
    async close() {
      closed = true
      await Promise.race([flush(), pause(CLOSING_MS, undefined, { ref: false })])
      clearTimeout(timer)
    },
  }
}
