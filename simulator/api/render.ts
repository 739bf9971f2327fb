import type { XPost, XUser } from '../world/model.ts'
import { editsRemaining, isEditable } from '../world/post.ts'
import { codePoints, entitiesOf } from '../world/text.ts'

/** An object of X's JSON. */
export type Json = Record<string, unknown>

/** A time as X writes it: milliseconds are shown as zero. */
export const seconds = (date: Date) => `${date.toISOString().slice(0, 19)}.000Z`

/** A post as X's JSON. `fields` undefined gives all that the Activity API gives. */
export function renderPost(post: XPost, fields?: ReadonlySet<string>): Json {
  const references = [
    ...(post.inReplyTo ? [{ type: 'replied_to', id: post.inReplyTo.postId }] : []),
    ...(post.reposted ? [{ type: 'retweeted', id: post.reposted.postId }] : []),
    ...(post.quoted ? [{ type: 'quoted', id: post.quoted.postId }] : []),
  ]
  const all: Json = {
    author_id: post.authorId,
    conversation_id: post.conversationId,
    created_at: seconds(post.createdAt),
    display_text_range: [post.visibleFrom, codePoints(post.text)],
    edit_controls: {
      edits_remaining: editsRemaining(post),
      is_edit_eligible: isEditable(post),
      editable_until: seconds(post.editableUntil),
    },
    entities: entitiesOf(post.text, post.mentions),
    in_reply_to_user_id: post.inReplyTo?.userId,
    lang: 'en',
    note_tweet: post.longText === undefined ? undefined : { text: post.longText },
    possibly_sensitive: false,
    public_metrics: {
      retweet_count: post.reposts,
      reply_count: post.replies,
      like_count: post.likedBy.size,
      quote_count: post.quotes,
      bookmark_count: 0,
      impression_count: 0,
    },
    referenced_tweets: references.length > 0 ? references : undefined,
    reply_settings: 'everyone',
  }
  return { id: post.id, text: post.text, edit_history_tweet_ids: [...post.history], ...chosen(all, fields) }
}

/** A user as X's JSON. `fields` undefined gives all that the Activity API gives; `connections` are the caller's. */
export function renderUser(user: XUser, fields?: ReadonlySet<string>, connections?: readonly string[]): Json {
  const all: Json = {
    connection_status: connections,
    created_at: seconds(user.createdAt),
    description: user.description,
    location: user.location === '' ? undefined : user.location,
    profile_image_url: user.profileImageUrl,
    protected: user.protected,
    public_metrics: {
      followers_count: user.followers,
      following_count: user.following,
      tweet_count: user.posts,
      listed_count: user.listed,
      like_count: user.likes,
      media_count: 0,
    },
    url: '',
    verified: user.verifiedType !== 'none',
    verified_type: user.verifiedType,
  }
  return { id: user.id, name: user.name, username: user.username, ...chosen(all, fields) }
}

/** The fields that are asked for, of those that are there; `fields` undefined gives all. */
export function chosen(all: Json, fields: ReadonlySet<string> | undefined): Json {
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => value !== undefined && (!fields || fields.has(name))),
  )
}
