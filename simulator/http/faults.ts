/** How a matched request goes wrong. */
export type FaultKind = 'status' | 'html' | 'truncate' | 'hang' | 'delay' | 'disconnect'

export interface Fault {
  /** `path` is exact, or a prefix when it ends in `*`. Without either, every call to X matches. */
  readonly match: { readonly method?: string | undefined; readonly path?: string | undefined }
  readonly kind: FaultKind
  /** For `status` and `html`. 503 when absent. */
  readonly status?: number | undefined
  /** For `delay`. */
  readonly delayMs?: number | undefined
  /** For a `status` of 429: when the window ends, in seconds from now. */
  readonly resetSeconds?: number | undefined
  /** How many requests it hits; 1 when absent. */
  readonly times?: number | undefined
}

/** Faults waiting for the requests that they match, first come first served. */
export class Faults {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 })
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

  list(): readonly (Fault & { readonly left: number })[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, left }))
  }
}

function matches({ match }: Fault, method: string, path: string): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== method) return false
  if (match.path === undefined) return true
  return match.path.endsWith('*') ? path.startsWith(match.path.slice(0, -1)) : path === match.path
}
