/** How far a source has been read, to be kept with the posts that were read. */
export interface CursorMove {
  readonly accountId: string
  readonly source: string
  /** Null: nothing new, but looked. */
  readonly sinceId: string | null
  /** Not all is read: what is older than `untilId` is still to come, and then `sinceId` is `newestId`. */
  readonly gap?: { readonly untilId: string; readonly newestId: string }
  /** When the reading began that found all there was (performance.now()). Not given: now; null: it did not find all. */
  readonly begunAt?: number | null
}
