import { createHash } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { json } from '../store/json-parameter.ts'
import type { Store } from '../store/store.ts'
import type { Reject } from './item.ts'

/** A payload is kept up to this many characters; X's largest event is far below. */
const MAX_PAYLOAD = 256 * 1024

/**
 * Keeps what could not be understood, with its reason. The same payload from the same source is one row that counts:
 * a bad post on a page that is read every few seconds must not fill the table.
 */
export async function keepDeadLetters(store: Store, source: string, rejects: readonly Reject[]): Promise<void> {
  const rows = new Map<string, { id: string; payload: string; reason: string; digest: string }>()
  for (const { payload, reason } of rejects) {
    const digest = createHash('sha256').update(source).update('\0').update(payload).digest('hex')
    const kept = payload.slice(0, MAX_PAYLOAD).replaceAll('\u0000', '').toWellFormed()
    rows.set(digest, { id: uuid(), payload: kept, reason: reason.replaceAll('\u0000', '').toWellFormed(), digest })
  }
  if (rows.size === 0) return
  await store.prisma.$executeRaw`
    INSERT INTO dead_letter AS d (id, source, reason, payload, digest)
    SELECT r.id, ${source}, r.reason, r.payload, r.digest
    FROM jsonb_to_recordset(${json([...rows.values()])}::jsonb)
      AS r(id uuid, reason text, payload text, digest text)
    ORDER BY r.digest
    ON CONFLICT (digest) DO UPDATE SET occurrences = d.occurrences + 1, last_seen_at = now()`
}
