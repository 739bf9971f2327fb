import type { Logger } from 'pino'
import { billingOf, eventKind } from '../domain/price.ts'
import type { Store } from '../store/store.ts'
import { resourcesIn } from './resources.ts'
import { type Charge, writeSpend } from './spend-rows.ts'
import { APP } from './ticket.ts'
import type { XMeter } from './x-calls.ts'

/*
 * Gathers what X charges and writes it down. What the database does not take is kept and written later; a process that is
 * killed loses the last second of its events. X's console has the last word all the same.
 */

export interface Meter extends XMeter {
  /** Resolves when all that was charged so far is written, or the database does not take it. */
  flush(): Promise<void>
  /** The last flush. */
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

export function createMeter({ store, logger, ownerXUserId, onSpent }: MeterOptions): Meter {
  let charges: Charge[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let closed = false

  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const taken = charges
    charges = []
    if (taken.length === 0) return
    let spent: readonly string[] = []
    try {
      spent = await writeSpend(store, taken, ownerXUserId)
    } catch (error) {
      logger.warn({ err: error }, 'what X charges could not be written down yet')
      charges = [...taken, ...charges]
      later()
    }
    for (const accountId of spent) {
      await onSpent(accountId).catch((error: unknown) => {
        logger.warn({ err: error, accountId }, 'the budget could not be looked at')
      })
    }
  }

  /** One at a time; whoever comes while one writes waits for it and the next. */
  function flush(): Promise<void> {
    const next = (writing ?? Promise.resolve()).then(write)
    writing = next
    return next
  }

  function later(): void {
    if (!closed) timer ??= setTimeout(() => void flush(), GATHER_MS).unref()
  }

  return {
    flush,
    event({ type, id, accountXUserId: xUserId }) {
      // One event told of two accounts is two events, whatever X names them; told twice of one, it is one.
      const named = id === undefined ? { ids: [], units: 1 } : { ids: [`${xUserId ?? ''}/${id}`], units: 0 }
      charges.push({ ...(xUserId && { xUserId }), kind: eventKind(type), resource: 'event', calls: 0, ...named })
      if (charges.length >= MOST_GATHERED) void flush()
      else later()
    },
    answered(accountId, endpoint, answer, named) {
      const { kind: usual, owned = false, resource } = billingOf(endpoint)
      const kind = named ?? usual
      const { ids, unnamed } = resource === null ? { ids: [], unnamed: 1 } : resourcesIn(answer.body)
      charges.push({ caller: accountId ?? APP, kind, owned, resource, calls: 1, units: unnamed, ids })
      later()
    },
    async close() {
      closed = true
      await flush()
      clearTimeout(timer)
    },
  }
}
