import { z } from 'zod'

/*
 * X's names drift (TRAPS, "Naming drift"): its document says `post` where its answers say `tweet`. Both are read, as one.
 */

/** By the names of X's document, those that its answers have. */
const OLDER: ReadonlyMap<string, string> = new Map([
  ['note_post', 'note_tweet'],
  ['referenced_posts', 'referenced_tweets'],
  ['edit_history_post_ids', 'edit_history_tweet_ids'],
  ['post_count', 'tweet_count'],
  ['liked_post_id', 'liked_tweet_id'],
  ['posts', 'tweets'],
])
const OLDER_TYPES: ReadonlyMap<string, string> = new Map([['reposted', 'retweeted']])

/** An object of X with its older names; where both are there, the older one counts. */
export function withOlderNames(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const named: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value)) {
    const older = OLDER.get(name) ?? name
    if (older === name || !(older in value)) named[older] = field
  }
  return named
}

/** The shape of an object of X, in the older names. */
export const named = <Shape extends z.ZodType>(shape: Shape) => z.preprocess(withOlderNames, shape)

/** How one post refers to another, in the older words. */
export const referenceType = z.string().transform((type) => OLDER_TYPES.get(type) ?? type)

/** What comes beside a payload's posts or messages. */
export const rawIncludes = named(
  z.object({ users: z.array(z.unknown()).optional(), tweets: z.array(z.unknown()).optional() }),
).optional()
