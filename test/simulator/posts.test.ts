import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRAND, DEFAULT_APP } from '../../simulator/index.ts'
import { call, type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let x: ValidatedSimulator
let token: string
beforeEach(async () => {
  x = await validatedSimulator({ clock: () => new Date('2026-11-23T10:00:00.500Z') })
  x.simulator.createUser({ username: 'ann', name: 'Ann', followers: 7, posts: 3, verified: true })
  x.simulator.createUser({ username: 'bob', name: 'Bob' })
  token = x.simulator.issueTokens({ userId: 'acme' }).access_token
})
afterEach(async () => {
  await x.simulator.close()
  expect(x.violations()).toEqual([])
})

const get = (path: string) => call(x.simulator, 'GET', path, { token })
const tweet = (body: unknown) => call(x.simulator, 'POST', '/2/tweets', { token, body })
const say = (from: string, text: string, inReplyTo?: string) =>
  x.simulator.createPost({ from, text, ...(inReplyTo !== undefined && { inReplyTo }) })

describe('users', () => {
  test('carry the fields that are asked for and no others', async () => {
    const fields = 'user.fields=public_metrics,verified,verified_type,profile_image_url,protected,created_at'
    const { body } = await get(`/2/users/by/username/ANN?${fields}`)
    expect(body['data']).toEqual({
      id: expect.stringMatching(/^\d+$/),
      name: 'Ann',
      username: 'ann',
      created_at: '2026-11-23T10:00:00.000Z',
      profile_image_url: expect.stringContaining('https://'),
      protected: false,
      public_metrics: {
        followers_count: 7,
        following_count: 0,
        tweet_count: 3,
        listed_count: 0,
        like_count: 0,
        media_count: 0,
      },
      verified: true,
      verified_type: 'blue',
    })
  })

  test('some of several may be missing: data and errors stand side by side', async () => {
    const { status, body } = await get(`/2/users?ids=${BRAND.id},42`)
    expect(status).toBe(200)
    expect(body['data']).toEqual([{ id: BRAND.id, name: 'Acme Support', username: 'acme' }])
    expect(body['errors']).toEqual([
      {
        value: '42',
        detail: 'Could not find user with ids: [42].',
        title: 'Not Found Error',
        resource_type: 'user',
        parameter: 'ids',
        resource_id: '42',
        type: 'https://api.x.com/2/problems/resource-not-found',
      },
    ])
    expect((await get('/2/users/by?usernames=acme,nobody')).body).toMatchObject({ data: [{}], errors: [{}] })
  })

  test('one that is missing is 404', async () => {
    for (const path of ['/2/users/42', '/2/users/by/username/nobody']) expect((await get(path)).status).toBe(404)
  })

  test.each([
    ['/2/users/not-a-number', 'id'],
    ['/2/users?ids=1,,2', 'ids'],
    ['/2/users/me?user.fields=shoe_size', 'user.fields'],
    ['/2/users/me?user.fields=', 'user.fields'],
    ['/2/users/me?colour=red', 'colour'],
    ['/2/users/me?expansions=author_id', 'expansions'],
  ])('%s is 400 and names the parameter', async (path, parameter) => {
    const { status, body } = await get(path)
    expect(status).toBe(400)
    expect(body).toMatchObject({
      title: 'Invalid Request',
      type: 'https://api.x.com/2/problems/invalid-request',
      errors: [{ parameters: { [parameter]: expect.any(Array) } }],
    })
  })
})

describe('texts', () => {
  test('a reply carries its addressees in front, as X does', async () => {
    const root = say('ann', 'Is anybody there @acme?')
    const answer = say('acme', 'Yes!', root.id)
    const deeper = say('bob', 'Me too @nobodyatall', answer.id)
    expect(answer.text).toBe('@ann Yes!')
    expect(deeper.text).toBe('@acme @ann Me too @nobodyatall')
    const fields = 'tweet.fields=entities,display_text_range,conversation_id,in_reply_to_user_id,referenced_tweets'
    const { body } = await get(`/2/tweets/${deeper.id}?${fields}`)
    expect(body['data']).toMatchObject({
      conversation_id: root.id,
      in_reply_to_user_id: BRAND.id,
      referenced_tweets: [{ type: 'replied_to', id: answer.id }],
      display_text_range: [11, 30],
      entities: {
        mentions: [
          { start: 0, end: 5, username: 'acme', id: BRAND.id },
          { start: 6, end: 10, username: 'ann' },
        ],
      },
    })
  })

  test('a name typed at the front is not put there twice', () => {
    const root = say('ann', 'Hello @acme')
    expect(say('acme', '@ann Hello', root.id).text).toBe('@ann Hello')
  })

  test('positions count characters as people do, after escaping', async () => {
    const post = say('ann', '👋 <3 & @acme #Help https://acme.example/a mail@acme.example')
    expect(post.text).toBe('👋 &lt;3 &amp; @acme #Help https://acme.example/a mail@acme.example')
    const { body } = await get(`/2/tweets/${post.id}?tweet.fields=entities`)
    const characters = [...post.text]
    const entities = (body['data'] as { entities: Record<string, { start: number; end: number }[]> }).entities
    const cut = (name: string) => entities[name]?.map(({ start, end }) => characters.slice(start, end).join(''))
    expect(cut('mentions')).toEqual(['@acme'])
    expect(cut('hashtags')).toEqual(['#Help'])
    expect(cut('urls')).toEqual(['https://acme.example/a'])
  })

  test('a long post is cut, and whole in note_tweet', async () => {
    const post = say('ann', `@acme ${'long '.repeat(100)}`)
    expect([...post.text]).toHaveLength(280)
    const { body } = await get(`/2/tweets/${post.id}?tweet.fields=note_tweet`)
    expect(body['data']).toMatchObject({ note_tweet: { text: `@acme ${'long '.repeat(100)}` } })
  })
})

describe('posts', () => {
  test('carry id, text and edit history, and more when asked, in either naming', async () => {
    const post = say('ann', 'Hello @acme')
    expect((await get(`/2/tweets/${post.id}`)).body).toEqual({
      data: { id: post.id, text: 'Hello @acme', edit_history_tweet_ids: [post.id] },
    })
    for (const name of ['tweet.fields', 'post.fields']) {
      const { body } = await get(`/2/tweets/${post.id}?${name}=created_at,public_metrics`)
      expect(body['data']).toMatchObject({
        created_at: '2026-11-23T10:00:00.000Z',
        public_metrics: { retweet_count: 0, reply_count: 0 },
      })
    }
  })

  test('bring along whom and what they refer to', async () => {
    const root = say('ann', 'Hello @acme')
    const reply = say('bob', 'Hello too', root.id)
    const expansions = 'author_id,in_reply_to_user_id,entities.mentions.username,referenced_tweets.id'
    const { body } = await get(`/2/tweets?ids=${reply.id}&expansions=${expansions}`)
    const includes = body['includes'] as { users: { username: string }[]; tweets: { id: string }[] }
    expect(includes.users.map(({ username }) => username)).toEqual(['bob', 'ann', 'acme'])
    expect(includes.tweets.map(({ id }) => id)).toEqual([root.id])
  })

  test('a deleted parent is a partial error', async () => {
    const root = say('ann', 'Hello @acme')
    const reply = say('bob', 'Hello too', root.id)
    x.simulator.deletePost(root.id)
    const { status, body } = await get(`/2/tweets/${reply.id}?expansions=referenced_tweets.id`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ data: { id: reply.id }, errors: [{ resource_id: root.id, resource_type: 'tweet' }] })
  })

  test('of protected accounts are seen by nobody else', async () => {
    x.simulator.createUser({ username: 'shy', protected: true })
    const post = say('shy', 'Hello @acme')
    expect((await get(`/2/tweets/${post.id}`)).status).toBe(404)
    const own = x.simulator.issueTokens({ userId: 'shy' }).access_token
    expect((await call(x.simulator, 'GET', `/2/tweets/${post.id}`, { token: own })).status).toBe(200)
  })
})

