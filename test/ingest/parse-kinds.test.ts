import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLikedPage, parseLookup, parsePage } from '../../src/ingest/parse.ts'
import { parseActivity } from '../../src/ingest/parse-activity.ts'
import { parseDirectMessagePage } from '../../src/ingest/parse-message.ts'

const post = (change: object = {}) => ({ id: '1900000000000000000', author_id: '900', text: 'broken', ...change })
const mira = { id: '900', username: 'mira', name: 'Mira' }
const at = new Date('2026-11-23T12:00:00Z')

describe('a page', () => {
  it('says whether its reader follows the authors, where X says so', () => {
    const users = [{ ...mira, connection_status: ['following', 'followed_by'] }]
    const page = (readerId?: string) => parsePage({ data: [post()], includes: { users }, meta: {} }, readerId)?.items
    expect(page('100')).toMatchObject([{ author: { follow: { followerId: '100', following: true } } }])
    expect(page()?.[0]).not.toHaveProperty('author.follow')
  })
})

describe('a page of likes', () => {
  it('is what the account likes, without a time', () => {
    const page = parseLikedPage(
      { data: [post()], includes: { users: [mira] }, meta: { next_token: 'n' } },
      '100',
      false,
    )
    expect(page).toMatchObject({
      items: [
        { kind: 'like', likerId: '100', post: { id: '1900000000000000000' }, author: { name: 'Mira' }, likedAt: null },
      ],
      nextToken: 'n',
    })
  })
})

describe('a post that quotes another', () => {
  const quote = post({
    referenced_tweets: [
      { type: 'quoted', id: '5' },
      { type: 'replied_to', id: '6' },
    ],
  })
  const tweets = [
    { id: '6', author_id: '600', text: 'answered' },
    { id: '5', author_id: '500', text: 'quoted' },
  ]
  const line = (event_type: string, payload: unknown, includes: object) =>
    JSON.stringify({ data: { event_type, filter: { user_id: '100' }, payload, includes } })
  const liked = { liked_tweet_id: quote.id, timestamp_ms: 1_766_000_000_000 }

  it.each([
    ['a page', parsePage({ data: [quote], includes: { tweets }, meta: {} })],
    ['a page of likes', parseLikedPage({ data: [quote], includes: { tweets }, meta: {} }, '100', false)],
    ['a lookup', parseLookup({ data: [quote], includes: { tweets } }, at)],
    ['a stream or webhook', parseActivity(line('post.mention.create', quote, { tweets }))],
    ['a like', parseActivity(line('like.create', liked, { tweets: [quote, ...tweets] }))],
  ])('says whose it is, in %s', (_where, parsed) => {
    expect(parsed?.items).toMatchObject([{ post: { quotedUserId: '500' } }])
  })

  it.each([
    ['X does not show it', []],
    ['X shows something else in its place', [{ id: '5', author_id: 'nobody' }, 7, null]],
  ])('says nothing where %s', (_why, shown) => {
    const page = parsePage({ data: [quote], includes: { tweets: shown }, meta: {} })
    expect(page?.items).toMatchObject([{ post: { quotedUserId: null } }])
  })
})

describe('an edited post', () => {
  it('is known by its first version, and dated by it', () => {
    const ids = ['1900000000000000000', '1900000001000000000']
    const page = parseLookup({ data: [post({ id: ids[1], edit_history_tweet_ids: ids })] }, at)
    expect(page?.items).toMatchObject([
      {
        post: {
          id: ids[0],
          versionId: ids[1],
          conversationId: ids[0],
          postedAt: '2025-03-13T01:44:34.949Z',
          editedAt: '2025-03-13T01:44:35.188Z',
        },
      },
    ])
  })
})

