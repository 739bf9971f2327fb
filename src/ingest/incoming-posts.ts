import type { UserError, UserErrorCode } from '../domain/errors.ts'
import type { Position } from '../domain/position.ts'

/* What administrators do with posts that did not become tickets (F19-F21). The one interface of this room for the schema. */

/** A post to make a ticket of. */
export interface PostToConvert {
  /** X's id, of any of its versions. */
  readonly postId: string
  /** For which account; null: for the one among whose incoming posts it is. */
  readonly accountId: string | null
}

/** What became of one of them. */
export interface Conversion {
  /** ALREADY_CONVERTED: it was on that ticket before, and nothing was changed. */
  readonly outcome: 'CONVERTED' | 'ALREADY_CONVERTED' | 'REFUSED'
  /** X's id of its first version, as far as known. */
  readonly postId: string
  readonly ticketId: string | null
  readonly refusal: Refusal | null
}

/** Why not. */
export interface Refusal {
  readonly code: UserErrorCode
  /** What of the input is at fault. */
  readonly about: 'post' | 'account'
  readonly message: string
}

/** How many posts one call takes. */
export const MOST_POSTS = 1_000

export interface IncomingPosts {
  /**
   * Makes tickets of posts, at most `MOST_POSTS`, or comments of the open tickets that their authors have in the same
   * conversations. Posts that are not among the incoming ones are fetched from X. Each is judged by itself; a result for
   * each, in the order given.
   */
  convert(userId: string, posts: readonly PostToConvert[]): Promise<Converted>
  /**
   * Takes posts that wait out of sight. All or nothing: an id that is none refuses the call (`field` is its place in the
   * list). What no longer waits stays as it is.
   */
  dismiss(userId: string, postIds: readonly string[]): Promise<Dismissed>
}

export interface Converted {
  readonly results: readonly Conversion[]
  /** The log position that includes the changes. */
  readonly position: Position
}

export interface Dismissed {
  readonly userErrors: readonly UserError[]
  readonly position: Position
}
