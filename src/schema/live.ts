import { LRUCache } from 'lru-cache'
import { PerchError, PositionExpiredError } from '../domain/errors.ts'
import { type EventBatch, endOf, type LogEvent } from '../domain/event.ts'
import type { Position } from '../domain/position.ts'
import { type Audience, audienceKey } from '../domain/visibility.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { Context } from './context.ts'
import { LiveAudience } from './live-audience.ts'
import { viewerOf } from './viewer.ts'

/** An event on its way to a subscriber. */
export interface LiveEvent<Event extends LogEvent = LogEvent> {
  readonly epoch: string
  readonly event: Event
  /** Who the subscriber was to the rules when it happened. */
  readonly audience: Audience
}

/** What a subscription yields: an event, or the reason why it ends. */
export type LiveItem<Event extends LogEvent = LogEvent> = LiveEvent<Event> | { readonly refused: unknown }

/**
 * Whether an event is for the subscriber. `before` is who they were until this event; another object than `audience`
 * only where it is the event itself that changed what they may see.
 */
export type PickEvent<Event extends LogEvent> = (
  event: LogEvent,
  audience: Audience,
  before: Audience,
) => event is Event

/**
 * The events after `after` that `pick` lets through, in order, each at most once. Who the subscriber is to the rules
 * follows the log (live-audience.ts), and `context.viewer` with it. When the feed refuses (a position that expired, at
 * the start or later) or the subscriber may not go on, the refusal is the last item: thrown from the iterator it would
 * take the socket, and the other operations on it, along. `return` answers at once, also while `next` waits.
 * With `until` they end behind the last event up to that place, and never before without a reason: who copies the log
 * takes the end for the whole.
 */
export function liveEvents<Event extends LogEvent>(
  context: Context,
  after: Position | null | undefined,
  pick: PickEvent<Event>,
  until?: Position | null,
): AsyncIterableIterator<LiveItem<Event>> {
  const start = after ?? context.feed.position()
  const viewer = viewerOf(context)
  const follower = new LiveAudience(viewer, viewer.asOf ?? start)
  const batches = context.feed.events(follower.readFrom(start), context.signal)
  let ready: LiveItem<Event>[] = []
  let ended = false
  let reached = until?.epoch === start.epoch && start.offset >= until.offset
  if (until && until.epoch !== start.epoch)
    ready.push({ refused: new PositionExpiredError('The positions belong to different epochs of the log.') })
  const done = { value: undefined, done: true } as const

  const take = ({ epoch, events }: EventBatch): void => {
    for (const event of events) {
      if (until && event.offset > until.offset) break
      const before = follower.audience
      const refused = follower.hear(epoch, event)
      const { audience } = follower
      if (audience !== before) context.viewer = { ...viewer, ...audience }
      if (refused) {
        ready.push({ refused })
        break
      }
      if (epoch === start.epoch && event.offset <= start.offset) continue
      if (pick(event, audience, before)) ready.push({ epoch, event, audience })
    }
    reached = until?.epoch === epoch && endOf({ epoch, events }).offset >= until.offset
  }

  /** What an item shows is read when it is asked for, which may be long after its batch came: by who they are then. */
  const renewViewer = (): void => {
    const latest = context.latestViewer()
    if (latest && follower.isBehind(latest)) context.viewer = latest
  }

  const iterator: AsyncIterableIterator<LiveItem<Event>> = {
    async next() {
      for (;;) {
        // Batches are small; what is ready when the operation ends is not delivered.
        if (ended) return done
        const item = ready.shift()
        if (item) {
          renewViewer()
          if ('refused' in item) {
            ended = true
            void batches.return?.()
          }
          return { value: item, done: false }
        }
        if (reached) {
          ended = true
          void batches.return?.()
          return done
        }
        try {
          const batch = await batches.next()
          if (batch.done) {
            if (until && !ended) throw new PerchError('UNAVAILABLE', 'The server is stopping.')
            ended = true
            return done
          }
          take(batch.value)
        } catch (refused) {
          ended = true
          return { value: { refused }, done: false }
        }
      }
    },
    async return() {
      ended = true
      ready = []
      await batches.return?.()
      return done
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

/** The event of an item. Throws the reason where there is none. */
export function eventOf<Event extends LogEvent>(item: LiveItem<Event>): LiveEvent<Event> {
  if ('refused' in item) throw item.refused
  return item
}

const shared = new WeakMap<Feed, LRUCache<string, Promise<object | null>>>()

/** Something to be read of an event. */
export interface SharedRead {
  /** Its type and id. */
  readonly what: string
  /** The selection. */
  readonly query: object
  /** Whom it is read for: everybody of the same key gets the same. Not given: those who see the same tickets. */
  readonly sharedBy?: string
}

/**
 * Reads something of an event once for all subscribers that ask the same: same event, same selection, same sight. Kept
 * for seconds only, and for this event only: the next one reads afresh.
 */
export function readShared<Value extends object>(
  context: Context,
  { epoch, event }: LiveEvent,
  { what, query, sharedBy }: SharedRead,
  read: () => PromiseLike<Value | null>,
): Promise<Value | null> {
  let cache = shared.get(context.feed)
  if (!cache) {
    cache = new LRUCache({ max: 2_000, ttl: 5_000 })
    shared.set(context.feed, cache)
  }
  const key = `${epoch}:${event.offset} ${what} ${sharedBy ?? audienceKey(viewerOf(context))} ${JSON.stringify(query)}`
  const known = cache.get(key)
  // The key names what `read` reads, so the value under it is of the same type.
  if (known) return known as Promise<Value | null>
  const reading = Promise.resolve(read())
  cache.set(key, reading)
  reading.catch(() => cache.delete(key))
  return reading
}
