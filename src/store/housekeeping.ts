import type { PrismaClient } from '../generated/prisma/client.ts'

/** What is kept how long, in days. */
export interface Retention {
  /** Undefined: events are kept for ever (they are the audit trail). */
  readonly events?: number | undefined
}

const DEAD_LETTER_DAYS = 30
const JOB_RESULT_DAYS = 30
const WORKER_DAYS = 1

/** Removes what has outlived its use. Run daily; running it twice does no harm. */
export async function keepHouse(prisma: PrismaClient, { events }: Retention): Promise<void> {
  await prisma.$executeRaw`
    DELETE FROM source_cursor c WHERE c.source LIKE 'conversation:%' AND c.synced_at < now() - interval '8 days'`
  await prisma.$executeRaw`
    DELETE FROM dead_letter WHERE last_seen_at < now() - ${DEAD_LETTER_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM job WHERE finished_at < now() - ${JOB_RESULT_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM worker_process WHERE heartbeat_at < now() - ${WORKER_DAYS} * interval '1 day'`
  if (events !== undefined) await pruneEvents(prisma, events)
}

/** Forgets events older than `days`. Positions before the last one forgotten are expired from then on. */
export async function pruneEvents(prisma: PrismaClient, days: number): Promise<void> {
  await prisma.$transaction(async (db) => {
    await db.$executeRaw`
      UPDATE event_log_head SET floor = greatest(floor, coalesce(
        (SELECT max("offset") FROM event WHERE at < now() - ${days} * interval '1 day'), 0)) WHERE id = 1`
    await db.$executeRaw`DELETE FROM event WHERE "offset" <= (SELECT floor FROM event_log_head WHERE id = 1)`
  })
}
