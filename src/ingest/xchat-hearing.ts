import type { Logger } from 'pino'
import { XCHAT_HEARD } from '../domain/xchat-cursor.ts'
import type { Store } from '../store/store.ts'
import { inTurn } from './in-turn.ts'

/*
 * Whoever hears of news is not always who reads: a mark in the database tells the others, and how far behind the account
 * is until then. It only hurries what would be read a little later anyway.
 */

/**
 * Marks that the account with an id at X has news. Of each account one write is under way at a time, and one waits for
 * all who ask meanwhile: a burst of events costs two writes, not a connection each. A write that fails is logged, once.
 */
export function createTelling(
  { prisma }: Pick<Store, 'prisma'>,
  logger: Pick<Logger, 'warn'>,
): (xUserId: string) => Promise<void> {
  const marking = new Map<string, () => Promise<void>>()
  const mark = async (xUserId: string) => {
    try {
      await prisma.$executeRaw`
        INSERT INTO source_cursor (account_id, source, synced_at)
        SELECT id, ${XCHAT_HEARD}, clock_timestamp() FROM account WHERE x_user_id = ${xUserId}
        ON CONFLICT (account_id, source) DO UPDATE SET synced_at = excluded.synced_at`
    } catch (error) {
      // The next look at XChat finds the same.
      logger.warn({ err: error, xUserId }, 'that an account has news in XChat could not be told to all')
    }
  }
  return (xUserId) => {
    const tell = marking.get(xUserId) ?? inTurn(() => mark(xUserId))
    marking.set(xUserId, tell)
    return tell()
  }
}

export interface Hearing {
  /** Whether there is a mark that was not there when this was last asked. False, too, when the database is away. */
  news(): Promise<boolean>
}

export function createHearing({ prisma }: Pick<Store, 'prisma'>, accountId: string): Hearing {
  let last: number | undefined
  return {
    async news() {
      const key = { accountId_source: { accountId, source: XCHAT_HEARD } }
      const mark = await prisma.sourceCursor
        .findUnique({ where: key, select: { syncedAt: true } })
        .catch(() => undefined)
      if (mark === undefined) return false
      const at = mark?.syncedAt?.getTime() ?? 0
      // Another, not a later one: the database's clock may be set back.
      const news = last !== undefined && at !== last
      last = at
      return news
    },
  }
}
