/*
 * How far behind X an account may be: everything that X had until `syncedAt` is here. Times are the database's.
 */

/** What is polled and tells of new things. Deletions are looked for once a day, and are none of it. */
export type LagSource = 'MENTIONS' | 'CONVERSATIONS' | 'OWN_POSTS' | 'LIKES' | 'MESSAGES' | 'XCHAT'

export interface SourceLag {
  readonly source: LagSource
  readonly seconds: number
  readonly syncedAt: Date
}

/** The Activity stream as the database knows it, for one source. */
export interface StreamTimes {
  /** Since when the connection stands; null: there is none. */
  readonly connectedAt: Date | null
  /** Since when X has been asked to tell all of the source; null: it has not. */
  readonly toldSince: Date | null
  /** What it told until then is committed. */
  readonly aliveAt: Date | null
}

/** Polling finds what the stream lost, at the latest so much later; where it does not come to it, the stream proves nothing. */
const RECONCILED_WITHIN_MS = 10 * 60_000

/**
 * Until when a source is here. `polledAt` is when the last complete reading of it began. The stream carries it on from
 * there, if it has told of the source since before.
 */
export function carriedOn(polledAt: Date, { connectedAt, toldSince, aliveAt }: StreamTimes, now: Date): Date {
  if (!connectedAt || !toldSince || !aliveAt) return polledAt
  if (connectedAt > polledAt || toldSince > polledAt || aliveAt < polledAt) return polledAt
  return now.getTime() - polledAt.getTime() > RECONCILED_WITHIN_MS ? polledAt : aliveAt
}

/** Seconds from then to now, never less than none. */
export const secondsBehind = (syncedAt: Date, now: Date): number =>
  Math.max(0, (now.getTime() - syncedAt.getTime()) / 1000)
