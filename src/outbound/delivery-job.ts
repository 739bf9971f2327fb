import type { NewJob } from '../store/store.ts'

/** The job that sends what waits of one account: one at a time, whoever enqueues it. */
export const DELIVER = 'deliver'

export function deliveryJob(accountId: string, runAt?: Date): NewJob {
  const name = `${DELIVER}/${accountId}`
  return { name: DELIVER, payload: { accountId }, queue: name, key: name, ...(runAt && { runAt }) }
}
