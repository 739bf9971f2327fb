import { compareIds, idAt } from '../../domain/x-id.ts'
import type { Store } from '../../store/store.ts'
import type { CursorMove } from '../cursor.ts'
import { SEARCHED } from '../searched-tickets.ts'
import { packSearches, type SearchedConversation } from './pack-searches.ts'
import { searchable } from './searchable.ts'

/*
 * Which conversations are read next. No stream brings the replies deeper in a thread, so the open
 * tickets' conversations are searched, many in one query, the ones that are overdue for their
 * activity first. Each conversation has a cursor of its own.
 */

export interface ConversationQuery {
  readonly query: string
  /** Posts after this one; undefined reads the seven days that X's recent search reaches. */
  readonly sinceId: string | undefined
  readonly conversationIds: readonly string[]
}

/** Searches a round: with a round each 15 s, 240 of the 300 that X allows in 15 minutes. */
export const QUERIES_A_ROUND = 4
/** More than a round's queries have room for. */
const MOST_CONVERSATIONS = 60
/**
 * X's recent search ends 30 seconds before it is asked, where no end is given (docs.x.com, "Search Posts": `end_time`).
 * A reading has found all that was said until then, and is gone on with from there.
 */
const SHOWN_AFTER_MS = 30_000

interface Row {
  readonly id: string
  readonly since_id: string | null
  readonly synced_at: Date | null
  /** The oldest post that opened a ticket after the last reading: its author was not searched for then. */
  readonly unread_id: string | null
  readonly people: readonly string[]
}

/** The searches of one round for one account. Nothing from before `capturesFrom` is asked for (F6). */
export async function conversationQueries(
  store: Store,
  account: { readonly id: string; readonly xUserId: string; readonly capturesFrom: Date },
): Promise<ConversationQuery[]> {
  const { id: accountId, xUserId, capturesFrom } = account
  const start = idAt(capturesFrom.getTime())
  const due = await store.prisma.$queryRaw<Row[]>`
    WITH conversation AS (
      SELECT t.thread_key AS id, c.since_id, c.synced_at, max(t.updated_at) AS active_at
      FROM ticket t
      LEFT JOIN source_cursor c ON c.account_id = t.account_id AND c.source = 'conversation:' || t.thread_key
      WHERE t.account_id = ${accountId}::uuid AND ${SEARCHED}
      GROUP BY t.thread_key, c.since_id, c.synced_at
    ), due AS (
      SELECT id, since_id, synced_at, row_number() OVER (
        -- Overdue: how long ago it was read, against how long it has been quiet.
        ORDER BY extract(epoch FROM now() - coalesce(synced_at, 'epoch')) / (60 + extract(epoch FROM now() - active_at)) DESC
      ) AS place
      FROM conversation ORDER BY place LIMIT ${MOST_CONVERSATIONS}
    )
    -- Who takes part is asked of those alone.
    SELECT due.id, due.since_id, due.synced_at,
      min(t.source_post_id::numeric) FILTER (WHERE due.synced_at < t.created_at)::text AS unread_id,
      array_agg(DISTINCT u.x_profile_id) FILTER (WHERE u.x_profile_id IS NOT NULL) AS people
    FROM due
    JOIN ticket t ON t.thread_key = due.id AND t.account_id = ${accountId}::uuid AND ${SEARCHED}
    JOIN "user" u ON u.id = t.requester_id
    GROUP BY due.place, due.id, due.since_id, due.synced_at
    ORDER BY due.place`
  const conversations = due.map(
    (row): SearchedConversation => ({
      id: row.id,
      people: row.people ?? [],
      sinceId: readUntil(row),
    }),
  )
  return packSearches(conversations, xUserId, QUERIES_A_ROUND).map(({ query, conversationIds, sinceIds }) => {
    // A conversation's id is its first post's: every reply has a higher one.
    const from = conversationIds.map((id, at) => newer(id, sinceIds[at] ?? '0'))
    const read = from.sort(compareIds)[0] ?? '0'
    return { query, conversationIds, sinceId: searchable(newer(read, start)) }
  })
}

const newer = (a: string, b: string): string => (compareIds(a, b) > 0 ? a : b)

/** Null: never. What was said in the last moments before a reading is asked for again. */
function readUntil({ since_id, synced_at, unread_id }: Row): string | null {
  if (synced_at === null) return since_id
  const known = [since_id, idAt(synced_at.getTime()), unread_id && String(BigInt(unread_id) - 1n)]
  return known.filter((id) => id !== null).sort(compareIds)[0] ?? null
}

/** The cursors of a search that was read to its end. `newestId` null: nothing new. */
export function conversationCursors(
  accountId: string,
  { conversationIds }: ConversationQuery,
  newestId: string | null,
  begunAt: number,
): CursorMove[] {
  return conversationIds.map((id) => ({
    accountId,
    source: `conversation:${id}`,
    sinceId: newestId,
    begunAt: begunAt - SHOWN_AFTER_MS,
  }))
}
