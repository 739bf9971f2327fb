import type { Logger } from 'pino'
import type { XMeter } from '../x-calls/x-calls.ts'
import type { Inbox } from './inbox.ts'
import { type ChatNews, parseActivity } from './parse-activity.ts'

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
  readonly meter: Pick<XMeter, 'event'>
  readonly logger: Logger
  /** Notes that somebody removed the app (`oauth.revoke`). An error is logged: X's refusals will tell the same. */
  readonly onRevoked: (xUserId: string, at: Date) => Promise<void>
  /** Told that an encrypted conversation has news. An error is logged: the next look at XChat finds the same. */
  readonly onChat?: ((news: ChatNews) => Promise<void>) | undefined
}

export function createActivity({ inbox, meter, logger, onRevoked, onChat }: ActivityOptions): Activity {
  async function hint(told: Promise<void>, event: string): Promise<void> {
    try {
      await told
    } catch (error) {
      logger.error({ err: error, event }, 'an event could not be passed on')
    }
  }
  return {
    async deliver(door, line) {
      const { event, items, rejects, revocations, chats } = parseActivity(line)
      if (event) meter.event(event)
      await Promise.all([
        items.length + rejects.length > 0 && inbox.deliver({ source: door, items, rejects }),
        ...revocations.map(({ xUserId, at }) => hint(onRevoked(xUserId, at), 'oauth.revoke')),
        ...chats.map((news) => onChat && hint(onChat(news), 'chat')),
      ])
    },
  }
}
