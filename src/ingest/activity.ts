import type { Logger } from 'pino'
import type { Inbox } from './inbox.ts'
import { parseActivity } from './parse.ts'

/** Which door an event of the Activity API came through. */
export type ActivityDoor = 'activity' | 'webhook'

/** Takes what the Activity API tells, whichever way it came: the same event gives the same tickets, once. */
export interface Activity {
  /**
   * One event, as its JSON text. Resolves once everything in it is committed, dead letters included; rejects
   * (InboxClosedError) when the program stops before that.
   */
  deliver(door: ActivityDoor, line: string): Promise<void>
}

export interface ActivityOptions {
  readonly inbox: Inbox
  readonly logger: Logger
  /** Notes that somebody removed the app (`oauth.revoke`). An error is logged: X's refusals will tell the same. */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
}

export function createActivity({ inbox, logger, onRevoked }: ActivityOptions): Activity {
  async function revoked(xUserId: string, at: Date): Promise<void> {
    try {
      await onRevoked(xUserId, at)
    } catch (error) {
      logger.error({ err: error, xUserId }, 'a removed app could not be dealt with')
    }
  }
  return {
    async deliver(door, line) {
      const { posts, rejects, revocations } = parseActivity(line)
      const committed =
        posts.length + rejects.length === 0 ? undefined : inbox.deliver({ source: door, posts, rejects })
      await Promise.all([committed, ...revocations.map(({ xUserId, at }) => revoked(xUserId, at))])
    },
  }
}
