import { z } from 'zod'
import type { Post } from '../domain/captured.ts'
import { timeOfId } from '../domain/x-id.ts'
import type { Reject, SeenProfile } from './item.ts'
import { named, referenceType } from './x-names.ts'

/* One post, one person, as X's API v2 shows them. */

export const xId = z.string().regex(/^[0-9]{1,19}$/)

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
export const storable = (text: string) => text.replaceAll('\u0000', '').toWellFormed()
/** X escapes exactly these three in texts. */
const unescapeText = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
const words = z.string().transform(storable)
/** The words of a post or a message. */
export const said = words.transform(unescapeText)
/** The database counts to here; nobody on X is near it, and a profile's number must not refuse a post. */
const MAX_COUNT = 2 ** 31 - 1
const count = z
  .number()
  .int()
  .transform((number) => Math.min(Math.max(number, 0), MAX_COUNT))

const rawPost = named(
  z.object({
    id: xId,
    author_id: xId,
    text: said,
    /** The whole text of a post that is longer than 280. */
    note_tweet: z.object({ text: said }).optional(),
    conversation_id: xId.optional(),
    in_reply_to_user_id: xId.optional(),
    referenced_tweets: z.array(z.object({ type: referenceType, id: xId })).optional(),
    entities: z
      .object({ mentions: z.array(z.object({ id: xId.optional(), username: z.string() })).optional() })
      .optional(),
    created_at: z.iso.datetime({ offset: true }).optional(),
    /** Its versions, the first one first. */
    edit_history_tweet_ids: z.array(xId).optional(),
  }),
)

const rawUser = z.object({
  id: xId,
  username: words,
  name: words,
  profile_image_url: words.optional(),
  protected: z.boolean().optional(),
  verified: z.boolean().optional(),
  verified_type: words.optional(),
  /** How they stand to the user whose token reads. */
  connection_status: z.array(z.string()).optional(),
  public_metrics: named(z.object({ followers_count: count.optional(), tweet_count: count.optional() })).optional(),
})

/** A post with its author. */
export interface AuthoredPost {
  readonly post: Post
  readonly author: SeenProfile
}

/** The people beside a payload's posts or messages, by id, as `readerId` sees them. Who makes no sense is left out. */
export function parseUsers(users: readonly unknown[], readerId?: string): Map<string, SeenProfile> {
  const people = new Map<string, SeenProfile>()
  for (const user of users) {
    const parsed = rawUser.safeParse(user)
    if (parsed.success) people.set(parsed.data.id, toProfile(parsed.data, readerId))
  }
  return people
}

const rawReferenced = z.object({ id: xId, author_id: xId })

/** Who wrote the posts beside a payload's own, by the posts' ids: those that they answer, quote or repeat. */
export function parseAuthors(posts: readonly unknown[]): Map<string, string> {
  const authors = new Map<string, string>()
  for (const post of posts) {
    const parsed = rawReferenced.safeParse(post)
    if (parsed.success) authors.set(parsed.data.id, parsed.data.author_id)
  }
  return authors
}

/**
 * Each post by itself: one that makes no sense is a Reject, with its text, and its neighbours go on. `authors` are those
 * of the posts that they refer to.
 */
export function parsePosts(
  posts: readonly unknown[],
  people: ReadonlyMap<string, SeenProfile>,
  authors: ReadonlyMap<string, string>,
): { readonly posts: readonly AuthoredPost[]; readonly rejects: readonly Reject[] } {
  const found: AuthoredPost[] = []
  const rejects: Reject[] = []
  for (const item of posts) {
    const parsed = rawPost.safeParse(item)
    if (parsed.success) {
      const { author_id } = parsed.data
      found.push({ post: toPost(parsed.data, authors), author: people.get(author_id) ?? unseen(author_id) })
    } else rejects.push({ payload: JSON.stringify(item) ?? 'undefined', reason: why(parsed.error) })
  }
  return { posts: found, rejects }
}

function toPost(raw: z.infer<typeof rawPost>, authors: ReadonlyMap<string, string>): Post {
  const mentions = raw.entities?.mentions ?? []
  const refers = (type: string) => raw.referenced_tweets?.find((reference) => reference.type === type)
  const text = raw.note_tweet?.text ?? raw.text
  const typed = [...text.matchAll(/(?<![\w@])@(\w{1,15})\b/g)].map((match) => match[1] as string)
  const first = raw.edit_history_tweet_ids?.[0] ?? raw.id
  const versionAt = timeOf(raw.id, raw.created_at)
  return {
    id: first,
    versionId: raw.id,
    authorId: raw.author_id,
    conversationId: raw.conversation_id ?? first,
    text,
    inReplyToPostId: refers('replied_to')?.id ?? null,
    inReplyToUserId: raw.in_reply_to_user_id ?? null,
    mentionedUserIds: mentions.flatMap(({ id }) => id ?? []),
    mentionedHandles: [...mentions.map(({ username }) => username), ...typed].map((name) => name.toLowerCase()),
    quotedUserId: authors.get(refers('quoted')?.id ?? '') ?? null,
    repostOfId: refers('retweeted')?.id ?? null,
    postedAt: first === raw.id ? versionAt : new Date(timeOfId(first)).toISOString(),
    editedAt: first === raw.id ? null : versionAt,
  }
}

/** When a post or message was made: X's `created_at` counts in whole seconds; the id knows the millisecond, which orders a quick exchange. */
export function timeOf(id: string, createdAt: string | undefined): string {
  const byId = timeOfId(id)
  if (createdAt === undefined) return new Date(byId).toISOString()
  const at = Date.parse(createdAt)
  return new Date(Math.abs(byId - at) < 2_000 ? byId : at).toISOString()
}

function toProfile(raw: z.infer<typeof rawUser>, readerId: string | undefined): SeenProfile {
  const status = raw.connection_status
  return {
    ...(readerId !== undefined &&
      status && { follow: { followerId: readerId, following: status.includes('following') } }),
    id: raw.id,
    username: raw.username,
    name: raw.name,
    avatarUrl: raw.profile_image_url ?? null,
    followersCount: raw.public_metrics?.followers_count ?? null,
    postsCount: raw.public_metrics?.tweet_count ?? null,
    verified: raw.verified ?? null,
    verifiedType: raw.verified_type ?? null,
    protected: raw.protected ?? null,
  }
}

/** Somebody whom X names only by id (suspended, or left out of the payload). */
export function unseen(id: string): SeenProfile {
  return {
    id,
    username: null,
    name: null,
    avatarUrl: null,
    followersCount: null,
    postsCount: null,
    verified: null,
    verifiedType: null,
    protected: null,
  }
}

/** What was wrong with a payload, without its values. */
export function why(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`)
    .join('; ')
}
