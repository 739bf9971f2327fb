import { PositionExpiredError } from '../domain/errors.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { Authenticator } from './auth.ts'

/**
 * Tells the authenticator of everybody whose access changes, so that open sockets and new requests go by it at once.
 * A log that breaks off (another epoch) is followed from its new end: what was remembered is looked up again within
 * seconds anyway. Returns how to stop.
 */
export function followUsers(feed: Pick<Feed, 'events'>, auth: Pick<Authenticator, 'changed'>): () => void {
  const ending = new AbortController()
  const follow = async (): Promise<void> => {
    for await (const { epoch, events } of feed.events(undefined, ending.signal)) {
      for (const { body, offset } of events) {
        if (body.type === 'user.updated') auth.changed(body.userId, { epoch, offset })
      }
    }
  }
  const keepFollowing = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await follow()
        return
      } catch (error) {
        // Anything else means that the feed is closed: the process ends.
        if (!(error instanceof PositionExpiredError)) return
      }
    }
  }
  void keepFollowing()
  return () => ending.abort()
}
