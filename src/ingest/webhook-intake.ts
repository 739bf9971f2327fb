import { createHash } from 'node:crypto'
import type { Actor } from '../domain/event.ts'
import type { Store } from '../store/store.ts'
import { DRAIN } from './webhook-drain.ts'

/*
 * What X's webhook calls bring, into the database. X wants an answer within ten seconds and means by it that the event is
 * kept: so it is kept as it came, and read by a worker. What arrives during a commit goes into the next one, together:
 * a thousand calls cost a few commits.
 */

export interface WebhookIntake {
  /**
   * Resolves when the body is committed, with the job that reads it. Rejects when the database does not take it in time;
   * it may then be kept all the same, and X's next try does no harm.
   */
  keep(body: string): Promise<void>
}

const INGEST: Actor = { kind: 'system', part: 'ingest' }
/** Half of X's ten seconds: the other half is for the way. */
const PATIENCE_MS = 5_000
const MAX_BATCH = 500
/** Bodies that wait, in characters. Beyond that X is asked to come again. */
const MAX_WAITING = 32 * 1024 * 1024

interface Waiting {
  readonly body: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export function createWebhookIntake({
  store,
  patienceMs = PATIENCE_MS,
}: {
  store: Store
  patienceMs?: number
}): WebhookIntake {
  const waiting = new Set<Waiting>()
  let size = 0
  let working = false

  async function work(): Promise<void> {
    working = true
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, MAX_BATCH)
      for (const each of batch) remove(each)
      try {
        await commit(batch.map(({ body }) => body))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    working = false
  }

  function remove(each: Waiting): void {
    if (waiting.delete(each)) size -= each.body.length
  }

  async function commit(received: readonly string[]): Promise<void> {
    // PostgreSQL stores no NUL; JSON has none either, so what this changes is a dead letter anyway.
    const bodies = received.map((body) => body.replaceAll('\u0000', '\ufffd'))
    const digests = bodies.map((body) => createHash('sha256').update(body).digest('hex'))
    await store.change(INGEST, async ({ db, enqueue }) => {
      await db.$executeRaw`
        INSERT INTO activity_delivery (body, digest)
        SELECT d.body, d.digest FROM unnest(${bodies}::text[], ${digests}::text[]) WITH ORDINALITY AS d(body, digest, nth)
        ORDER BY d.nth
        ON CONFLICT (digest) DO NOTHING`
      enqueue(DRAIN)
    })
  }

  return {
    keep(body) {
      if (size + body.length > MAX_WAITING) return Promise.reject(new Error('too much waits for the database'))
      return new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          remove(mine)
          reject(new Error('the database did not take it in time'))
        }, patienceMs)
        const mine: Waiting = {
          body,
          resolve() {
            clearTimeout(timer)
            resolve()
          },
          reject(error) {
            clearTimeout(timer)
            reject(error)
          },
        }
        waiting.add(mine)
        size += body.length
        if (!working) void work()
      })
    },
  }
}