describe('a lookup', () => {
  const problem = (kind: string, id = '7') => ({
    resource_id: id,
    type: `https://api.twitter.com/2/problems/${kind}`,
    title: 'x',
  })

  it('tells what is gone, and leaves what X may not show', () => {
    const body = {
      data: [post()],
      errors: [problem('resource-not-found'), problem('not-authorized-for-resource', '8')],
    }
    expect(parseLookup(body, at)?.items).toMatchObject([
      { kind: 'post' },
      { kind: 'deletion', postId: '7', at: '2026-11-23T12:00:00.000Z' },
    ])
  })

  it('says nothing of what a post refers to: that was not asked for', () => {
    const gone = { ...problem('resource-not-found'), parameter: 'referenced_tweets.id' }
    expect(parseLookup({ data: [post()], errors: [gone] }, at)?.items).toMatchObject([{ kind: 'post' }])
  })

  it('of nothing but deleted posts has no data', () => {
    expect(parseLookup({ errors: [problem('resource-not-found')] }, at)?.items).toHaveLength(1)
  })

  it('is not what has neither posts nor problems: nothing is deleted by a broken answer', () => {
    for (const body of [undefined, {}, [], 'x', { meta: {} }]) expect(parseLookup(body, at)).toBeUndefined()
  })
})

const dm = (change: object = {}) => ({
  id: '1900000000000000000',
  event_type: 'MessageCreate',
  text: 'help &amp; advice',
  sender_id: '900',
  dm_conversation_id: '100-900',
  created_at: '2026-01-01T00:00:00.000Z',
  ...change,
})
const messages = (data: unknown[], owner = '100') => {
  const page = parseDirectMessagePage({ data, includes: { users: [mira] }, meta: {} }, owner)
  if (!page) throw new Error('not a page')
  return page
}

describe('a page of direct messages', () => {
  it('says who wrote, to whom, and by whom it is read', () => {
    expect(messages([dm(), dm({ id: '5', sender_id: '100' })]).items).toMatchObject([
      {
        message: {
          accountXUserId: '100',
          senderId: '900',
          participantId: '900',
          text: 'help & advice',
          channel: 'X_DM',
        },
        author: { name: 'Mira' },
      },
      { message: { senderId: '100', participantId: '900' }, author: { name: 'Mira' } },
    ])
  })

  it('has nobody on the other side in a group, nor in a conversation of others', () => {
    const items = messages([dm({ dm_conversation_id: '1234567890' }), dm({ dm_conversation_id: '900-901' })]).items
    expect(items.map((item) => item.kind === 'message' && item.message.participantId)).toEqual([null, null])
  })

  it('names what came along', () => {
    const attachments = { media_keys: ['3_1', '13_2', '99_3'], card_ids: ['card://1'] }
    expect(messages([dm({ attachments })]).items).toMatchObject([
      { message: { attachments: ['photo', 'video', 'media', 'card'] } },
    ])
  })

  it('passes over who came and went, and rejects what makes no sense', () => {
    const { items, rejects } = messages([{ event_type: 'ParticipantsJoin', id: '1' }, dm({ sender_id: 'x' }), 7])
    expect([items.length, rejects.length]).toEqual([0, 2])
  })
})

const activity = (event_type: string, payload: unknown, beside: object = { filter: { user_id: '100' } }) =>
  parseActivity(JSON.stringify({ data: { event_type, payload, ...beside } }))

