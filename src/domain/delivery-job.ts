export const DELIVER = 'deliver'

/** The job that sends what waits of one account (null: the e-mails), one at a time, whoever enqueues it. */
export function deliveryJob(accountId: string | null) {
  const name = `${DELIVER}/${accountId ?? 'email'}`
  return { name: DELIVER, payload: { accountId }, queue: name, key: name }
}
