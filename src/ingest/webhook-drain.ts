import type { Actor } from '../domain/event.ts'
import type { NewJob, Store } from '../store/store.ts'
import type { Activity } from './activity.ts'
import type { Inbox } from './inbox.ts'

/*
 * What webhooks brought, from the database into the inbox, in the order in which it came. A delivery is removed once it is
 * committed: a worker that is killed in between leaves it to the next one, and reading it twice does no harm.
 */

/** The job that reads deliveries. One at a time (its queue); one that waits is enough for all (its key). */
export const DRAIN: NewJob = { name: 'drain_activity', payload: {}, queue: 'activity', key: 'drain_activity' }

const INGEST: Actor = { kind: 'system', part: 'ingest' }
const MAX_BATCH = 1_000
/** Bytes of bodies that are read at a time. */
const MAX_BYTES = 8 * 1024 * 1024

export interface DrainServices {
  readonly store: Store
  readonly inbox: Pick<Inbox, 'room'>
  readonly activity: Activity
}

/** Reads until nothing is left. Throws when something is: the job is then tried again. */
export async function drainDeliveries(services: DrainServices, signal: AbortSignal | undefined): Promise<void> {
  const { store, inbox, activity } = services
  const failures: unknown[] = []
  for (let last = 0n; ; ) {
    await inbox.room()
    if (signal?.aborted) throw new Error('stopped before everything was read')
    const deliveries = await nextDeliveries(store, last)
    const newest = deliveries.at(-1)
    if (!newest) break
    const outcomes = await orAborted(
      Promise.allSettled(deliveries.map(({ body }) => activity.deliver('webhook', body))),
      signal,
    )
    const done = deliveries.flatMap(({ id }, index) => (outcomes[index]?.status === 'fulfilled' ? [id] : []))
    await store.prisma.$executeRaw`DELETE FROM activity_delivery WHERE id = ANY(${done}::bigint[])`
    for (const outcome of outcomes) if (outcome.status === 'rejected') failures.push(outcome.reason)
    last = newest.id
  }
  // What holds one up must not hold up those behind it.
  if (failures.length > 0) throw new Error(`${failures.length} deliveries were not committed`, { cause: failures[0] })
}

async function nextDeliveries({ prisma }: Store, after: bigint): Promise<{ id: bigint; body: string }[]> {
  return prisma.$queryRaw`
    SELECT id, body FROM (
      SELECT id, body, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before FROM (
        SELECT id, body FROM activity_delivery WHERE id > ${after} ORDER BY id LIMIT ${MAX_BATCH}) AS next) AS sized
    WHERE before < ${MAX_BYTES} ORDER BY id`
}

/** Does not wait longer than the signal: an inbox whose database is away would hold up the program's end. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('stopped before everything was committed'))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Has the job run if anything is left over whose job is gone, as after too many tries. */
export async function findDeliveries(store: Store): Promise<void> {
  await store.change(INGEST, async ({ db, enqueue }) => {
    if ((await db.activityDelivery.findFirst({ select: { id: true } })) !== null) enqueue(DRAIN)
  })
}
