import type { Logger } from 'pino'

/**
 * One log line when something goes down and one when it is back, however many attempts fail between.
 * Only the message of an error is logged: ioredis hangs the arguments of HELLO and AUTH, the password
 * among them, on its errors.
 */
export class Outage {
  readonly #what: string
  readonly #logger: Logger | undefined
  #active = false

  constructor(what: string, logger?: Logger) {
    this.#what = what
    this.#logger = logger
  }

  get active(): boolean {
    return this.#active
  }

  failed(reason: unknown): void {
    if (this.#active) return
    this.#active = true
    this.#logger?.warn(
      { reason: reason instanceof Error ? reason.message : String(reason) },
      `${this.#what}: down, trying again`,
    )
  }

  ended(): void {
    if (!this.#active) return
    this.#active = false
    this.#logger?.info(`${this.#what}: back`)
  }
}
