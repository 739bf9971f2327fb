/** Something that sleeps until it is woken, and then looks by itself at what has changed. */
export interface Sleeper {
  wake(): void
}

/**
 * One bell for all who sleep. Nobody is told what happened, so there is no queue per sleeper; bells that follow
 * one another before the sleepers ran wake them once. Leaving is immediate and leaves nothing behind, which a
 * shared promise could not offer.
 */
export class Wakeups {
  #sleepers = new Set<Sleeper>()

  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper)
  }

  delete(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper)
  }

  wakeAll(): void {
    if (this.#sleepers.size === 0) return
    const woken = this.#sleepers
    this.#sleepers = new Set()
    for (const sleeper of woken) sleeper.wake()
  }
}
