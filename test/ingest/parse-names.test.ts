import { describe, expect, it } from 'vitest'
import { parseLikedPage, parseLookup, parsePage } from '../../src/ingest/parse.ts'
import { parseActivity } from '../../src/ingest/parse-activity.ts'

/** X's answers say `tweet` where its document says `post`: both are read, and mean the same. */

const ID = '1900000000000000002'
const users = (count: string) => [
  { id: '900', username: 'ann', name: 'Ann', public_metrics: { followers_count: 3, [count]: 7 } },
]
const TWEET = {
  id: ID,
  author_id: '900',
  text: 'cut…',
  note_tweet: { text: '@acme the whole text' },
  edit_history_tweet_ids: ['1900000000000000000', ID],
  referenced_tweets: [
    { type: 'quoted', id: '5' },
    { type: 'replied_to', id: '6' },
  ],
}
const { note_tweet: note_post, edit_history_tweet_ids: edit_history_post_ids, referenced_tweets, ...same } = TWEET
const POST = { ...same, note_post, edit_history_post_ids, referenced_posts: referenced_tweets }
const QUOTED = { id: '5', author_id: '100' }

const older = (data: unknown[]) => ({
  data,
  includes: { users: users('tweet_count'), tweets: [QUOTED, TWEET] },
  meta: {},
})
const documented = (data: unknown[]) => ({
  data,
  includes: { users: users('post_count'), posts: [QUOTED, POST] },
  meta: {},
})
const event = (event_type: string, payload: object, { includes }: ReturnType<typeof documented | typeof older>) =>
  JSON.stringify({ data: { event_type, filter: { user_id: '100', direction: 'outbound' }, payload, includes } })

describe('the names of X’s document mean what those of its answers do', () => {
  it('in a page', () => {
    const page = parsePage(documented([POST]))
    expect(page).toEqual(parsePage(older([TWEET])))
    expect(page).toMatchObject({
      items: [
        {
          post: {
            id: '1900000000000000000',
            versionId: ID,
            text: '@acme the whole text',
            inReplyToPostId: '6',
            quotedUserId: '100',
          },
          author: { name: 'Ann', postsCount: 7 },
        },
      ],
    })
  })

  it('in a page of likes', () => {
    expect(parseLikedPage(documented([POST]), '100', false)).toEqual(parseLikedPage(older([TWEET]), '100', false))
  })

  it('in a look-up, where what a post refers to is not what was asked for', () => {
    const at = new Date()
    const error = (parameter: string) => ({
      resource_id: '6',
      parameter,
      type: 'https://api.x.com/2/problems/resource-not-found',
    })
    const named = parseLookup({ ...documented([POST]), errors: [error('referenced_posts.id')] }, at)
    expect(named).toEqual(parseLookup({ ...older([TWEET]), errors: [error('referenced_tweets.id')] }, at))
    expect(named?.items).toHaveLength(1)
  })

  it('in events', () => {
    const of = (type: string, payload: object, body: ReturnType<typeof documented | typeof older>) => {
      const { items, rejects } = parseActivity(event(type, payload, body))
      return { items, rejects }
    }
    const told = of('post.mention.create', POST, documented([]))
    expect(told).toEqual(of('post.mention.create', TWEET, older([])))
    expect(told.items).toHaveLength(1)
    const liked = of('like.create', { liked_post_id: ID, timestamp_ms: 1_790_000_000_000 }, documented([]))
    expect(liked).toEqual(of('like.create', { liked_tweet_id: ID, timestamp_ms: 1_790_000_000_000 }, older([])))
    expect(liked.items).toHaveLength(1)
  })

  it.each(['retweeted', 'reposted'])('for what is %s', (type) => {
    const repost = { ...same, referenced_posts: [{ type, id: '5' }] }
    expect(parsePage(documented([repost]))?.items).toMatchObject([{ post: { repostOfId: '5' } }])
  })
})
