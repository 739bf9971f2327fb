import { LRUCache } from 'lru-cache'
import type { LogEvent } from '../domain/event.ts'
import type { Position } from '../domain/position.ts'
import { audienceKey } from '../domain/visibility.ts'
import type { Feed } from '../pubsub/feed.ts'
import type { Context } from './context.ts'
import { viewerOf } from './viewer.ts'

/** An event on its way to a subscriber. */
export interface LiveEvent<Event extends LogEvent = LogEvent> {
  readonly epoch: string
  readonly event: Event
}

/** What a subscription yields: an event, or the reason why it ends. */
export type LiveItem<Event extends LogEvent = LogEvent> = LiveEvent<Event> | { readonly refused: unknown }

/**
 * The events after `after` that `pick` lets through, in order, each at most once. When the feed refuses (a position that
 * expired, at the start or later), the refusal is the last item: thrown from the iterator it would take the socket, and
 * the other operations on it, along. `return` answers at once, also while `next` waits.
 */
export function liveEvents<Event extends LogEvent>(
  context: Context,
  after: Position | null | undefined,
  pick: (event: LogEvent) => event is Event,
): AsyncIterableIterator<LiveItem<Event>> {
  const batches = context.feed.events(after ?? undefined, context.signal)
  let ready: LiveEvent<Event>[] = []
  let ended = false
  const done = { value: undefined, done: true } as const

  const iterator: AsyncIterableIterator<LiveItem<Event>> = {
    async next() {
      for (;;) {
        const item = ready.shift()
        // Batches are small; what is ready when the operation ends is not delivered.
        if (ended) return done
        if (item) return { value: item, done: false }
        try {
          const batch = await batches.next()
          if (batch.done) {
            ended = true
            return done
          }
          const { epoch, events } = batch.value
          ready = events.filter(pick).map((event) => ({ epoch, event }))
        } catch (refused) {
          ended = true
          return { value: { refused }, done: false }
        }
      }
    },
    async return() {
      ended = true
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

/**
 * Reads something of an event once for all subscribers that ask the same: same event, same selection (`query`), same
 * sight. Kept for seconds only, and for this event only: the next one reads afresh.
 */
export function readShared<Value extends object>(
  context: Context,
  { epoch, event }: LiveEvent,
  what: string,
  query: object,
  read: () => PromiseLike<Value | null>,
): Promise<Value | null> {
  let cache = shared.get(context.feed)
  if (!cache) {
    cache = new LRUCache({ max: 2_000, ttl: 5_000 })
    shared.set(context.feed, cache)
  }
  const key = `${epoch}:${event.offset} ${what} ${audienceKey(viewerOf(context))} ${JSON.stringify(query)}`
  const known = cache.get(key)
  // The key names what `read` reads, so the value under it is of the same type.
  if (known) return known as Promise<Value | null>
  const reading = Promise.resolve(read())
  cache.set(key, reading)
  reading.catch(() => cache.delete(key))
  return reading
}
