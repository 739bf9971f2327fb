/**
 * Work that is done by one at a time, and never on old knowledge: who asks while it is being done has it done once more,
 * together with all others who ask meanwhile. What is given resolves, or rejects, with a run that began after the asking.
 */
export function inTurn(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const run = (): Promise<void> => {
    const mine = work().finally(() => {
      if (running === mine) running = undefined
    })
    running = mine
    return mine
  }
  return () => {
    if (next) return next
    if (!running) return run()
    next = running
      .catch(() => {})
      .then(() => {
        next = undefined
        return run()
      })
    return next
  }
}
