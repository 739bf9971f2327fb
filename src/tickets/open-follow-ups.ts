import { MAX_COMMENTS } from '../domain/capture.ts'
import type { ChangeScope } from '../store/store.ts'

/**
 * F26: what goes on from a ticket by the same requester, and is open and not full: ids, the newest first. Through what was
 * closed or merged since, too. Whoever means to write to one locks it and looks again.
 */
export async function openFollowUpsOf(
  { db }: Pick<ChangeScope, 'db'>,
  { id, requesterId }: { readonly id: string; readonly requesterId: string },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE line AS (
      SELECT id, merged_into_id FROM ticket WHERE id = ${id}::uuid
      UNION
      SELECT n.id, n.merged_into_id FROM line l CROSS JOIN LATERAL (
        SELECT f.id, f.merged_into_id FROM ticket f WHERE f.follow_up_of_id = l.id
        UNION ALL
        SELECT m.id, m.merged_into_id FROM ticket m WHERE m.id = l.merged_into_id
      ) n
    )
    SELECT t.id::text AS id FROM ticket t JOIN line USING (id)
    WHERE t.id <> ${id}::uuid AND t.requester_id = ${requesterId}::uuid AND t.status <> 'CLOSED'
      AND t.deleted_at IS NULL AND t.comment_count < ${MAX_COMMENTS}
    ORDER BY t.number DESC`
  return rows.map((row) => row.id)
}