describe('an event', () => {
  const likeOf = (filter: object) =>
    activity(
      'like.create',
      { liked_tweet_id: '1900000000000000000', timestamp_ms: '1767225600000' },
      {
        filter,
        includes: { tweets: [post()], users: [mira] },
      },
    )

  it('of a like is the account’s own, and brings the post', () => {
    expect(likeOf({ user_id: '100', direction: 'outbound' })).toMatchObject({
      items: [{ kind: 'like', likerId: '100', post: { text: 'broken' }, likedAt: '2026-01-01T00:00:00.000Z' }],
    })
    expect(likeOf({ user_id: '100', direction: 'inbound' }).items).toEqual([])
    // Told in both directions: somebody likes a post of ours.
    expect(likeOf({ user_id: '900' }).items).toEqual([])
  })

  it('of a like without its post, or without its account, is a dead letter', () => {
    expect(activity('like.create', { liked_tweet_id: '7' }).rejects).toHaveLength(1)
    expect(likeOf({}).rejects).toHaveLength(1)
  })

  it('of a deletion names the post', () => {
    expect(activity('post.delete', { id: '7', author_id: '100' }).items).toMatchObject([
      { kind: 'deletion', postId: '7' },
    ])
  })

  it('of a message is read in the form of v1.1', () => {
    const event = (target: object, change: object = {}) => ({
      direct_message_events: [
        {
          type: 'message_create',
          id: '7',
          created_timestamp: '1767225600000',
          message_create: { sender_id: '900', target, message_data: { text: 'help' } },
          ...change,
        },
      ],
      users: { 900: { data: mira } },
    })
    expect(activity('dm.received', event({ recipient_id: '100' })).items).toMatchObject([
      {
        message: { id: '7', senderId: '900', participantId: '900', sentAt: '2026-01-01T00:00:00.000Z' },
        author: { name: 'Mira' },
      },
    ])
    expect(activity('dm.received', event({})).items).toMatchObject([{ message: { participantId: null } }])
    const group = event({ recipient_id: '100' }, { conversation_id: '123' })
    expect(activity('dm.received', group).items).toMatchObject([{ message: { participantId: null } }])
    expect(activity('dm.received', event({ recipient_id: '100' }), {}).rejects).toHaveLength(1)
  })

  it('of a follow is the account’s own', () => {
    const payload = { source: { id: '100' }, target: { id: '900' } }
    expect(activity('follow.follow', payload).items).toEqual([
      { kind: 'follow', followerId: '100', personId: '900', following: true },
    ])
    expect(activity('follow.unfollow', payload).items).toMatchObject([{ following: false }])
    // As X's own examples have it.
    const wrapped = { source: { data: payload.source }, target: { data: payload.target } }
    expect(activity('follow.follow', wrapped)).toEqual(activity('follow.follow', payload))
    const inbound = { source: { id: '900' }, target: { id: '100' } }
    expect(activity('follow.follow', inbound)).toMatchObject({ items: [], rejects: [] })
  })

  it('of XChat says where there is news', () => {
    expect(activity('chat.received', { conversation_id: '100:900' }).chats).toEqual([
      { accountXUserId: '100', conversationId: '100-900' },
    ])
    // With the message, where X has sent it along and it makes sense.
    const sent = { conversation_id: '100:900', sender_id: '900', encoded_event: 'AAEC' }
    const of = (payload: object) => activity('chat.received', payload).chats[0]?.message
    const message = { senderId: '900', encodedEvent: 'AAEC', keyEvent: null, saidAt: null }
    expect(of(sent)).toEqual(message)
    expect(of({ ...sent, conversation_key_change_event: 'AA==', created_at_msec: '1764000000137' })).toEqual({
      ...message,
      keyEvent: 'AA==',
      saidAt: new Date(1_764_000_000_137),
    })
    expect(of({ ...sent, conversation_key_change_event: null, created_at_msec: 'now' })).toEqual(message)
    for (const wrong of [{ encoded_event: '!!' }, { encoded_event: '' }, { sender_id: 'ann' }]) {
      expect(of({ ...sent, ...wrong })).toBeUndefined()
    }
    expect(activity('chat.received', { conversation_id: '../users' }).rejects).toHaveLength(1)
  })
})

describe('whatever comes', () => {
  const junk = fc.jsonValue()
  const kinds = fc.constantFrom('like.create', 'post.delete', 'dm.received', 'dm.sent', 'chat.received', 'oauth.revoke')

  it('an event is read or rejected, and never throws', () => {
    fc.assert(
      fc.property(kinds, junk, junk, (kind, payload, includes) => {
        const { items, rejects, chats, revocations } = activity(kind, payload, { filter: { user_id: '100' }, includes })
        const told = items.length + rejects.length + chats.length + revocations.length
        // An empty list of messages is the one payload that is in order and says nothing.
        if (!JSON.stringify(payload).includes('direct_message_events')) expect(told).toBe(1)
      }),
    )
  })

  it('a page is read or refused, and loses nothing', () => {
    fc.assert(fc.property(junk, (body) => void parseDirectMessagePage(body, '100')))
    fc.assert(fc.property(junk, (body) => void parseLookup(body, at)))
    fc.assert(
      fc.property(fc.array(junk), (data) => {
        const { items, rejects } = messages(data)
        expect(items.length + rejects.length).toBe(data.length)
      }),
    )
  })
})
