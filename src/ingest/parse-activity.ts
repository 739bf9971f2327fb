import { z } from 'zod'
import { timeOfId } from '../domain/x-id.ts'
import type { DeliveredEvent } from '../x-calls/x-calls.ts'
import type { Item, Parsed } from './item.ts'
import { parseMessageActivity } from './parse-message.ts'
import { parseAuthors, parsePosts, parseUsers, why, xId } from './parse-post.ts'
import { named, rawIncludes } from './x-names.ts'

/* What the Activity API tells, by stream or webhook (docs.x.com "X Activity API event payloads") → items. */

/** Somebody removed the app (`oauth.revoke`). */
export interface Revocation {
  readonly xUserId: string
  readonly at: Date
}

/** The message of `chat.received` or `chat.sent`. */
export interface ToldMessage {
  /** By X's word. */
  readonly senderId: string
  readonly encodedEvent: string
  /** The change of the conversation's key that came along. */
  readonly keyEvent: string | null
  readonly saidAt: Date | null
}

/** An encrypted conversation of an account has news. */
export interface ChatNews {
  readonly accountXUserId: string
  /** `A-B`, or `g…` of a group. */
  readonly conversationId: string
  /** The message itself, if X has sent it along. */
  readonly message?: ToldMessage
}

export interface ParsedActivity extends Parsed {
  /** What X charges; undefined: it is no event. */
  readonly event: DeliveredEvent | undefined
  readonly revocations: readonly Revocation[]
  readonly chats: readonly ChatNews[]
}

const rawActivity = z.object({
  data: z.object({
    event_type: z.string(),
    event_uuid: z.string().max(100).optional().catch(undefined),
    /** The subscription's: whose event it is. */
    filter: z.object({ user_id: xId.optional(), direction: z.string().optional() }).optional(),
    payload: z.unknown(),
    includes: rawIncludes,
  }),
})

/** Which app it was, the subscription says: ours. */
const rawRevocation = z.object({ date_time: z.iso.datetime({ offset: true }), user_id: xId })

const rawDeletion = z.object({ id: xId })

/** X's example payloads put users there inside `data`, its OpenAPI document does not. */
const rawPerson = z.union([
  z.object({ id: xId }),
  z.object({ data: z.object({ id: xId }) }).transform(({ data }) => data),
])

const rawFollow = z.object({ source: rawPerson, target: rawPerson })

/** `timestamp_ms` comes as a number or as text. */
const rawLike = named(
  z.object({
    liked_tweet_id: xId,
    timestamp_ms: z.coerce.number().int().positive().optional(),
    created_at: z.iso.datetime({ offset: true }).optional(),
  }),
)

/** `A:B` in events, `A-B` in paths and lists (TRAPS, "XChat"). */
const rawChat = z.object({
  conversation_id: z.string().regex(/^[0-9]{1,19}[:-][0-9]{1,19}$|^g[0-9a-z]{1,40}$/i),
  /** The message, where it makes sense (docs.x.com/xchat/real-time-events). */
  sender_id: xId.optional().catch(undefined),
  encoded_event: z.base64().min(1).optional().catch(undefined),
  conversation_key_change_event: z.base64().min(1).nullish().catch(undefined),
  created_at_msec: z.coerce.number().int().positive().max(8.64e15).optional().catch(undefined),
})

const NOTHING: ParsedActivity = { event: undefined, items: [], rejects: [], revocations: [], chats: [] }

/** Events that carry a post. */
const POST_EVENTS = new Set(['post.mention.create', 'post.reply.create', 'post.quote.create', 'post.create'])

type Event = z.infer<typeof rawActivity>['data']

/** One line of the Activity stream, or the body of one webhook call. Events of other kinds and X's notices give nothing. */
export function parseActivity(line: string): ParsedActivity {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return refused(line, 'not JSON')
  }
  const event = rawActivity.safeParse(json)
  if (event.success) {
    const { event_type: type, event_uuid: id, filter } = event.data.data
    return { ...parseEvent(event.data.data, line), event: { type, id, accountXUserId: filter?.user_id } }
  }
  // An `errors` line is X's notice about the connection itself (it is about to close), not lost content.
  const notice = z.object({ errors: z.array(z.unknown()).min(1) }).safeParse(json)
  return notice.success ? NOTHING : refused(line, why(event.error))
}

