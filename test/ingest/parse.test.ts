import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item, ReceivedPost } from '../../src/ingest/item.ts'
import { parsePage } from '../../src/ingest/parse.ts'
import { parseActivity } from '../../src/ingest/parse-activity.ts'

const ID = '1900000000000000000'
const raw = (change: object = {}) => ({ id: ID, author_id: '900', text: '@acme help', ...change })
const postsOf = (items: readonly Item[]): ReceivedPost[] =>
  items.flatMap((item) => (item.kind === 'post' ? [item] : []))
const page = (data: unknown[], users: unknown[] = [], meta: object = {}) => {
  const parsed = parsePage({ data, includes: { users }, meta })
  if (!parsed) throw new Error('not a page')
  return { ...parsed, posts: postsOf(parsed.items) }
}
const one = (change: object, users: unknown[] = []) => {
  const { posts, rejects } = page([raw(change)], users)
  const [received] = posts
  if (!received) throw new Error(`rejected: ${rejects[0]?.reason}`)
  return received
}
const line = (event_type: string, payload: unknown, users: unknown[] = []) =>
  JSON.stringify({ data: { event_type, payload, includes: { users } } })

describe('a post of X', () => {
  it('has X’s three escapes undone once, and no other', () => {
    expect(one({ text: '&lt;b&gt; &amp; &amp;lt; &quot;' }).post.text).toBe('<b> & &lt; &quot;')
  })

  it('has no NUL and no half of a pair of surrogates: PostgreSQL stores neither', () => {
    expect(one({ text: 'a\u0000b\ud83dc\udc00d📦' }).post.text).toBe('ab\ufffdc\ufffdd📦')
  })

  it('has the whole text when X cut it for old programs', () => {
    expect(one({ text: 'cut…', note_tweet: { text: 'the whole &amp; long text' } }).post.text).toBe(
      'the whole & long text',
    )
  })

  it('takes the mentions of the part that X cut from the text itself', () => {
    const { post } = one({ text: 'cut…', note_tweet: { text: 'long (@Acme) me@example.org' } })
    expect(post.mentionedHandles).toEqual(['acme'])
  })

  it('says whom it mentions and answers, and whether it repeats', () => {
    const { post } = one({
      in_reply_to_user_id: '100',
      conversation_id: '7',
      referenced_tweets: [
        { type: 'quoted', id: '5' },
        { type: 'replied_to', id: '6' },
      ],
      entities: { mentions: [{ id: '100', username: 'ACME' }, { username: 'noid' }] },
    })
    expect(post).toMatchObject({
      conversationId: '7',
      inReplyToUserId: '100',
      inReplyToPostId: '6',
      mentionedUserIds: ['100'],
      repostOfId: null,
    })
    expect(post.mentionedHandles).toEqual(['acme', 'noid', 'acme'])
    expect(one({ referenced_tweets: [{ type: 'retweeted', id: '5' }] }).post.repostOfId).toBe('5')
  })

  it('begins its own conversation when X names none', () => {
    expect(one({}).post).toMatchObject({ conversationId: ID, inReplyToPostId: null, inReplyToUserId: null })
  })

  it('has the millisecond of its id, which created_at lacks', () => {
    // The id was made at this moment by X's published layout: (ms - 1288834974657) << 22.
    const made = Date.parse('2026-03-04T05:06:07.891Z')
    const id = String((BigInt(made) - 1_288_834_974_657n) << 22n)
    expect(one({ id, created_at: '2026-03-04T05:06:07.000Z' }).post.postedAt).toBe('2026-03-04T05:06:07.891Z')
    expect(one({ id }).post.postedAt).toBe('2026-03-04T05:06:07.891Z')
    expect(one({ id, created_at: '2026-03-04T05:09:00.000Z' }).post.postedAt).toBe('2026-03-04T05:09:00.000Z')
  })

  it('has its author as the payload shows them, or by id alone', () => {
    const user = {
      id: '900',
      username: 'mira',
      name: 'Mi\u0000ra',
      public_metrics: { followers_count: 3, tweet_count: 4 },
    }
    expect(one({}, [user]).author).toMatchObject({ username: 'mira', name: 'Mira', followersCount: 3, postsCount: 4 })
    expect(one({}).author).toMatchObject({ id: '900', username: null, followersCount: null })
    expect(one({}, [{ ...user, username: 7 }]).author).toMatchObject({ id: '900', username: null })
  })

  it('has an author whom the database can store, whatever X says of them', () => {
    const { author } = one({}, [
      {
        id: '900',
        username: 'mira',
        name: 'M',
        profile_image_url: 'a\u0000b',
        verified_type: 'x\ud800',
        public_metrics: { followers_count: 3e9, tweet_count: -3e9 },
      },
    ])
    expect(author).toMatchObject({ avatarUrl: 'ab', verifiedType: 'x\ufffd' })
    expect(Math.abs(author.followersCount ?? 0)).toBeLessThan(2 ** 31)
    expect(Math.abs(author.postsCount ?? 0)).toBeLessThan(2 ** 31)
  })
})

