import { pino } from 'pino'
import type { EventBody } from '../../src/domain/event.ts'
import type { Doorbell } from '../../src/pubsub/bus.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

export const silent = pino({ level: 'silent' })

/** A store with a bell that only notes who rang. */
export async function testStore(
  databaseUrl: string,
  options: { poolSize?: number; onRing?: (bell: Doorbell) => void } = {},
): Promise<Store> {
  const { poolSize = 3, onRing } = options
  return openStore({ databaseUrl, poolSize, logger: silent, bus: { ring: async (bell) => onRing?.(bell) } })
}

/** An event that only says its name, for tests of the log itself. */
export const note = (name: string): EventBody => ({ type: 'account.updated', accountId: ACCOUNT_ID, changed: [name] })
const ACCOUNT_ID = '00000000-0000-4000-8000-00000000000a'

export const nameOf = (body: EventBody): string =>
  body.type === 'account.updated' ? (body.changed[0] ?? '') : body.type

/** A generator of numbers in [0, 1) that begins the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
