import { expect } from 'vitest'
import { ingestedBy } from './metric.ts'
import type { PerchProcess } from './processes.ts'

/** Workers of which the one that ingests is killed and replaced, again and again; the others stand by. */
export interface WorkerPool {
  /** Resolves with the worker that has ingested most since the last look, as soon as one has ingested anything. */
  busiest(): Promise<PerchProcess>
  /** Resolves when all replacements are ready: others stand by. */
  full(): Promise<void>
  /** SIGKILL. Its replacement starts, and is not waited for. False: it had ended by itself. */
  kill(victim: PerchProcess): Promise<boolean>
  stop(): Promise<void>
}

export async function workerPool(size: number, start: () => Promise<PerchProcess>): Promise<WorkerPool> {
  const workers = new Set(await Promise.all(Array.from({ length: size }, start)))
  const starting = new Set<Promise<void>>()
  const ingested = new WeakMap<PerchProcess, number>()
  return {
    async busiest() {
      let found: PerchProcess | undefined
      const look = async () => {
        const counts = await Promise.all(
          [...workers].map(async (worker) => [worker, await ingestedBy(worker.url)] as const),
        )
        let most = 0
        for (const [worker, count] of counts) {
          const more = count - (ingested.get(worker) ?? 0)
          if (more > most) [most, found] = [more, worker]
          ingested.set(worker, count)
        }
        return found !== undefined
      }
      await expect.poll(look, { timeout: 30_000, interval: 10 }).toBe(true)
      if (!found) throw new Error('nobody ingests')
      return found
    },
    async full() {
      await Promise.all(starting)
    },
    async kill(victim) {
      workers.delete(victim)
      const hit = await victim.kill()
      const replaced = start().then((worker) => {
        workers.add(worker)
        starting.delete(replaced)
      })
      starting.add(replaced)
      return hit
    },
    async stop() {
      await Promise.all(starting)
      await Promise.all([...workers].map((worker) => worker.kill()))
    },
  }
}
