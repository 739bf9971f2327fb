import type { Doorbell } from './bus.ts'

/** A bell that carries its events. */
export interface FullBell extends Doorbell {
  readonly events: NonNullable<Doorbell['events']>
}

const MAX_HELD = 64

/**
 * Bells that came before their predecessors. Two processes that commit one after the other publish in any order, so a
 * hole is mostly a matter of a millisecond; holding the early bell spares every process a read of the log.
 * When more than MAX_HELD wait, the oldest is dropped, and the log has to be read.
 */
export class EarlyBells {
  #held: FullBell[] = []

  add(bell: FullBell): void {
    this.#held.push(bell)
    if (this.#held.length > MAX_HELD) this.#held.shift()
  }

  /** Removes and returns one that continues a log ending at `head`; those of the past are dropped. */
  next(head: number): FullBell | undefined {
    if (this.#held.length === 0) return undefined
    this.#held = this.#held.filter((bell) => bell.head > head)
    const index = this.#held.findIndex((bell) => firstOf(bell) <= head + 1)
    return index < 0 ? undefined : this.#held.splice(index, 1)[0]
  }

  get waiting(): boolean {
    return this.#held.length > 0
  }

  clear(): void {
    this.#held = []
  }
}

/** The offset of the first event that the bell carries. */
export function firstOf(bell: FullBell): number {
  return bell.head - bell.events.length + 1
}
