import { carriedOn, type LagSource, type SourceLag, secondsBehind } from '../domain/lag.ts'
import type { Prisma } from '../generated/prisma/client.ts'

/* Lag from the database alone, so that processes that read no source know it, too. */

export interface AccountLag {
  /** Of the source that is furthest behind. */
  readonly seconds: number
  readonly sources: readonly SourceLag[]
}

interface Row {
  readonly id: string
  readonly now: Date
  readonly captureDirectMessages: boolean
  readonly trackLikes: boolean
  readonly mentions: Date
  readonly likes: Date
  readonly messages: Date
  readonly conversations: Date
  readonly connectedAt: Date | null
  readonly aliveAt: Date | null
}

/**
 * The lag of the active ones of these accounts (null: of all), by id. What was never read is behind since the account
 * captures; conversations count by the one that was read longest ago, of those that are still read.
 */
export async function readLag(
  db: Pick<Prisma.TransactionClient, '$queryRaw'>,
  accountIds: readonly string[] | null,
): Promise<ReadonlyMap<string, AccountLag>> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT a.id, clock_timestamp() AS now,
      a.capture_direct_messages AS "captureDirectMessages", a.track_likes AS "trackLikes",
      coalesce(max(c.synced_at) FILTER (WHERE c.source = 'mentions'), a.captures_from) AS mentions,
      coalesce(max(c.synced_at) FILTER (WHERE c.source = 'likes'), a.captures_from) AS likes,
      -- Switched on later than the account was, and not read yet: the cursor is the id of that moment (domain/x-id.ts).
      coalesce(max(coalesce(c.synced_at, to_timestamp(((c.since_id::bigint >> 22) + 1288834974657) / 1000.0))) FILTER (WHERE c.source = 'direct-messages'), a.captures_from) AS messages,
      coalesce((
        SELECT min(coalesce(r.synced_at, a.captures_from))
        FROM ticket t
        LEFT JOIN source_cursor r ON r.account_id = t.account_id AND r.source = 'conversation:' || t.thread_key
        WHERE t.account_id = a.id AND t.channel = 'X_CORP' AND t.status <> 'CLOSED'
          AND t.updated_at > now() - interval '7 days'
      ), clock_timestamp()) AS conversations,
      s.connected_at AS "connectedAt", s.alive_at AS "aliveAt"
    FROM account a
    LEFT JOIN source_cursor c ON c.account_id = a.id AND c.source IN ('mentions', 'likes', 'direct-messages')
    LEFT JOIN activity_stream s ON s.id = 1
    WHERE a.status = 'ACTIVE' AND (${accountIds === null} OR a.id = ANY (${accountIds ?? []}::uuid[]))
    GROUP BY a.id, s.connected_at, s.alive_at`
  return new Map(rows.map((row) => [row.id, lagOf(row)]))
}

function lagOf(row: Row): AccountLag {
  const { now } = row
  const told = (at: Date) => carriedOn(at, row, now)
  const wanted: [LagSource, Date][] = [
    ['MENTIONS', told(row.mentions)],
    ['CONVERSATIONS', row.conversations],
    ...(row.trackLikes ? [['LIKES', told(row.likes)] satisfies [LagSource, Date]] : []),
    ...(row.captureDirectMessages ? [['MESSAGES', told(row.messages)] satisfies [LagSource, Date]] : []),
  ]
  const sources = wanted.map(([source, syncedAt]) => ({ source, syncedAt, seconds: secondsBehind(syncedAt, now) }))
  return { seconds: Math.max(...sources.map(({ seconds }) => seconds)), sources }
}
