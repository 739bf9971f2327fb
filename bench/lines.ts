import { createHash } from 'node:crypto'
import type { ReceivedPost } from '../src/ingest/item.ts'
import { SIMULATED_BRAND } from '../src/simulated-x.ts'

/** Posts as the Activity stream tells of them, a line of JSON each. */
export function linesOf(posts: readonly ReceivedPost[]): string[] {
  return posts.map(lineOf)
}

function lineOf({ post, author }: ReceivedPost): string {
  const { id, inReplyToPostId } = post
  return JSON.stringify({
    data: {
      filter: { user_id: SIMULATED_BRAND.id },
      event_uuid: createHash('md5').update(id).digest('hex'),
      event_type: 'post.mention.create',
      tag: 'perch',
      payload: {
        id,
        text: post.text,
        author_id: post.authorId,
        conversation_id: post.conversationId,
        created_at: post.postedAt,
        edit_history_tweet_ids: [id],
        entities: { mentions: [{ start: 0, end: 5, username: SIMULATED_BRAND.username, id: SIMULATED_BRAND.id }] },
        public_metrics: { retweet_count: 0, reply_count: 0, like_count: 0, quote_count: 0 },
        lang: 'en',
        ...(inReplyToPostId && {
          in_reply_to_user_id: post.inReplyToUserId,
          referenced_tweets: [{ type: 'replied_to', id: inReplyToPostId }],
        }),
      },
      includes: {
        users: author && [
          {
            id: author.id,
            username: author.username,
            name: author.name,
            profile_image_url: author.avatarUrl,
            public_metrics: {
              followers_count: author.followersCount,
              following_count: 9,
              tweet_count: author.postsCount,
            },
            verified: author.verified,
            verified_type: author.verifiedType,
            protected: author.protected,
          },
        ],
      },
    },
  })
}
