import { notFound } from '../http/problems.ts'
import type { XPost, XUser } from '../world/model.ts'
import { codePoints, entitiesOf } from '../world/text.ts'
import type { World } from '../world/world.ts'
import type { Selection } from './parameters.ts'

/** An object of X's JSON. */
export type Json = Record<string, unknown>

/** A time as X writes it: milliseconds are shown as zero. */
export const seconds = (date: Date) => `${date.toISOString().slice(0, 19)}.000Z`

/** A post as X's JSON. `fields` undefined gives all that the Activity API gives. */
export function renderPost(post: XPost, fields?: ReadonlySet<string>): Json {
  const editableUntil = new Date(post.createdAt.getTime() + 3_600_000)
  const references = [
    ...(post.inReplyTo ? [{ type: 'replied_to', id: post.inReplyTo.postId }] : []),
    ...(post.quoted ? [{ type: 'quoted', id: post.quoted.postId }] : []),
  ]
  const all: Json = {
    author_id: post.authorId,
    conversation_id: post.conversationId,
    created_at: seconds(post.createdAt),
    display_text_range: [post.visibleFrom, codePoints(post.text)],
    edit_controls: { edits_remaining: 5, is_edit_eligible: !post.inReplyTo, editable_until: seconds(editableUntil) },
    entities: entitiesOf(post.text, post.mentions),
    in_reply_to_user_id: post.inReplyTo?.userId,
    lang: 'en',
    note_tweet: post.longText === undefined ? undefined : { text: post.longText },
    possibly_sensitive: false,
    public_metrics: {
      retweet_count: 0,
      reply_count: post.replies,
      like_count: post.likedBy.size,
      quote_count: post.quotes,
      bookmark_count: 0,
      impression_count: 0,
    },
    referenced_tweets: references.length > 0 ? references : undefined,
    reply_settings: 'everyone',
  }
  return { id: post.id, text: post.text, edit_history_tweet_ids: [post.id], ...chosen(all, fields) }
}

/** A user as X's JSON. `fields` undefined gives all that the Activity API gives. */
export function renderUser(user: XUser, fields?: ReadonlySet<string>): Json {
  const all: Json = {
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

/** `data`, `includes` and `errors` of an answer about posts. */
export function renderPosts(world: World, posts: readonly XPost[], selection: Selection) {
  const { expansions } = selection
  const fields = new Set(selection.tweet)
  // Expanding a reference shows the reference, asked for or not.
  if (expansions.has('author_id')) fields.add('author_id')
  if (expansions.has('in_reply_to_user_id')) fields.add('in_reply_to_user_id')
  if (expansions.has('entities.mentions.username')) fields.add('entities')
  if (expansions.has('referenced_tweets.id')) fields.add('referenced_tweets')
  const userIds = new Set<string>()
  const referenced = new Map<string, XPost>()
  const missing = new Set<string>()
  for (const post of posts) {
    if (expansions.has('author_id')) userIds.add(post.authorId)
    if (expansions.has('in_reply_to_user_id') && post.inReplyTo) userIds.add(post.inReplyTo.userId)
    if (expansions.has('entities.mentions.username')) for (const { id } of post.mentions) userIds.add(id)
    if (expansions.has('edit_history_tweet_ids')) referenced.set(post.id, post)
    const expandsReferences = expansions.has('referenced_tweets.id') || expansions.has('referenced_tweets.id.author_id')
    for (const reference of expandsReferences ? [post.inReplyTo, post.quoted] : []) {
      if (!reference) continue
      const target = world.posts.get(reference.postId)
      if (target) referenced.set(target.id, target)
      else missing.add(reference.postId)
      if (target && expansions.has('referenced_tweets.id.author_id')) userIds.add(target.authorId)
    }
  }
  const users = [...userIds].flatMap((id) => world.users.get(id) ?? [])
  const includes = {
    ...(users.length > 0 && { users: users.map((user) => renderUser(user, selection.user)) }),
    ...(referenced.size > 0 && { tweets: [...referenced.values()].map((post) => renderPost(post, fields)) }),
  }
  return {
    data: posts.map((post) => renderPost(post, fields)),
    includes: Object.keys(includes).length > 0 ? includes : undefined,
    errors: [...missing].map((id) => notFound('tweet', 'referenced_tweets.id', id)),
  }
}
