import { z } from 'zod'
import { carriedOn, type LagSource, type SourceLag, secondsBehind } from '../domain/lag.ts'
import { XCHAT_CURSORS, XCHAT_HEARD } from '../domain/xchat-cursor.ts'
import { Prisma } from '../generated/prisma/client.ts'
import { SEARCHED } from './searched-tickets.ts'
import { TOLD_SOURCES, type ToldSource, toldCursor } from './told.ts'

/* Lag from the database alone, so that processes that read no source know it, too. */

export interface AccountLag {
  /** Of the source that is furthest behind. */
  readonly seconds: number
  readonly sources: readonly SourceLag[]
}

interface Row {
  readonly id: string
  readonly now: Date
  readonly capturesFrom: Date
  readonly captureDirectMessages: boolean
  readonly trackLikes: boolean
  readonly readsXChat: boolean
  /** Milliseconds since 1970 by the name of the cursor. */
  readonly cursors: unknown
  readonly conversations: Date
  readonly connectedAt: Date | null
  readonly aliveAt: Date | null
}

const Cursors = z.record(z.string(), z.number())

/** The cursor of each source. */
const CURSORS: Readonly<Record<ToldSource, string>> = {
  MENTIONS: 'mentions',
  OWN_POSTS: 'own-posts',
  LIKES: 'likes',
  MESSAGES: 'direct-messages',
  XCHAT: XCHAT_CURSORS,
}
/** And all that says how far it can be trusted. */
const NAMES = [...Object.values(CURSORS), XCHAT_HEARD, ...TOLD_SOURCES.map(toldCursor)]

/**
 * Since when a ticket's conversation is of concern: since the post that opened it was made, for what its author went on to
 * say until the ticket was here may be missing; of a liked post since the ticket is here, for when it was liked X does not
 * say.
 */
const OF_CONCERN = Prisma.sql`
  CASE WHEN t.channel = 'X_CORP' AND t.source_post_id IS NOT NULL
    -- The time of an id (domain/x-id.ts).
    THEN least(t.created_at, to_timestamp(((floor(t.source_post_id::numeric / 4194304) + 1288834974657) / 1000)::float8))
    ELSE t.created_at END`

/**
 * The lag of the active ones of these accounts (null: of all), by id. What was never read is behind since the account
 * captures; conversations count by the one that was read longest ago, of those that are still read, and one that was not
 * read since somebody has a ticket in it is behind since that is of concern.
 */
export async function readLag(
  db: Pick<Prisma.TransactionClient, '$queryRaw'>,
  accountIds: readonly string[] | null,
): Promise<ReadonlyMap<string, AccountLag>> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT a.id, clock_timestamp() AS now, a.captures_from AS "capturesFrom",
      a.capture_direct_messages AS "captureDirectMessages", a.track_likes AS "trackLikes",
      a.capture_direct_messages AND coalesce(k.status <> 'DISABLED', true) AS "readsXChat",
      coalesce((
        SELECT jsonb_object_agg(c.source, c.ms)
        FROM (
          SELECT source, coalesce(
            (extract(epoch FROM synced_at) * 1000)::float8,
            -- Switched on later than the account was, and not read yet: the id of that moment (domain/x-id.ts).
            (since_id::bigint >> 22) + 1288834974657
          ) AS ms
          FROM source_cursor WHERE account_id = a.id AND source = ANY (${NAMES})
        ) c
        WHERE c.ms IS NOT NULL
      ), '{}') AS cursors,
      coalesce((
        SELECT min(CASE WHEN r.synced_at >= t.created_at THEN r.synced_at ELSE greatest(a.captures_from, ${OF_CONCERN}) END)
        FROM ticket t
        LEFT JOIN source_cursor r ON r.account_id = t.account_id AND r.source = 'conversation:' || t.thread_key
        WHERE t.account_id = a.id AND ${SEARCHED}
      ), clock_timestamp()) AS conversations,
      s.connected_at AS "connectedAt", s.alive_at AS "aliveAt"
    FROM account a
    LEFT JOIN account_xchat k ON k.account_id = a.id
    LEFT JOIN activity_stream s ON s.id = 1
    WHERE a.status = 'ACTIVE' AND (${accountIds === null} OR a.id = ANY (${accountIds ?? []}::uuid[]))`
  return new Map(rows.map((row) => [row.id, lagOf(row)]))
}

function lagOf(row: Row): AccountLag {
  const { now, connectedAt, aliveAt } = row
  const cursors = Cursors.parse(row.cursors)
  const at = (cursor: string): Date | null => {
    const ms = cursors[cursor]
    return ms === undefined ? null : new Date(ms)
  }
  const read = (source: ToldSource) => at(CURSORS[source]) ?? row.capturesFrom
  const told = (source: ToldSource) =>
    carriedOn(read(source), { connectedAt, aliveAt, toldSince: at(toldCursor(source)) }, now)
  // The stream tells that there is news, not what: the round that begins then carries on.
  const heard = at(XCHAT_HEARD)
  const unread = heard !== null && heard >= read('XCHAT')
  const wanted: readonly (readonly [LagSource, Date])[] = [
    ['MENTIONS', told('MENTIONS')],
    ['CONVERSATIONS', row.conversations],
    ['OWN_POSTS', told('OWN_POSTS')],
    ...(row.trackLikes ? [['LIKES', told('LIKES')] as const] : []),
    ...(row.captureDirectMessages ? [['MESSAGES', told('MESSAGES')] as const] : []),
    ...(row.readsXChat ? [['XCHAT', unread ? read('XCHAT') : told('XCHAT')] as const] : []),
  ]
  const sources = wanted.map(([source, syncedAt]) => ({ source, syncedAt, seconds: secondsBehind(syncedAt, now) }))
  return { seconds: Math.max(...sources.map(({ seconds }) => seconds)), sources }
}
