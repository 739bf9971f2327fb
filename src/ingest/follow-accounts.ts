import type { Logger } from 'pino'
import type { Feed } from '../pubsub/feed.ts'
import { inTurn } from './in-turn.ts'
import { pause } from './retry.ts'

export interface FollowOptions {
  readonly feed: Feed
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Makes what runs match the accounts. */
  readonly sync: () => Promise<void>
}

/** Accounts are looked at again this often even if no event told of a change. */
const RESYNC_MS = 30_000

/**
 * Has `sync` done at the start, at every event about an account, and now and then in any case, until the signal aborts;
 * one after the other, for an older answer must not undo a newer one. Whatever `sync` waits for, the next change waits
 * for too: it must wait for nobody but the database.
 */
export async function followAccounts({ feed, logger, signal, sync }: FollowOptions): Promise<void> {
  const syncInTurn = inTurn(async () => {
    if (!signal.aborted) await sync()
  })
  const complain = (error: unknown) => {
    if (!signal.aborted) logger.warn({ err: error }, 'accounts could not be read; trying again')
  }
  const resync = setInterval(() => void syncInTurn().catch(complain), RESYNC_MS)
  for (let first = true; !signal.aborted; first = false) {
    try {
      if (!first) await pause(1_000, signal)
      const changes = feed.events(undefined, signal)
      await syncInTurn()
      for await (const { events } of changes) {
        if (events.some(({ body }) => isAboutAccounts(body.type))) await syncInTurn()
      }
    } catch (error) {
      complain(error)
    }
  }
  clearInterval(resync)
  await syncInTurn()
}

function isAboutAccounts(type: string): boolean {
  return type === 'account.created' || type === 'account.updated'
}
