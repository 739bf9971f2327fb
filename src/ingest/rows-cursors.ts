import { compareIds } from '../domain/x-id.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { CursorMove } from './cursor.ts'

/** Moves cursors forward, never back: pages may be applied out of turn. */
export async function saveCursors(db: Prisma.TransactionClient, cursors: readonly CursorMove[]): Promise<void> {
  // The same cursor may come twice in one batch, and one statement must not touch a row twice.
  const furthest = new Map<string, CursorMove>()
  for (const move of cursors) {
    const key = `${move.accountId}/${move.source}`
    const other = furthest.get(key)?.sinceId
    if (!other || (move.sinceId && compareIds(move.sinceId, other) > 0)) furthest.set(key, move)
  }
  if (furthest.size === 0) return
  await db.$executeRaw`
    INSERT INTO source_cursor AS c (account_id, source, since_id, synced_at)
    SELECT m."accountId", m.source, m."sinceId", now()
    FROM jsonb_to_recordset(${JSON.stringify([...furthest.values()])}::jsonb)
      AS m("accountId" uuid, source text, "sinceId" text)
    ORDER BY m."accountId", m.source
    ON CONFLICT (account_id, source) DO UPDATE SET
      since_id = CASE WHEN excluded.since_id IS NULL THEN c.since_id
                      WHEN c.since_id IS NULL OR excluded.since_id::numeric > c.since_id::numeric THEN excluded.since_id
                      ELSE c.since_id END,
      synced_at = now()`
}
