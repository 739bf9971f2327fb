import type { Logger } from 'pino'

/** What was opened, to be closed in the opposite order. */
export interface Disposers {
  add(name: string, dispose: () => Promise<void> | void): void
  /** Closes everything, whatever one of them throws. May be called again. */
  close(): Promise<void>
}

export function createDisposers(logger: Logger): Disposers {
  const open: { name: string; dispose: () => Promise<void> | void }[] = []
  let closing: Promise<void> | undefined
  async function closeAll(): Promise<void> {
    for (let last = open.pop(); last; last = open.pop()) {
      try {
        await last.dispose()
      } catch (error) {
        logger.warn({ err: error, part: last.name }, 'a part did not close cleanly')
      }
    }
  }
  return {
    add: (name, dispose) => void open.push({ name, dispose }),
    close() {
      closing ??= closeAll()
      return closing
    },
  }
}
