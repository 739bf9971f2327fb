import { describe, expect, test } from 'vitest'
import { type CheckedExchange, createOpenApiValidator } from '../helpers/openapi.ts'

/* The checker is what the other tests lean on: it must find what is wrong. */

const { check } = createOpenApiValidator()
const exchange = (changes: Partial<CheckedExchange>): CheckedExchange => ({
  method: 'GET',
  path: '/2/users/42/mentions',
  query: {},
  requestHeaders: {},
  requestBody: undefined,
  status: 200,
  responseBody: { meta: { result_count: 0 } },
  ...changes,
})
const post = { id: '1', text: 'Hello', edit_history_tweet_ids: ['1'] }
const create = { method: 'POST', path: '/2/tweets', status: 201, responseBody: { data: post } }

describe('a call in order passes', () => {
  test.each<[string, Partial<CheckedExchange>]>([
    ['an empty page', {}],
    [
      'a page in traffic’s names',
      {
        query: { 'tweet.fields': 'author_id,created_at,note_tweet', expansions: 'author_id,referenced_tweets.id' },
        responseBody: {
          data: [{ ...post, referenced_tweets: [{ type: 'quoted', id: '2' }] }],
          includes: { tweets: [post], users: [{ id: '3', name: 'A', username: 'a' }] },
          meta: { result_count: 1 },
        },
      },
    ],
    ['only fields that the document lacks', { query: { 'tweet.fields': 'author_id' } }],
    ['a post', { ...create, requestBody: { text: 'Hello', reply: { in_reply_to_tweet_id: '7' } } }],
    [
      'X’s 401',
      { status: 401, responseBody: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'U' } },
    ],
    ['OAuth, which is not in the document', { path: '/2/oauth2/token', method: 'POST', responseBody: { anything: 1 } }],
  ])('%s', (_, changes) => {
    expect(check(exchange(changes))).toEqual([])
  })
})

describe('a call out of order is found', () => {
  test.each<[string, Partial<CheckedExchange>, RegExp]>([
    ['an unknown path', { path: '/2/nowhere' }, /not in the document/],
    ['an unknown query parameter', { query: { colour: 'red' } }, /query colour/],
    ['an unknown field', { query: { 'tweet.fields': 'author_id,mood' } }, /query tweet\.fields/],
    ['a number out of bounds', { query: { max_results: '4' } }, /query max_results .*>= 5/],
    ['a wrong id in the path', { path: '/2/users/acme/mentions' }, /path id/],
    ['a missing parameter', { path: '/2/tweets/search/recent' }, /query query: missing/],
    ['a missing body', create, /body is missing/],
    ['a body where none belongs', { requestBody: { a: 1 } }, /a body where/],
    ['an unknown property in the body', { ...create, requestBody: { text: 'a', mood: 'bad' } }, /request .*mood/],
    ['an unknown property in the answer', { responseBody: { data: [{ ...post, mood: 'bad' }] } }, /response.*mood/],
    ['a wrong type in the answer', { responseBody: { data: [{ ...post, id: 1 }] } }, /response\/data\/0\/id/],
    ['a date that is none', { responseBody: { data: [{ ...post, created_at: 'today' }] } }, /created_at/],
    ['an undocumented status', { status: 204, responseBody: undefined }, /status 204/],
    ['a refusal in no known shape', { status: 403, responseBody: { oops: true } }, /response/],
    [
      'an unknown problem type',
      { status: 403, responseBody: { title: 'F', type: 'made:up', detail: 'F' } },
      /response/,
    ],
  ])('%s', (_, changes, finding) => {
    expect(check(exchange(changes)).join('\n')).toMatch(finding)
  })

  const event = (data: Record<string, unknown>) =>
    check(
      exchange({
        path: '/2/activity/stream',
        responseBody: { data: { event_uuid: '1', filter: { user_id: '2' }, ...data } },
      }),
    )

  test('an event whose payload is another type’s', () => {
    expect(event({ event_type: 'post.delete', payload: { id: '1', author_id: '2' } })).toEqual([])
    expect(event({ event_type: 'post.delete', payload: post }).join()).toMatch(/event post\.delete/)
    expect(event({ event_type: 'post.burnt', payload: post }).join()).toMatch(/type post\.burnt is not in the document/)
    expect(event({ event_type: 'post.create', payload: post, mood: 'bad' }).join()).toMatch(/mood/)
  })
})
