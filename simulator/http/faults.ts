/** How a matched request goes wrong. */
export type FaultKind = 'status' | 'html' | 'truncate' | 'half-json' | 'hang' | 'hang-body' | 'delay' | 'disconnect'

export interface Fault {
  /**
   * `path` is exact, a pattern with `:parameters` like the routes' own, or a prefix when it ends in `*`. Without
   * either, every call to X matches.
   */
  readonly match: { readonly method?: string | undefined; readonly path?: string | undefined }
  readonly kind: FaultKind
  /** For `status` and `html`. 503 when absent. */
  readonly status?: number | undefined
  /** For `delay`. */
  readonly delayMs?: number | undefined
  /** For a `status` of 429: when the window ends, in seconds from now; null leaves X's rate-limit headers out. */
  readonly resetSeconds?: number | null | undefined
  /** How many requests it hits; 1 when absent, null for all until faults are cleared. */
  readonly times?: number | null | undefined
}

/** Faults waiting for the requests that they match, first come first served. */
export class Faults {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times === null ? Number.POSITIVE_INFINITY : (fault.times ?? 1) })
  }

  clear(): void {
    this.#waiting = []
  }

  /** The fault that hits this request, if any; it is used up by one. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.#waiting.find(({ fault }) => matches(fault, method, path))
    if (!hit) return undefined
    hit.left -= 1
    if (hit.left <= 0) this.#waiting = this.#waiting.filter((entry) => entry !== hit)
    return hit.fault
  }

  /** `left` is null where there is no end. */
  list(): readonly (Fault & { readonly left: number | null })[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, left: Number.isFinite(left) ? left : null }))
  }
}

function matches({ match }: Fault, method: string, path: string): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== method) return false
  if (match.path === undefined) return true
  if (match.path.endsWith('*')) return path.startsWith(match.path.slice(0, -1))
  const wanted = match.path.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => segment.startsWith(':') || segment === given[index])
  )
}
