import { roundOf } from '../domain/fair-queue.ts'
import { Prisma } from '../generated/prisma/client.ts'

/* Rounds of single answers (domain/fair-queue.ts), as the rows of `delivery` have them in `turn`. */

type Db = Pick<Prisma.TransactionClient, '$queryRaw' | '$executeRaw'>

/** What waits of an account (null: the e-mails). */
export const openOf = (accountId: string | null, alias = 'd'): Prisma.Sql => {
  const table = Prisma.raw(alias)
  return accountId === null
    ? Prisma.sql`${table}.finished_at IS NULL AND ${table}.account_id IS NULL`
    : Prisma.sql`${table}.finished_at IS NULL AND ${table}.account_id = ${accountId}::uuid`
}

/** The round of the next single answer of an author. */
export async function nextRound(db: Db, accountId: string | null, authorId: string): Promise<number> {
  const [row] = await db.$queryRaw<{ current: number; ownLast: number | null }[]>`
    SELECT coalesce(min(d.turn), 0) AS current, max(d.turn) FILTER (WHERE c.author_id = ${authorId}::uuid) AS "ownLast"
    FROM delivery d JOIN comment c ON c.id = d.comment_id WHERE ${openOf(accountId)} AND NOT d.bulk`
  return roundOf(row?.current ?? 0, row?.ownLast ?? null)
}

/**
 * What waits on a ticket goes before the single answer that is given there now, and so as early as it: a bulk update's
 * answer becomes a single one, and nobody's goes in a later round.
 */
export async function hurry(db: Db, ticketId: string, accountId: string | null, round: number): Promise<void> {
  const same = accountId === null ? Prisma.sql`d.account_id IS NULL` : Prisma.sql`d.account_id = ${accountId}::uuid`
  await db.$executeRaw`
    UPDATE delivery d SET bulk = false, turn = CASE
      WHEN ${same} THEN ${round}
      ELSE (SELECT coalesce(min(o.turn), 0) FROM delivery o
        WHERE o.account_id IS NOT DISTINCT FROM d.account_id AND o.finished_at IS NULL AND NOT o.bulk) END
    WHERE d.ticket_id = ${ticketId}::uuid AND d.finished_at IS NULL AND (d.bulk OR (${same} AND d.turn > ${round}))`
}
