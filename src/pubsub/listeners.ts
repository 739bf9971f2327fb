import type { Logger } from 'pino'

/** A set of listeners where one that throws is logged and keeps nothing from the others. */
export class Listeners<T extends readonly unknown[]> {
  readonly #entries = new Set<{ readonly listener: (...args: T) => void }>()
  readonly #logger: Logger | undefined

  constructor(logger?: Logger) {
    this.#logger = logger
  }

  /** Adds one and returns the way to remove it. The same function added twice is called twice. */
  add(listener: (...args: T) => void): () => void {
    const entry = { listener }
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  emit(...args: T): void {
    for (const { listener } of this.#entries) {
      try {
        listener(...args)
      } catch (err) {
        this.#logger?.error({ err }, 'a listener of the bus failed')
      }
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}