describe('posting', () => {
  test('makes a post that the control API shows', async () => {
    const answer = await tweet({ text: 'Our shop is open again.' })
    expect(answer.status).toBe(201)
    expect(answer.body['data']).toMatchObject({ text: 'Our shop is open again.' })
    expect(x.simulator.received()).toMatchObject([{ from: 'acme', clientId: DEFAULT_APP.clientId }])
    for (const window of ['x-rate-limit', 'x-app-limit-24hour']) {
      expect(answer.headers.get(`${window}-remaining`)).toBe(window === 'x-rate-limit' ? '99' : '9999')
    }
  })

  test('a reply joins the conversation', async () => {
    const root = say('ann', 'Help, @acme!')
    const { status } = await tweet({ text: 'On our way', reply: { in_reply_to_tweet_id: root.id } })
    expect(status).toBe(201)
    expect(x.simulator.received()).toMatchObject([
      { conversationId: root.id, inReplyTo: root.id, text: '@ann On our way' },
    ])
  })

  test('the same text twice is refused', async () => {
    await tweet({ text: 'Hello' })
    expect(await tweet({ text: 'Hello' })).toMatchObject({
      status: 403,
      body: { detail: 'You are not allowed to create a Tweet with duplicate content.', type: 'about:blank' },
    })
  })

  test('an answer to whoever did not name or quote us is refused, unless the policy allows it', async () => {
    const stranger = say('ann', 'Nice weather')
    const reply = { text: 'Indeed', reply: { in_reply_to_tweet_id: stranger.id } }
    expect(await tweet(reply)).toMatchObject({ status: 403, body: { type: 'about:blank' } })
    x.simulator.setPolicy({ selfServeReplies: false })
    expect((await tweet(reply)).status).toBe(201)
  })

  test('an answer to whoever quoted us, or answered us, is allowed', async () => {
    const ours = say('acme', 'We are open')
    const quote = x.simulator.createPost({ from: 'ann', text: 'Really?', quoteOf: ours.id })
    const answer = say('bob', 'Finally', ours.id)
    expect((await tweet({ text: 'Yes', reply: { in_reply_to_tweet_id: quote.id } })).status).toBe(201)
    expect((await tweet({ text: 'Yes!', reply: { in_reply_to_tweet_id: answer.id } })).status).toBe(201)
  })

  test.each([
    ['nothing', {}, 400],
    ['blanks', { text: '  ' }, 400],
    ['too much', { text: 'x'.repeat(281) }, 400],
    ['an answer to nothing', { text: 'Hi', reply: { in_reply_to_tweet_id: '1' } }, 403],
    ['a property that X does not know', { text: 'Hi', colour: 'red' }, 400],
    ['280 characters', { text: 'x'.repeat(280) }, 201],
  ])('%s gives %#', async (_, body, status) => {
    expect((await tweet(body)).status).toBe(status)
  })

  test.each([
    ['280 letters', 'x'.repeat(280), 201],
    ['140 characters of Japanese', 'あ'.repeat(140), 201],
    ['141 of them', 'あ'.repeat(141), 400],
    ['140 emoji of many parts', '👩‍👩‍👧‍👦'.repeat(140), 201],
    ['141 of them', '👩‍👩‍👧‍👦'.repeat(141), 400],
    ['a link of 300 and 256 letters', `https://acme.com/${'a'.repeat(280)} ${'x'.repeat(256)}`, 201],
    ['a link of 300 and 257 letters', `https://acme.com/${'a'.repeat(280)} ${'x'.repeat(257)}`, 400],
    ['280 letters in two parts each (NFD)', 'e\u0301'.repeat(280), 201],
    ['mentions of those who are answered, and 280 letters', `@ann @BOB ${'x'.repeat(280)}`, 201],
    ['a mention of somebody else, and 280 letters', `@acme_shop ${'x'.repeat(280)}`, 400],
  ])('an answer of %s', async (_, text, status) => {
    const root = say('ann', 'Help, @acme and @bob!')
    const answer = await tweet({ text, reply: { in_reply_to_tweet_id: root.id } })
    expect(answer.status).toBe(status)
    if (status === 400)
      expect(answer.body).toMatchObject({
        title: 'Invalid Request',
        errors: [{ message: expect.stringMatching(/^Your Tweet text is too long\. /) }],
      })
  })

  test('the same answer to many is taken, unless the policy refuses it; the same to one only if it allows it', async () => {
    const [one, other] = [say('ann', 'Help, @acme!'), say('bob', 'Help, @acme!')]
    const to = ({ id }: { id: string }) => tweet({ text: 'Soon', reply: { in_reply_to_tweet_id: id } })
    expect((await to(one)).status).toBe(201)
    expect((await to(other)).status).toBe(201)
    expect((await to(one)).status).toBe(403)
    x.simulator.setPolicy({ duplicates: 'allowed' })
    expect((await to(one)).status).toBe(201)
    x.simulator.setPolicy({ duplicates: 'refused' })
    const third = say('bob', 'And @acme?')
    expect((await to(third)).status).toBe(403)
  })

  test('whoever blocked us, or is protected, is not answered', async () => {
    x.simulator.createUser({ username: 'shy', protected: true })
    const [blocked, hidden] = [say('ann', 'Help, @acme!'), say('shy', 'Help, @acme!')]
    const to = ({ id }: { id: string }) => tweet({ text: 'Soon', reply: { in_reply_to_tweet_id: id } })
    x.simulator.block({ user: 'ann', target: 'acme', blocked: true })
    expect(await to(blocked)).toMatchObject({
      status: 403,
      body: { detail: 'You have been blocked from the author of this tweet.' },
    })
    expect(await to(hidden)).toMatchObject({
      status: 403,
      body: { detail: 'You attempted to reply to a Tweet that is deleted or not visible to you.' },
    })
    x.simulator.block({ user: 'ann', target: 'acme', blocked: false })
    x.simulator.follow({ user: 'acme', target: 'shy' })
    expect([(await to(blocked)).status, (await to(hidden)).status]).toEqual([201, 201])
  })

  test('deleting is for one’s own posts', async () => {
    const own = say('acme', 'Oops')
    const other = say('ann', 'Hello @acme')
    const remove = (id: string) => call(x.simulator, 'DELETE', `/2/tweets/${id}`, { token })
    expect((await remove(own.id)).body).toEqual({ data: { deleted: true } })
    expect((await remove(other.id)).status).toBe(403)
    expect((await get(`/2/tweets/${own.id}`)).status).toBe(404)
  })
})
