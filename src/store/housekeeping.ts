import { BULK_UPDATE_DAYS } from '../domain/retention.ts'
import type { PrismaClient } from '../generated/prisma/client.ts'

/** What is kept how long, in days. */
export interface Retention {
  /** Undefined: events are kept for ever (they are the audit trail). */
  readonly events?: number | undefined
}

const DEAD_LETTER_DAYS = 30
const WORKER_DAYS = 1
/** Beyond their ten minutes, so that a late answer is told why. */
const AUTHORIZATION_DAYS = 1
/** Longer than the memory of the rule that counts them (requesters/email.ts). */
const CONFIRMATION_DAYS = 7
/** The longest memory of the rule that counts them (domain/xchat-pin.ts), three times over. */
const PIN_ATTEMPT_DAYS = 90

/** A year and a month, to compare with; `account.spend` reaches as far. */
const SPEND_DAYS = 400
/** X charges for a thing once a UTC day. */
const BILLED_DAYS = 2
/** Longer than X's longest window. */
const RATE_LIMIT_DAYS = 2

/**
 * Removes what has outlived its use. Run daily; running it twice does no harm. Once `signal` is aborted, what is large is
 * left to the next run.
 */
export async function keepHouse(prisma: PrismaClient, { events }: Retention, signal?: AbortSignal): Promise<void> {
  await prisma.$executeRaw`
    DELETE FROM source_cursor c WHERE c.source LIKE 'conversation:%' AND c.synced_at < now() - interval '8 days'`
  await prisma.$executeRaw`
    DELETE FROM dead_letter WHERE last_seen_at < now() - ${DEAD_LETTER_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM worker_process WHERE heartbeat_at < now() - ${WORKER_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM account_authorization WHERE expires_at < now() - ${AUTHORIZATION_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM requester_sign_in WHERE expires_at < now() - ${AUTHORIZATION_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM email_confirmation WHERE expires_at < now() - ${CONFIRMATION_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM xchat_pin_attempt WHERE started_at < now() - ${PIN_ATTEMPT_DAYS} * interval '1 day'`
  await prisma.$executeRaw`
    DELETE FROM x_spend WHERE day < (now() AT TIME ZONE 'UTC')::date - ${SPEND_DAYS}::int`
  await prisma.$executeRaw`
    DELETE FROM x_billed_resource WHERE day < (now() AT TIME ZONE 'UTC')::date - ${BILLED_DAYS}::int`
  await prisma.$executeRaw`
    DELETE FROM x_rate_limit WHERE coalesce(begun_at, answered_at) < now() - ${RATE_LIMIT_DAYS} * interval '1 day'`
  await pruneBulkUpdates(prisma, signal)
  if (events !== undefined) await pruneEvents(prisma, events, signal)
}

/** Rows deleted at a time: short transactions, and a stop in between loses little. */
const PRUNE_BATCH = 10_000

/**
 * Finished bulk updates, each of which may have 100,000 items: these first, in slices, so that no cascade holds them all.
 * Whoever undoes one holds its row, and finds it too old afterwards (bulk/undo.ts): nothing is undone by half. One that is
 * being undone stays until that is over: the job that does it knows by it that it is an undo.
 */
async function pruneBulkUpdates(prisma: PrismaClient, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const [old] = await prisma.$queryRaw<{ id: string }[]>`
      SELECT id::text AS id FROM bulk_update_job j
      WHERE finished_at < now() - ${BULK_UPDATE_DAYS} * interval '1 day' AND NOT EXISTS (
        SELECT FROM bulk_update_job u WHERE u.undo_of_id = j.id AND u.finished_at IS NULL)
      ORDER BY created_at LIMIT 1`
    if (!old) return
    for (let deleted = PRUNE_BATCH; deleted === PRUNE_BATCH; ) {
      if (signal?.aborted) return
      deleted = await prisma.$executeRaw`
        WITH job AS (SELECT id FROM bulk_update_job WHERE id = ${old.id}::uuid FOR UPDATE)
        DELETE FROM bulk_update_item WHERE (job_id, place) IN (
          SELECT i.job_id, i.place FROM bulk_update_item i JOIN job ON job.id = i.job_id
          ORDER BY i.place DESC LIMIT ${PRUNE_BATCH})`
    }
    await prisma.$executeRaw`DELETE FROM bulk_update_job WHERE id = ${old.id}::uuid`
  }
}

/** Forgets events older than `days`. Positions before the last one forgotten are expired from then on. */
export async function pruneEvents(prisma: PrismaClient, days: number, signal?: AbortSignal): Promise<void> {
  // Offsets are in order of time, so this reads what is to be forgotten and one event more.
  const [found] = await prisma.$queryRaw<{ last: bigint | null }[]>`
    SELECT coalesce(
      (SELECT "offset" - 1 FROM event WHERE at >= now() - ${days} * interval '1 day' ORDER BY "offset" LIMIT 1),
      (SELECT max("offset") FROM event)) AS last`
  const last = found?.last ?? 0n
  // The floor first, and by itself: every writer waits for that row, and nobody shall read what is half gone.
  await prisma.$executeRaw`UPDATE event_log_head SET floor = ${last} WHERE id = 1 AND floor < ${last}`
  for (let deleted = PRUNE_BATCH; deleted === PRUNE_BATCH && !signal?.aborted; ) {
    deleted = await prisma.$executeRaw`
      DELETE FROM event WHERE "offset" IN (
        SELECT "offset" FROM event WHERE "offset" <= ${last} ORDER BY "offset" LIMIT ${PRUNE_BATCH})`
  }
}
