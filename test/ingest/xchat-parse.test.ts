import { expect, test } from 'vitest'
import { parseChatEvents, parseConversations } from '../../src/ingest/xchat-parse.ts'

test('conversations of two are found, groups and unknown kinds are passed over', () => {
  const body = {
    data: [
      { id: '1-22', type: 'one_to_one', updated_at: '2026-11-23T05:00:00.000Z' },
      { id: 'g333', type: 'group', updated_at: '2026-11-23T05:00:00.000Z' },
      { id: '1-44' },
      { id: '1-55', updated_at: 'yesterday' },
      { id: 'broadcast' },
    ],
    meta: { result_count: 5, next_token: 'more' },
  }
  expect(parseConversations(body)).toEqual({
    conversations: [
      { id: '1-22', updatedAt: '2026-11-23T05:00:00.000Z' },
      { id: '1-44', updatedAt: null },
      { id: '1-55', updatedAt: null },
    ],
    people: new Map(),
    nextToken: 'more',
  })
  expect(parseConversations({ meta: { result_count: 0 } })).toEqual({
    conversations: [],
    people: new Map(),
    nextToken: null,
  })
})

test('an event that makes no sense is set aside with its reason, and its neighbours go on', () => {
  const good = {
    id: '2124733321744220160',
    sender_id: '22',
    encoded_event: 'AAEC',
    created_at: '2026-11-23T05:00:00.5Z',
  }
  const bad = [{ ...good, id: 'x' }, { ...good, encoded_event: 'not base64!' }, { ...good, sender_id: undefined }, null]
  const page = parseChatEvents({ data: [good, ...bad], meta: { conversation_key_events: ['AA=='], next_token: 't' } })
  expect(page).toMatchObject({
    events: [{ id: good.id, senderId: '22', encodedEvent: 'AAEC', sentAt: new Date('2026-11-23T05:00:00.500Z') }],
    keyEvents: ['AA=='],
    nextToken: 't',
  })
  expect(page?.rejects.map(({ payload }) => payload)).toEqual(bad.map((item) => JSON.stringify(item)))
  expect(page?.rejects.every(({ reason }) => reason.length > 0)).toBe(true)
})

test('an event without a time was sent when its id was made', () => {
  const page = parseChatEvents({ data: [{ id: '2124733321744220160', sender_id: '22', encoded_event: 'AAEC' }] })
  expect(page?.events[0]?.sentAt.toISOString()).toBe('2026-11-23T05:14:34.197Z')
})

test.for([undefined, 'text', { data: {} }, { data: [], meta: { next_token: 7 } }])('%j is no page', (body) => {
  expect(parseConversations(body)).toBeUndefined()
  expect(parseChatEvents(body)).toBeUndefined()
})

test.each([
  // X's `created_at` counts whole seconds; the id knows the millisecond.
  ['2124729655670865920', '2026-11-23T05:00:00.000Z', '2026-11-23T05:00:00.137Z'],
  ['2124729657243729920', '2026-11-23T05:00:00.000Z', '2026-11-23T05:00:00.512Z'],
  ['2124729657243729920', undefined, '2026-11-23T05:00:00.512Z'],
  // Of another time, or no snowflake: X's word.
  ['2124729908901969920', '2026-11-23T05:00:00.000Z', '2026-11-23T05:00:00.000Z'],
  ['17', '2026-11-23T05:00:00.000Z', '2026-11-23T05:00:00.000Z'],
])('event %s, by X’s word of %s, was sent at %s', (id, created_at, sentAt) => {
  const event = { id, sender_id: '22', encoded_event: 'AAEC', ...(created_at && { created_at }) }
  expect(parseChatEvents({ data: [event] })?.events[0]?.sentAt.toISOString()).toBe(sentAt)
})
