/** How far a source has been read, to be kept with the posts that were read. */
export interface CursorMove {
  readonly accountId: string
  readonly source: string
  /** Null: nothing new, but looked. */
  readonly sinceId: string | null
  /** When the reading began that found all there was (performance.now()). Not given: now. */
  readonly begunAt?: number
}
