import type { Logger } from 'pino'
import type { Bus, Doorbell } from './bus.ts'
import { Listeners } from './listeners.ts'

/** The bus of a single process. Bells are delivered before `ring` returns, are never lost, and after `close` are silent. */
export function createMemoryBus({ logger }: { readonly logger?: Logger } = {}): Bus {
  const bells = new Listeners<[Doorbell]>(logger)
  const gaps = new Listeners<[]>(logger)
  let closed = false
  return {
    async ring(bell) {
      if (!closed) bells.emit(bell)
    },
    listen: (listener) => bells.add(listener),
    async ready() {
      if (closed) throw new Error('The bus is closed.')
    },
    healthy: () => !closed,
    onGap: (listener) => gaps.add(listener),
    async close() {
      closed = true
      bells.clear()
      gaps.clear()
    },
  }
}
