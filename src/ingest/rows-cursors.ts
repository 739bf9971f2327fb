import { compareIds } from '../domain/x-id.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { json } from '../store/json-parameter.ts'
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
  // Everything up to the reading's beginning is known; what came while it went on may not be.
  const rows = [...furthest.values()].map(({ begunAt, gap, ...move }) => ({
    ...move,
    ...gap,
    agoMs: gap || begunAt === null ? null : begunAt === undefined ? 0 : Math.max(0, performance.now() - begunAt),
  }))
  await db.$executeRaw`
    INSERT INTO source_cursor AS c (account_id, source, since_id, gap_until_id, gap_newest_id, synced_at)
    SELECT m."accountId", m.source, m."sinceId", m."untilId", m."newestId", clock_timestamp() - m."agoMs" * interval '1 millisecond'
    FROM jsonb_to_recordset(${json(rows)}::jsonb)
      AS m("accountId" uuid, source text, "sinceId" text, "untilId" text, "newestId" text, "agoMs" float8)
    ORDER BY m."accountId", m.source
    ON CONFLICT (account_id, source) DO UPDATE SET
      since_id = CASE WHEN excluded.since_id IS NULL THEN c.since_id
                      WHEN c.since_id IS NULL OR excluded.since_id::numeric > c.since_id::numeric THEN excluded.since_id
                      ELSE c.since_id END,
      gap_until_id = excluded.gap_until_id, gap_newest_id = excluded.gap_newest_id,
      -- One in the future is of before the database's clock went back.
      synced_at = greatest(CASE WHEN c.synced_at <= clock_timestamp() + interval '1 second' THEN c.synced_at END, excluded.synced_at)`
}