describe('a page', () => {
  it('loses nothing: a bad post is a reject with its payload, its neighbours go on', () => {
    const bad = { id: 'x', text: 7 }
    const { posts, rejects, newestId, nextToken } = page([raw(), bad, raw({ id: '5' })], [], { next_token: 'n' })
    expect(posts.map(({ post }) => post.id)).toEqual([ID, '5'])
    expect(rejects).toEqual([{ payload: JSON.stringify(bad), reason: expect.stringContaining('id') }])
    expect([newestId, nextToken]).toEqual([ID, 'n'])
  })

  it('has the newest id by X’s word or by the posts, whichever is higher, and compares as numbers', () => {
    expect(page([raw({ id: '99' }), raw({ id: '100' })]).newestId).toBe('100')
    expect(page([raw({ id: '99' })], [], { newest_id: '101' }).newestId).toBe('101')
    expect(page([raw({ id: '99' })], [], { newest_id: 'nonsense' }).newestId).toBe('99')
    expect(page([]).newestId).toBeNull()
  })

  it('is not what has no meta', () => {
    for (const body of [undefined, null, 'text', [], {}, { data: [] }, { meta: {}, data: 7 }]) {
      expect(parsePage(body)).toBeUndefined()
    }
  })
})

describe('a line of the stream', () => {
  it('is a post for us when its kind says so', () => {
    expect(parseActivity(line('post.mention.create', raw())).items).toHaveLength(1)
    expect(parseActivity(line('post.reply.create', raw())).items).toHaveLength(1)
    expect(parseActivity(line('profile.update.bio', raw()))).toEqual({
      event: { type: 'profile.update.bio', id: undefined, accountXUserId: undefined },
      items: [],
      rejects: [],
      revocations: [],
      chats: [],
    })
  })

  it('tells who removed the app, and when', () => {
    const payload = { date_time: '2026-11-23T04:05:06Z', user_id: '900', app_id: 'x' }
    expect(parseActivity(line('oauth.revoke', payload)).revocations).toEqual([
      { xUserId: '900', at: new Date('2026-11-23T04:05:06Z') },
    ])
    expect(parseActivity(line('oauth.revoke', { user_id: 'nobody' }))).toMatchObject({ revocations: [], rejects: [{}] })
  })

  it('that is not JSON is a reject with its text', () => {
    expect(parseActivity('{"data":')).toMatchObject({
      items: [],
      rejects: [{ payload: '{"data":', reason: 'not JSON' }],
    })
  })

  it('that is X’s notice about the connection is neither post nor reject', () => {
    expect(parseActivity('{"errors":[{"title":"operational-disconnect"}]}')).toMatchObject({ items: [], rejects: [] })
    expect(parseActivity('{"errors":[]}').rejects).toHaveLength(1)
  })
})

/** Arbitrary JSON, often shaped like a post with one thing wrong. */
const junk = fc.jsonValue() as fc.Arbitrary<unknown>
const nearlyPost = fc.record(
  {
    id: fc.oneof(fc.constant(ID), junk),
    author_id: fc.oneof(fc.constant('900'), junk),
    text: fc.oneof(fc.string({ unit: 'binary' }), junk),
    created_at: fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      junk,
    ),
    referenced_tweets: junk,
    entities: fc.oneof(fc.record({ mentions: junk }), junk),
    note_tweet: fc.oneof(fc.record({ text: junk }), junk),
  },
  { requiredKeys: [] },
)
const item = fc.oneof(junk, nearlyPost)

describe('whatever comes', () => {
  it('every item of a page is a post or a reject', () => {
    fc.assert(
      fc.property(fc.array(item), fc.array(item), (data, users) => {
        const { posts, rejects } = page(data, users)
        expect(posts.length + rejects.length).toBe(data.length)
        for (const { post } of posts) {
          expect(post.text).not.toContain('\u0000')
          expect(post.text.isWellFormed()).toBe(true)
          expect(new Date(post.postedAt).toISOString()).toBe(post.postedAt)
        }
        for (const { reason } of rejects) expect(reason).not.toBe('')
      }),
      { numRuns: 500 },
    )
  })

  it('a page or a line never throws, and no line with a post’s kind vanishes', () => {
    fc.assert(fc.property(junk, (body) => void parsePage(body)))
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseActivity(text)))
    fc.assert(
      fc.property(item, (payload) => {
        const { items, rejects } = parseActivity(line('post.mention.create', payload))
        expect(items.length + rejects.length).toBe(1)
      }),
    )
  })
})
