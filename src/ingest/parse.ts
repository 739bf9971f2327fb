import { z } from 'zod'
import type { Post } from '../domain/capture.ts'
import { compareIds, timeOfId } from '../domain/x-id.ts'

/*
 * X's JSON → posts. Each post is judged by itself: one that makes no sense becomes a Reject, with
 * its text, and its neighbours go on.
 */

/** A person on X as this payload shows them; null where it does not say. */
export interface SeenProfile {
  readonly id: string
  readonly username: string | null
  readonly name: string | null
  readonly avatarUrl: string | null
  readonly followersCount: number | null
  readonly postsCount: number | null
  readonly verified: boolean | null
  readonly verifiedType: string | null
  readonly protected: boolean | null
}

export interface ReceivedPost {
  readonly post: Post
  readonly author: SeenProfile
}

/** What could not be read, as it came, and why. */
export interface Reject {
  readonly payload: string
  readonly reason: string
}

export interface Parsed {
  readonly posts: readonly ReceivedPost[]
  readonly rejects: readonly Reject[]
}

export interface ParsedPage extends Parsed {
  /** The newest post id of the page, by X's word or by ours. */
  readonly newestId: string | null
  readonly nextToken: string | null
}

const xId = z.string().regex(/^[0-9]{1,19}$/)

// PostgreSQL stores neither NUL nor half a surrogate pair.
const clean = (text: string) => text.replaceAll('\u0000', '').toWellFormed()
/** X escapes exactly these three in texts. */
const unescapeText = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
const words = z.string().transform(clean)
/** The database counts to here; nobody on X is near it, and a profile's number must not refuse a post. */
const MAX_COUNT = 2 ** 31 - 1
const count = z
  .number()
  .int()
  .transform((number) => Math.min(Math.max(number, 0), MAX_COUNT))

const rawPost = z.object({
  id: xId,
  author_id: xId,
  text: words.transform(unescapeText),
  /** The whole text of a post that is longer than 280. */
  note_tweet: z.object({ text: words.transform(unescapeText) }).optional(),
  conversation_id: xId.optional(),
  in_reply_to_user_id: xId.optional(),
  referenced_tweets: z.array(z.object({ type: z.string(), id: xId })).optional(),
  entities: z
    .object({ mentions: z.array(z.object({ id: xId.optional(), username: z.string() })).optional() })
    .optional(),
  created_at: z.iso.datetime({ offset: true }).optional(),
})

const rawUser = z.object({
  id: xId,
  username: words,
  name: words,
  profile_image_url: words.optional(),
  protected: z.boolean().optional(),
  verified: z.boolean().optional(),
  verified_type: words.optional(),
  public_metrics: z.object({ followers_count: count.optional(), tweet_count: count.optional() }).optional(),
})

const rawPage = z.object({
  data: z.array(z.unknown()).optional(),
  includes: z.object({ users: z.array(z.unknown()).optional() }).optional(),
  meta: z.object({ newest_id: z.string().optional(), next_token: z.string().optional() }),
})

const rawActivity = z.object({
  data: z.object({
    event_type: z.string(),
    payload: z.unknown(),
    includes: z.object({ users: z.array(z.unknown()).optional() }).optional(),
  }),
})

/** A page of a timeline or a search. Undefined when it is not a page at all (then it is X's fault, and worth a retry). */
export function parsePage(body: unknown): ParsedPage | undefined {
  const page = rawPage.safeParse(body)
  if (!page.success) return undefined
  const { data = [], includes, meta } = page.data
  const { posts, rejects } = parsePosts(data, includes?.users ?? [])
  const ids = posts.map(({ post }) => post.id)
  if (meta.newest_id && /^[0-9]{1,19}$/.test(meta.newest_id)) ids.push(meta.newest_id)
  return { posts, rejects, newestId: ids.sort(compareIds).at(-1) ?? null, nextToken: meta.next_token ?? null }
}

/** Somebody removed the app (`oauth.revoke`). */
export interface Revocation {
  readonly xUserId: string
  readonly at: Date
}

export interface ParsedActivity extends Parsed {
  readonly revocations: readonly Revocation[]
}

