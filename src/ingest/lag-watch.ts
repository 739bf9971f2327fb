import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { readLag } from './lag.ts'
import { pause } from './retry.ts'

/** Seconds that the account which is furthest behind may be behind X; grows while the database cannot be asked. */
export type LagWatch = () => number

const LOOK_MS = 5_000

/** Looks until `signal` aborts: metrics are read without waiting. */
export function watchLag(
  { store, logger }: { readonly store: Store; readonly logger: Logger },
  signal: AbortSignal,
): LagWatch {
  let behind = 0
  let lookedAt = performance.now()
  async function watch(): Promise<void> {
    while (!signal.aborted) {
      const asked = performance.now()
      try {
        const lags = await readLag(store.prisma, null)
        behind = Math.max(0, ...[...lags.values()].map(({ seconds }) => seconds))
        lookedAt = asked
      } catch (error) {
        logger.debug({ err: error }, 'how far ingestion is behind could not be read')
      }
      await pause(LOOK_MS, signal)
    }
  }
  void watch()
  return () => behind + (performance.now() - lookedAt) / 1000
}
