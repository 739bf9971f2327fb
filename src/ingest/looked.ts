import type { Prisma } from '../generated/prisma/client.ts'

/**
 * Notes that X was asked whether these posts are still there. X charges for each look, and posts may wait for years: one is
 * looked at daily at first, and the older it is, the less often.
 */
export async function noteLooked(
  db: Pick<Prisma.TransactionClient, '$executeRaw'>,
  postIds: readonly string[],
): Promise<void> {
  await db.$executeRaw`
    UPDATE incoming_post SET looked_at = clock_timestamp(),
      look_due_at = clock_timestamp() + greatest(interval '1 day', (clock_timestamp() - posted_at) / 9)
    WHERE id = ANY(${postIds}::text[])`
}
