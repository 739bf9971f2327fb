import type { ChangeScope } from '../store/store.ts'

/**
 * Where a ticket went that was merged, through further merges, too (F70): the id of the last one, locked. It may be closed
 * or deleted by now. Undefined: the ticket was not merged. (Ingestion follows merges for many at once: ingest/facts-threads.ts.)
 */
export async function lockMergeTarget({ db }: Pick<ChangeScope, 'db'>, ticketId: string): Promise<string | undefined> {
  let locked: string | undefined
  // Somebody may merge the last one while we wait for its lock: then it goes on from there.
  for (let end = await endOf(db, ticketId); end !== undefined; end = await endOf(db, end)) {
    await db.$queryRaw`SELECT id FROM ticket WHERE id = ${end}::uuid FOR UPDATE`
    locked = end
  }
  return locked
}

async function endOf(db: ChangeScope['db'], ticketId: string): Promise<string | undefined> {
  const [end] = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE chain AS (
      SELECT id, merged_into_id FROM ticket WHERE id = ${ticketId}::uuid
      UNION
      SELECT t.id, t.merged_into_id FROM ticket t JOIN chain c ON t.id = c.merged_into_id
    )
    SELECT id FROM chain WHERE merged_into_id IS NULL AND id <> ${ticketId}::uuid`
  return end?.id
}
