import { compareIds, idAt } from '../../domain/x-id.ts'
import type { Store } from '../../store/store.ts'
import type { CursorMove } from '../cursor.ts'
import { SEARCHED } from '../searched-tickets.ts'
import { searchable } from './searchable.ts'

/*
 * Which conversations are read next. No stream brings the replies deeper in a thread, so the open
 * tickets' conversations are searched, many in one query, the ones that are overdue for their
 * activity first. Each conversation has a cursor of its own.
 */

export interface ConversationQuery {
  /** `conversation_id:1 OR conversation_id:2 …` */
  readonly query: string
  /** Posts after this one; undefined reads the seven days that X's recent search reaches. */
  readonly sinceId: string | undefined
  readonly conversationIds: readonly string[]
}

/** X's recent search takes queries up to this long (self-serve access). */
const MAX_QUERY = 512
/** Searches a round: with a round each 15 s, 240 of the 300 that X allows in 15 minutes. */
export const QUERIES_A_ROUND = 4
/** "(" and ")" never needed; an operator with a 19-digit id and " OR " takes 39 characters. */
const CONVERSATIONS_A_QUERY = Math.floor((MAX_QUERY + 4) / 39)

/** The searches of one round for one account. Nothing from before `capturesFrom` is asked for (F6). */
export async function conversationQueries(
  store: Store,
  { id: accountId, capturesFrom }: { readonly id: string; readonly capturesFrom: Date },
): Promise<ConversationQuery[]> {
  const start = idAt(capturesFrom.getTime())
  const due = await store.prisma.$queryRaw<{ id: string; since_id: string | null }[]>`
    SELECT id, since_id FROM (
      SELECT t.thread_key AS id, c.since_id, c.synced_at, max(t.updated_at) AS active_at
      FROM ticket t
      LEFT JOIN source_cursor c ON c.account_id = t.account_id AND c.source = 'conversation:' || t.thread_key
      WHERE t.account_id = ${accountId}::uuid AND ${SEARCHED}
      GROUP BY t.thread_key, c.since_id, c.synced_at
    ) AS conversation
    -- Overdue: how long ago it was read, against how long it has been quiet.
    ORDER BY extract(epoch FROM now() - coalesce(synced_at, 'epoch')) / (60 + extract(epoch FROM now() - active_at)) DESC
    LIMIT ${QUERIES_A_ROUND * CONVERSATIONS_A_QUERY}`
  // Those never read are asked apart: their cursor is the conversation's start, and would drag the others back.
  const begun = due.filter((row) => row.since_id !== null)
  const fresh = due.filter((row) => row.since_id === null)
  return [...chunks(begun), ...chunks(fresh)].map((rows) => {
    const ids = rows.map(({ id }) => id)
    // A conversation's id is its first post's: every reply has a higher one.
    const read = rows.map(({ id, since_id }) => since_id ?? id).sort(compareIds)[0] ?? '0'
    const sinceId = compareIds(read, start) < 0 ? start : read
    return {
      query: ids.map((id) => `conversation_id:${id}`).join(' OR '),
      sinceId: searchable(sinceId),
      conversationIds: ids,
    }
  })
}

/** The cursors of a search that was read to its end. `newestId` null: nothing new. */
export function conversationCursors(
  accountId: string,
  { conversationIds }: ConversationQuery,
  newestId: string | null,
  begunAt: number,
): CursorMove[] {
  return conversationIds.map((id) => ({ accountId, source: `conversation:${id}`, sinceId: newestId, begunAt }))
}

function chunks<T>(rows: readonly T[]): T[][] {
  const found: T[][] = []
  for (let at = 0; at < rows.length; at += CONVERSATIONS_A_QUERY) found.push(rows.slice(at, at + CONVERSATIONS_A_QUERY))
  return found
}
