import { expect, it } from 'vitest'
import { kindsBeside, unknownKind } from '../../src/x/xchat/attachments.ts'

const media = (type: unknown) => ({ media: { mediaHashKey: 'key', type, filename: 'a.b' } })

type Content = Parameters<typeof kindsBeside>[1]

it.each<[what: string, content: Content, kinds: string[]]>([
  ['nothing', {}, []],
  ['nothing either', { attachments: null, forwarded_message: null }, []],
  ['an image', { attachments: [media('image')] }, ['image']],
  [
    'a film, a sound and a document',
    { attachments: [media('video'), media('audio'), media('file')] },
    ['video', 'audio', 'file'],
  ],
  ['media of a type that is not known yet', { attachments: [media(7)] }, ['media']],
  ['a link that is not in the text', { attachments: [{ url: { url: 'https://example.com/x' } }] }, ['link']],
  ['a link that is in the text', { attachments: [{ url: { url: 'https://example.com/' } }] }, []],
  ['a link without an address', { attachments: [{ url: { url: '' } }] }, ['link']],
  ['a post', { attachments: [{ post: { restId: '14' } }] }, ['post']],
  ['a card, whichever way it is spelt', { attachments: [{ unified_card: {} }, { unifiedCard: {} }] }, ['card', 'card']],
  ['money', { attachments: [{ money: { fallbackText: '5 $' } }] }, ['payment']],
  ['somebody else’s words', { forwarded_message: { message_text: 'x' } }, ['forwarded message']],
  [
    'what the sender thought up',
    { attachments: [{ '<b>read this</b>': {} }, { constructor: {} }, {}, null, 'text', 7] },
    ['attachment', 'attachment', 'attachment', 'attachment', 'attachment', 'attachment'],
  ],
])('beside a text: %s', (_what, content, kinds) => {
  expect(kindsBeside('see https://example.com/ for more', content)).toEqual(kinds)
})

it.each([
  ['by X’s number of it', ['unknown', 9], 'message of the kind 9'],
  ['by chat-xdk’s name of it', ['callMissed', undefined], 'message of the kind callMissed'],
  ['by neither', ['unknown', null], 'message of an unknown kind'],
  ['by no number that is none', ['unknown', 1e99], 'message of an unknown kind'],
  ['not by words that are no name', ['<b>read this</b>', undefined], 'message of an unknown kind'],
] as const)('a kind of message that is new is named %s', (_how, [kind, number], expected) => {
  expect(unknownKind(kind, number)).toBe(expected)
})
