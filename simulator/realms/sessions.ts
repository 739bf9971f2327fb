import type { Session } from './noise.ts'

/** The open Noise sessions of a realm. A client that finds its session gone opens another. */
export class Sessions {
  /** How long a client may leave its session alone and still use it. */
  static readonly LIFETIME_SECONDS = 5
  readonly #sessions = new Map<string, { readonly session: Session; usedAt: number }>()

  add(userId: string, id: number, session: Session): void {
    this.#forgetOld()
    this.#sessions.set(nameOf(userId, id), { session, usedAt: performance.now() })
  }

  get(userId: string, id: number): Session | undefined {
    const entry = this.#sessions.get(nameOf(userId, id))
    if (!entry) return undefined
    entry.usedAt = performance.now()
    return entry.session
  }

  /** The client's watch may run a little late: it gets double the time. */
  #forgetOld(): void {
    const oldest = performance.now() - 2_000 * Sessions.LIFETIME_SECONDS
    for (const [name, { usedAt }] of this.#sessions) if (usedAt < oldest) this.#sessions.delete(name)
  }
}

const nameOf = (userId: string, id: number) => `${id}:${userId}`