/** docs.x.com "X Activity API event payloads"; which app it was, the subscription says: ours. */
const rawRevocation = z.object({ date_time: z.iso.datetime({ offset: true }), user_id: xId })

const NOTHING: ParsedActivity = { posts: [], rejects: [], revocations: [] }

/** Events of the Activity API that carry a post for us. */
const POST_EVENTS = new Set(['post.mention.create', 'post.reply.create', 'post.quote.create', 'post.create'])

/** One line of the Activity stream. Events of other kinds and X's notices give nothing. */
export function parseActivity(line: string): ParsedActivity {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return { ...NOTHING, rejects: [{ payload: line, reason: 'not JSON' }] }
  }
  const event = rawActivity.safeParse(json)
  if (!event.success) {
    // An `errors` line is X's notice about the connection itself (it is about to close), not lost content.
    const notice = z.object({ errors: z.array(z.unknown()).min(1) }).safeParse(json)
    return { ...NOTHING, rejects: notice.success ? [] : [{ payload: line, reason: why(event.error) }] }
  }
  const { event_type, payload, includes } = event.data.data
  if (POST_EVENTS.has(event_type)) return { ...NOTHING, ...parsePosts([payload], includes?.users ?? []) }
  if (event_type !== 'oauth.revoke') return NOTHING
  const revoked = rawRevocation.safeParse(payload)
  if (!revoked.success) return { ...NOTHING, rejects: [{ payload: line, reason: why(revoked.error) }] }
  return { ...NOTHING, revocations: [{ xUserId: revoked.data.user_id, at: new Date(revoked.data.date_time) }] }
}

function parsePosts(items: readonly unknown[], users: readonly unknown[]): Parsed {
  const authors = new Map<string, SeenProfile>()
  for (const user of users) {
    const parsed = rawUser.safeParse(user)
    if (parsed.success) authors.set(parsed.data.id, toProfile(parsed.data))
  }
  const posts: ReceivedPost[] = []
  const rejects: Reject[] = []
  for (const item of items) {
    const parsed = rawPost.safeParse(item)
    if (!parsed.success) {
      rejects.push({ payload: JSON.stringify(item) ?? 'undefined', reason: why(parsed.error) })
      continue
    }
    const { author_id } = parsed.data
    posts.push({ post: toPost(parsed.data), author: authors.get(author_id) ?? unseen(author_id) })
  }
  return { posts, rejects }
}

function toPost(raw: z.infer<typeof rawPost>): Post {
  const mentions = raw.entities?.mentions ?? []
  const refers = (type: string) => raw.referenced_tweets?.find((reference) => reference.type === type)
  const text = raw.note_tweet?.text ?? raw.text
  const typed = [...text.matchAll(/(?<![\w@])@(\w{1,15})\b/g)].map((match) => match[1] as string)
  return {
    id: raw.id,
    authorId: raw.author_id,
    conversationId: raw.conversation_id ?? raw.id,
    text,
    inReplyToPostId: refers('replied_to')?.id ?? null,
    inReplyToUserId: raw.in_reply_to_user_id ?? null,
    mentionedUserIds: mentions.flatMap(({ id }) => id ?? []),
    mentionedHandles: [...mentions.map(({ username }) => username), ...typed].map((name) => name.toLowerCase()),
    isRepost: refers('retweeted') !== undefined,
    postedAt: postedAt(raw.id, raw.created_at),
  }
}

/** X's `created_at` counts in whole seconds; the id knows the millisecond, which orders a quick exchange. */
function postedAt(id: string, createdAt: string | undefined): string {
  const byId = timeOfId(id)
  if (createdAt === undefined) return new Date(byId).toISOString()
  const said = Date.parse(createdAt)
  return new Date(Math.abs(byId - said) < 2_000 ? byId : said).toISOString()
}

function toProfile(raw: z.infer<typeof rawUser>): SeenProfile {
  return {
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

/** An author whom X names only by id (suspended, or left out of the payload). */
function unseen(id: string): SeenProfile {
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

function why(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`)
    .join('; ')
}
