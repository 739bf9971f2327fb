import type { LagSource } from '../domain/lag.ts'
import { json } from '../store/json-parameter.ts'
import type { Store } from '../store/store.ts'
import type { ActivityEventType } from '../x/client.ts'
import type { Standing } from './subscriptions.ts'

/*
 * Since when X has been asked to tell everything of a source, in the database: before that the stream proves nothing of
 * it, however long it has been connected.
 */

/** What the Activity API tells of. Conversations deeper down it does not. */
export type ToldSource = Exclude<LagSource, 'CONVERSATIONS'>

const EVENTS: Readonly<Record<ToldSource, readonly ActivityEventType[]>> = {
  MENTIONS: ['post.mention.create', 'post.reply.create'],
  OWN_POSTS: ['post.create'],
  LIKES: ['like.create'],
  MESSAGES: ['dm.received', 'dm.sent'],
  XCHAT: ['chat.received', 'chat.sent'],
}

export const TOLD_SOURCES: readonly ToldSource[] = ['MENTIONS', 'OWN_POSTS', 'LIKES', 'MESSAGES', 'XCHAT']

const PREFIX = 'told:'

/** The name of the row of `source_cursor` whose `synced_at` is that moment. */
export const toldCursor = (source: ToldSource): string => PREFIX + source

/** Keeps what is known of every account; of what is not among these, nothing is known any more. */
export async function keepTold({ prisma }: Pick<Store, 'prisma'>, standings: readonly Standing[]): Promise<void> {
  const byAccount = new Map<string, Map<ActivityEventType, Standing['standing']>>()
  for (const { want, standing } of standings) {
    if (want.accountId === undefined) continue
    const known = byAccount.get(want.accountId) ?? new Map<ActivityEventType, Standing['standing']>()
    byAccount.set(want.accountId, known.set(want.topic.eventType, standing))
  }
  const rows = [...byAccount].flatMap(([accountId, known]) =>
    TOLD_SOURCES.flatMap((source) => {
      const all = EVENTS[source].map((event) => known.get(event) ?? 'REFUSED')
      return all.includes('REFUSED') ? [] : [{ accountId, source: toldCursor(source), anew: all.includes('MADE') }]
    }),
  )
  await prisma.$executeRaw`
    WITH told AS (
      SELECT * FROM jsonb_to_recordset(${json(rows)}::jsonb) AS t("accountId" uuid, source text, anew boolean)
    ), forgotten AS (
      DELETE FROM source_cursor c
      WHERE starts_with(c.source, ${PREFIX})
        AND NOT EXISTS (SELECT FROM told t WHERE t."accountId" = c.account_id AND t.source = c.source)
    )
    INSERT INTO source_cursor (account_id, source, synced_at)
    SELECT a.id, t.source, CASE WHEN t.anew THEN clock_timestamp() ELSE coalesce(c.synced_at, clock_timestamp()) END
    FROM told t
    JOIN account a ON a.id = t."accountId"
    LEFT JOIN source_cursor c ON c.account_id = a.id AND c.source = t.source
    ORDER BY a.id, t.source
    ON CONFLICT (account_id, source) DO UPDATE SET synced_at = excluded.synced_at`
}
