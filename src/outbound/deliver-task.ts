import { z } from 'zod'
import { deliveryJob } from '../domain/delivery-job.ts'
import type { Store } from '../store/store.ts'
import { type DeliverServices, deliver } from './deliver.ts'
import { OUTBOUND } from './rows.ts'

const Payload = z.object({ accountId: z.uuid().nullable() })

/** The task of the job `deliver`. Throws on a payload that is none of ours. */
export function createDeliverTask(services: DeliverServices) {
  return async (payload: unknown, signal: AbortSignal | undefined): Promise<void> => {
    await deliver(services, Payload.parse(payload).accountId, signal)
  }
}

/**
 * Begins again what is due and has nobody who sends it: a job that failed too often, or was lost with the database it was
 * restored from. Run every minute.
 */
export async function resumeDeliveries(store: Store): Promise<void> {
  const rows = await store.prisma.$queryRaw<{ accountId: string | null }[]>`
    SELECT DISTINCT account_id AS "accountId" FROM delivery
    WHERE finished_at IS NULL AND due_at < clock_timestamp() - interval '30 seconds'`
  if (rows.length === 0) return
  await store.change(OUTBOUND, async ({ enqueue }) => {
    // One that waits for X's window has a job that comes when it opens: that one stays as it is.
    for (const { accountId } of rows) enqueue({ ...deliveryJob(accountId), keepsTime: true })
  })
}
