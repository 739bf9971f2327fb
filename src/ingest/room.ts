/** How much of something may be under way; whoever brings more waits for room. */
export interface Room {
  /** Resolves as soon as less than the most is under way, or the signal has aborted. */
  room(): Promise<void>
  /** Counts the work until it has ended. */
  during<Result>(work: Promise<Result>): Promise<Result>
}

export function createRoom(most: number, signal: AbortSignal): Room {
  let underWay = 0
  let waiting: (() => void)[] = []
  const wake = () => {
    for (const resolve of waiting) resolve()
    waiting = []
  }
  signal.addEventListener('abort', wake, { once: true })
  return {
    async room() {
      while (underWay >= most && !signal.aborted) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    async during(work) {
      underWay++
      try {
        return await work
      } finally {
        underWay--
        wake()
      }
    },
  }
}
