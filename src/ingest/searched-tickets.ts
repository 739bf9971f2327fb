import { Prisma } from '../generated/prisma/client.ts'

/**
 * Whose conversations are searched: tickets (`t`) that take posts, until they have been quiet for 30 days. X's recent
 * search shows the last seven days of a conversation, however long it was quiet before. A ticket that goes on by e-mail or
 * on the requester's page is in none of X's conversations, whose ids are numbers.
 */
export const SEARCHED = Prisma.sql`
  t.channel IN ('X_CORP', 'X_CORP_LIKE') AND (t.status <> 'CLOSED' OR t.merged_into_id IS NOT NULL)
  AND t.thread_key ~ '^[0-9]+$' AND t.deleted_at IS NULL AND t.updated_at > now() - interval '30 days'`
