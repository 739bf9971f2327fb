import type { ChatWithJuicebox } from '@xdevplatform/chat-xdk'
import { expect, it } from 'vitest'
import { readEvents } from '../../src/x/xchat/read-in-thread.ts'

/** What chat-xdk gives for one event that it opened, in a conversation of 1 and 22. */
function read(event: object) {
  const signed = { id: 'b0b', sequenceId: '77', senderId: '22', conversationId: '1:22', verified: true, ...event }
  const chat = {
    decryptEvents: () => ({ messages: [{ event: signed, originalB64: 'AAEC' }], errors: {} }),
    setRejectUnverified: () => {},
  }
  const events = [{ id: '77', encodedEvent: 'AAEC' }]
  const task = { kind: 'read', conversationId: '1-22', keyEvents: [], events, signingKeys: [] } as const
  return readEvents(chat as unknown as ChatWithJuicebox, task)[0]
}
const message = { id: '77', outcome: 'MESSAGE', senderId: '22', messageId: 'b0b', sequenceId: '77' }
const content = (content_type: string, more: object = {}) => ({ type: 'message', content: { content_type, ...more } })

it.each([
  ['a text', content('text', { text: 'Hi' }), { ...message, text: 'Hi', attachments: [] }],
  ['a reaction', content('reaction', { emoji: '👍' }), { id: '77', outcome: 'NO_MESSAGE', type: 'reaction' }],
  ['one taken back', content('reactionRemoved'), { id: '77', outcome: 'NO_MESSAGE', type: 'reactionRemoved' }],
  ['an edit', content('edit', { new_text: 'Ho' }), { id: '77', outcome: 'NO_MESSAGE', type: 'edit' }],
  ['a receipt', content('markRead'), { id: '77', outcome: 'NO_MESSAGE', type: 'markRead' }],
  ['the receipt of another kind', { type: 'readReceipt' }, { id: '77', outcome: 'NO_MESSAGE', type: 'readReceipt' }],
  [
    'a kind that chat-xdk does not know: named, for something was said',
    content('unknown', { type_id: 11 }),
    { ...message, text: '', attachments: ['message of the kind 11'] },
  ],
  [
    'a kind that chat-xdk knows and we do not',
    content('voiceNote', { text: 'not for us to show' }),
    { ...message, text: '', attachments: ['message of the kind voiceNote'] },
  ],
  [
    'an unknown kind that is not verified',
    { ...content('unknown', { type_id: 11 }), verified: false },
    { id: '77', outcome: 'UNREADABLE', reason: 'NOT_VERIFIED' },
  ],
  [
    'a sequence that is none',
    { ...content('text'), sequenceId: 'x' },
    { ...message, sequenceId: null, text: '', attachments: [] },
  ],
])('%s', (_what, event, expected) => {
  expect(read(event)).toEqual(expected)
})
