import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type OpenStream, openStream, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/* Posts that are edited, and posts that are reposted. */

const APP = DEFAULT_APP.bearerToken
let now: Date
let x: ValidatedSimulator
let token: string
let streams: OpenStream[]
beforeEach(async () => {
  now = new Date('2026-11-23T10:00:00Z')
  x = await validatedSimulator({ clock: () => now })
  for (const username of ['ann', 'bob']) x.simulator.createUser({ username })
  token = x.simulator.issueTokens({ userId: 'acme' }).access_token
  streams = []
})
afterEach(async () => {
  for (const stream of streams) stream.close()
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const get = (path: string) => call(x.simulator, 'GET', path, { token })
const say = (from: string, text: string, inReplyTo?: string) =>
  x.simulator.createPost({ from, text, ...(inReplyTo !== undefined && { inReplyTo }) }).id
const idsOf = (body: Record<string, unknown>) => ((body['data'] ?? []) as { id: string }[]).map(({ id }) => id)
const mentions = async () => idsOf((await get(`/2/users/${BRAND.id}/mentions`)).body)
const found = async (query: string) =>
  idsOf((await get(`/2/tweets/search/recent?${new URLSearchParams({ query })}`)).body)
const listen = async (...types: string[]) => {
  for (const event_type of types) {
    const body = { event_type, filter: { user_id: BRAND.id } }
    await call(x.simulator, 'POST', '/2/activity/subscriptions', { token: APP, body })
  }
  const stream = await openStream(x.simulator, APP)
  streams.push(stream)
  return stream
}

describe('an edited post', () => {
  test('has a new id; lists show the newest version only, and each version can be looked up', async () => {
    const first = say('ann', 'Helo @acme')
    say('bob', 'Hello @acme')
    const second = x.simulator.editPost({ id: first, text: 'Hello @acme' }).id
    const third = x.simulator.editPost({ id: first, text: 'Hello! @acme' }).id
    expect((await mentions())[0]).toBe(third)
    expect(await mentions()).toHaveLength(2)
    expect(await found('from:ann')).toEqual([third])
    const history = [first, second, third]
    const { body } = await get(`/2/tweets?ids=${history}&tweet.fields=conversation_id,edit_controls`)
    expect(body['data']).toMatchObject(
      ['Helo @acme', 'Hello @acme', 'Hello! @acme'].map((text, index) => ({
        id: history[index],
        text,
        conversation_id: first,
        edit_history_tweet_ids: history,
        edit_controls: { edits_remaining: 3, is_edit_eligible: true, editable_until: '2026-11-23T11:00:00.000Z' },
      })),
    )
    const newest = (await get(`/2/tweets/${third}?expansions=edit_history_tweet_ids`)).body
    expect(newest['includes']).toMatchObject({ tweets: [{ id: first }, { id: second }] })
    expect(x.simulator.state.posts).toBe(2)
  })

  test('leaves the mentions when the name is edited away, and comes there when it is added', async () => {
    const [named, silent] = [say('ann', 'Hello @acme'), say('bob', 'Hello')]
    x.simulator.editPost({ id: named, text: 'Hello' })
    const added = x.simulator.editPost({ id: silent, text: 'Hello @acme' }).id
    expect(await mentions()).toEqual([added])
  })

  test('is told anew, under the new id', async () => {
    const stream = await listen('post.mention.create', 'post.create', 'post.delete')
    const [theirs, ours] = [say('ann', 'Helo @acme'), say('acme', 'We are opn')]
    x.simulator.editPost({ id: theirs, text: 'Hello @acme' })
    const newest = x.simulator.editPost({ id: ours, text: 'We are open' }).id
    x.simulator.deletePost(ours)
    const events = await stream.until(5)
    expect(events.map(({ event_type, payload }) => [event_type, payload['edit_history_tweet_ids'] ?? null])).toEqual([
      ['post.mention.create', [theirs]],
      ['post.create', [ours]],
      ['post.mention.create', [theirs, expect.any(String)]],
      ['post.create', [ours, newest]],
      ['post.delete', null],
    ])
    expect(events[4]?.payload['id']).toBe(newest)
    // A post's and a mention's events carry the post's id, others a signed number.
    expect(events.slice(0, 4).every(({ event_uuid, payload }) => event_uuid === payload['id'])).toBe(true)
    expect(events[4]?.event_uuid).toMatch(/^-?\d{1,19}$/)
    expect((await get(`/2/tweets?ids=${ours},${newest}`)).body).not.toHaveProperty('data')
  })

  test('is still liked, and shown among likes in its newest version', async () => {
    const first = say('ann', 'Lovely shp')
    x.simulator.like({ user: 'acme', postId: first })
    const second = x.simulator.editPost({ id: first, text: 'Lovely shop' }).id
    const likes = async () => idsOf((await get(`/2/users/${BRAND.id}/liked_tweets`)).body)
    expect(await likes()).toEqual([second])
    x.simulator.unlike({ user: 'acme', postId: second })
    expect(await likes()).toEqual([])
  })

  test('is edited five times within its hour; replies to others and reposts never', async () => {
    const own = say('ann', 'one')
    for (const text of ['two', 'three', 'four', 'five', 'six']) x.simulator.editPost({ id: own, text })
    const root = say('acme', 'Hello')
    const late = say('ann', 'late')
    const thread = say('ann', 'goes on', late)
    expect(x.simulator.editPost({ id: thread, text: 'went on' }).inReplyTo).toBe(late)
    const refuse = (id: string, reason: string) =>
      expect(() => x.simulator.editPost({ id, text: 'seven' })).toThrow(reason)
    refuse(own, '5 times')
    refuse(say('ann', 'Hi', root), 'replies to others and reposts')
    refuse(x.simulator.repost({ user: 'bob', postId: own }).id, 'replies to others and reposts')
    now = new Date(now.getTime() + 3_600_001)
    refuse(late, 'first hour')
  })
})

describe('a repost', () => {
  test('is a post that says whose words it repeats, cut at 140', async () => {
    const original = say('acme', 'We are open & happy to help')
    const repost = x.simulator.repost({ user: 'ann', postId: original })
    expect(repost).toMatchObject({ text: 'RT @acme: We are open &amp; happy to help', repostOf: original })
    const fields = 'tweet.fields=referenced_tweets,public_metrics,entities&expansions=referenced_tweets.id'
    const { body } = await get(`/2/tweets/${repost.id}?${fields}`)
    expect(body).toMatchObject({
      data: {
        referenced_tweets: [{ type: 'retweeted', id: original }],
        entities: { mentions: [{ start: 3, end: 8, username: 'acme' }] },
      },
      includes: { tweets: [{ id: original, public_metrics: { retweet_count: 1 } }] },
    })
    const long = x.simulator.repost({ user: 'ann', postId: say('bob', 'x'.repeat(200)) })
    expect([...long.text]).toHaveLength(140)
  })

  test('is found by search, is no mention, and ends with its original', async () => {
    const original = say('bob', 'Ask @acme')
    const { id } = x.simulator.repost({ user: 'ann', postId: original })
    expect(await found('@acme')).toEqual([id, original])
    expect(await found('@acme -is:retweet')).toEqual([original])
    expect(await found('is:retweet')).toEqual([id])
    expect(await mentions()).toEqual([original])
    const edited = x.simulator.editPost({ id: original, text: 'Ask @acme!' }).id
    expect(() => x.simulator.repost({ user: 'ann', postId: edited })).toThrow('reposted already')
    x.simulator.deletePost(original)
    expect(await found('@acme')).toEqual([])
  })

  test('is told to the original’s author, and as a post of its own to whoever reposts', async () => {
    const stream = await listen('post.repost.create', 'post.create', 'post.mention.create', 'post.delete')
    const [ours, theirs] = [say('acme', 'We are open'), say('bob', 'Ask @acme')]
    const inbound = x.simulator.repost({ user: 'ann', postId: ours }).id
    const outbound = x.simulator.repost({ user: 'acme', postId: theirs }).id
    x.simulator.repost({ user: 'ann', postId: theirs })
    x.simulator.deletePost(outbound)
    const events = await stream.until(5)
    expect(events.map(({ event_type, payload }) => [event_type, payload['id']])).toEqual([
      ['post.create', ours],
      ['post.mention.create', theirs],
      ['post.repost.create', inbound],
      ['post.create', outbound],
      ['post.delete', outbound],
    ])
    expect(events[2]?.payload).toMatchObject({ referenced_tweets: [{ type: 'retweeted', id: ours }] })
    expect(events[3]?.includes?.tweets?.map(({ id }) => id)).toEqual([outbound, theirs])
  })

  test('of a protected account’s post is refused', () => {
    x.simulator.createUser({ username: 'shy', protected: true })
    const post = say('shy', 'Between us')
    expect(() => x.simulator.repost({ user: 'ann', postId: post })).toThrow('protected')
  })
})
