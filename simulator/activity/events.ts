import { createHash } from 'node:crypto'
import { renderPost, renderUser } from '../api/render.ts'
import type { Happening, XPost } from '../world/model.ts'
import type { World } from '../world/world.ts'
import { idInEvents } from '../xchat/model.ts'
import { tellMessage } from './message-events.ts'
import type { Filter, Told } from './told.ts'

/*
 * From what happens to what the Activity API tells. Direct replies and typed mentions only: replies deeper in a
 * thread, whose @name is an auto-mention, are not told (docs.x.com "X Activity API"), they must be polled for.
 */

/** What a subscription to `eventType` with `filter` hears of a happening; undefined when it is not concerned. */
export function tell(world: World, happening: Happening, eventType: string, filter: Filter): Told | undefined {
  const userId = filter.user_id ?? ''
  switch (happening.kind) {
    case 'post':
      return concerns(world, happening.post, eventType, userId) ? tellPost(world, happening.post) : undefined
    case 'delete': {
      const { id, authorId } = happening.post
      if (eventType !== 'post.delete' || authorId !== userId || hidden(world, authorId)) return undefined
      return { payload: { id, author_id: authorId } }
    }
    case 'like': {
      const { id, user, post, at } = happening
      const outbound = user.id === userId && filter.direction !== 'inbound'
      const inbound = post.authorId === userId && filter.direction !== 'outbound'
      if (eventType !== 'like.create' || !(outbound || inbound) || hidden(world, post.authorId)) return undefined
      const author = world.users.get(post.authorId)
      return {
        payload: {
          id: createHash('md5').update(id).digest('hex'),
          created_at: at.toISOString(),
          timestamp_ms: String(at.getTime()),
          liked_tweet_id: post.id,
          liked_tweet_author_id: post.authorId,
        },
        // There is no field for who liked. Of a like that the filtered user makes X includes the post's author only.
        includes: {
          users: [...(outbound ? [] : [user]), ...(author ? [author] : [])].map((each) => renderUser(each)),
          tweets: [renderPost(post)],
        },
      }
    }
    case 'follow': {
      const { source, target, follows } = happening
      if (eventType !== (follows ? 'follow.follow' : 'follow.unfollow')) return undefined
      if (userId !== source.id && userId !== target.id) return undefined
      // As X's example has it; x-openapi.json puts the users there without `data`.
      return { payload: { source: { data: renderUser(source) }, target: { data: renderUser(target) } } }
    }
    case 'message':
      return tellMessage(world, happening.event, eventType, userId)
    case 'chat': {
      const { messageId, event, conversation } = happening.chat
      const concerned =
        eventType === (event.senderId === userId ? 'chat.sent' : 'chat.received') &&
        conversation.participants.includes(userId)
      if (!concerned) return undefined
      return {
        payload: {
          id: messageId,
          created_at_msec: String(event.createdAt.getTime()),
          sender_id: event.senderId,
          conversation_id: idInEvents(conversation.id),
          conversation_key_version: conversation.keyVersion,
          encoded_event: event.encoded,
          conversation_key_change_event: conversation.lastKeyEvent,
        },
      }
    }
    case 'revoke':
      if (eventType !== 'oauth.revoke') return undefined
      return {
        payload: { date_time: happening.at.toISOString(), user_id: happening.userId, app_id: happening.clientId },
      }
  }
}

/** Protected accounts are not delivered. */
const hidden = (world: World, authorId: string) => world.users.get(authorId)?.protected !== false

function concerns(world: World, post: XPost, eventType: string, userId: string): boolean {
  if (hidden(world, post.authorId)) return false
  const byOther = post.authorId !== userId
  switch (eventType) {
    case 'post.create':
      return !byOther
    case 'post.mention.create':
      return byOther && post.explicitMentionIds.has(userId)
    case 'post.reply.create':
      return byOther && post.inReplyTo?.userId === userId
    case 'post.quote.create':
      return byOther && post.quoted?.userId === userId
    case 'post.repost.create':
      return byOther && post.reposted?.userId === userId
    default:
      return false
  }
}

function tellPost(world: World, post: XPost): Told {
  const people = new Set([post.authorId, ...post.mentions.map(({ id }) => id)])
  const references = [post.inReplyTo, post.quoted, post.reposted].flatMap((target) => target?.postId ?? [])
  const rendered = renderPost(post)
  return {
    payload: post.inReplyTo ? { ...rendered, in_reply_to_tweet_id: post.inReplyTo.postId } : rendered,
    includes: {
      users: [...people].flatMap((id) => world.users.get(id) ?? []).map((user) => renderUser(user)),
      tweets: [post, ...references.flatMap((id) => world.posts.get(id) ?? [])].map((each) => renderPost(each)),
    },
  }
}