const postsOf = (posts: readonly unknown[], { includes }: Event) =>
  parsePosts(posts, parseUsers(includes?.users ?? []), parseAuthors(includes?.tweets ?? []))

function parseEvent(event: Event, line: string): ParsedActivity {
  const { event_type: type, payload } = event
  if (POST_EVENTS.has(type)) {
    const { posts, rejects } = postsOf([payload], event)
    return { ...NOTHING, items: posts.map(({ post, author }) => ({ kind: 'post', post, author })), rejects }
  }
  switch (type) {
    case 'post.delete':
      return read(rawDeletion, event, line, ({ id }) => ({ items: [{ kind: 'deletion', postId: id, at: now() }] }))
    case 'like.create':
      return parseLike(event, line)
    case 'dm.received':
    case 'dm.sent':
      return withOwner(event, line, (owner) => parseMessageActivity(payload, owner))
    case 'chat.received':
    case 'chat.sent':
      return withOwner(event, line, (owner) => read(rawChat, event, line, (chat) => ({ chats: [toNews(chat, owner)] })))
    case 'follow.follow':
    case 'follow.unfollow':
      return withOwner(event, line, (owner) =>
        read(rawFollow, event, line, ({ source, target }) =>
          source.id === owner
            ? {
                items: [
                  { kind: 'follow', followerId: owner, personId: target.id, following: type === 'follow.follow' },
                ],
              }
            : NOTHING,
        ),
      )
    case 'oauth.revoke':
      return read(rawRevocation, event, line, ({ user_id, date_time }) => ({
        revocations: [{ xUserId: user_id, at: new Date(date_time) }],
      }))
    default:
      return NOTHING
  }
}

function toNews(chat: z.infer<typeof rawChat>, accountXUserId: string): ChatNews {
  const { conversation_id, sender_id: senderId, encoded_event: encodedEvent, created_at_msec: at } = chat
  const news = { accountXUserId, conversationId: conversation_id.replace(':', '-') }
  if (senderId === undefined || encodedEvent === undefined) return news
  const keyEvent = chat.conversation_key_change_event ?? null
  return { ...news, message: { senderId, encodedEvent, keyEvent, saidAt: at === undefined ? null : new Date(at) } }
}

/** A like by the account whose event it is; the liked post comes beside it. Likes of its own posts by others are not asked for. */
function parseLike(event: Event, line: string): ParsedActivity {
  const { filter, includes, payload } = event
  const likerId = filter?.user_id
  if (likerId === undefined) return refused(line, 'a like without the account that it is about')
  if (filter?.direction === 'inbound') return NOTHING
  const like = rawLike.safeParse(payload)
  if (!like.success) return refused(line, why(like.error))
  const { liked_tweet_id, timestamp_ms, created_at } = like.data
  const { posts } = postsOf(includes?.tweets ?? [], event)
  const liked = posts.find(({ post }) => post.versionId === liked_tweet_id)
  if (!liked) return refused(line, 'a like without the post that is liked')
  // Whoever is told of likes in both directions sees those of others, too.
  if (filter?.direction === undefined && liked.post.authorId === likerId) return NOTHING
  const at = timestamp_ms ?? (created_at === undefined ? undefined : Date.parse(created_at))
  const item: Item = {
    kind: 'like',
    likerId,
    history: false,
    ...liked,
    likedAt: at === undefined ? null : new Date(Math.max(at, timeOfId(liked.post.id))).toISOString(),
  }
  return { ...NOTHING, items: [item] }
}

const now = (): string => new Date().toISOString()

function read<T>(
  schema: z.ZodType<T>,
  { payload }: Event,
  line: string,
  give: (value: T) => Partial<ParsedActivity>,
): ParsedActivity {
  const parsed = schema.safeParse(payload)
  return parsed.success ? { ...NOTHING, ...give(parsed.data) } : refused(line, why(parsed.error))
}

/** Whose event it is, only the subscription says. */
function withOwner(
  { filter }: Event,
  line: string,
  give: (xUserId: string) => Partial<ParsedActivity>,
): ParsedActivity {
  return filter?.user_id === undefined
    ? refused(line, 'an event without the account that it is about')
    : { ...NOTHING, ...give(filter.user_id) }
}

const refused = (payload: string, reason: string): ParsedActivity => ({ ...NOTHING, rejects: [{ payload, reason }] })
