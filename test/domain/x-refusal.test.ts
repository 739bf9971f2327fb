import { describe, expect, it } from 'vitest'
import { DELIVERY_ERRORS, type DeliveryError } from '../../src/domain/delivery.ts'
import { isDailyLimit, whyRefused, type XRefusal } from '../../src/domain/x-refusal.ts'

const plain: XRefusal = { status: 403, type: null, codes: [], detail: 'Forbidden', channel: 'X_POST' }

describe('a refusal of X', () => {
  it.each<[string, Partial<XRefusal>, DeliveryError]>([
    ['that says nothing', { detail: undefined }, 'FORBIDDEN'],
    ['in words that nobody knows', { detail: 'You are not permitted to perform this action.' }, 'FORBIDDEN'],
    ['of a message, without a reason', { channel: 'X_DM' }, 'FORBIDDEN'],
    ['of the same text', { detail: 'You are not allowed to create a Tweet with duplicate content.' }, 'DUPLICATE'],
    ['187', { codes: [187] }, 'DUPLICATE'],
    ['of a long text', { status: 400, detail: 'Your Tweet text is too long. For more…' }, 'TOO_LONG'],
    ['of a long text, as 403', { detail: 'Your Tweet text is too long.' }, 'TOO_LONG'],
    ['186', { codes: [186], detail: undefined }, 'TOO_LONG'],
    [
      'of a post that is gone',
      { detail: 'You attempted to reply to a Tweet that is deleted or not visible to you.' },
      'POST_GONE',
    ],
    ['385', { codes: [385] }, 'POST_GONE'],
    ['404 of a post', { status: 404 }, 'POST_GONE'],
    ['404 of a person', { status: 404, channel: 'X_DM' }, 'RECIPIENT_REFUSES'],
    ['404 of a conversation', { status: 404, channel: 'X_CHAT' }, 'NO_CONVERSATION'],
    ['of a post that is not for the account', { type: 'not-authorized-for-resource' }, 'POST_GONE'],
    [
      'of an answer to whoever did not name us',
      {
        detail:
          'Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.',
      },
      'NOT_SUMMONED',
    ],
    ['of whom the author blocked', { codes: [136] }, 'RECIPIENT_REFUSES'],
    [
      'of whom the author lets not reply',
      { detail: 'The original Tweet author restricted who can reply to this Tweet.' },
      'RECIPIENT_REFUSES',
    ],
    [
      'of a message by its recipient',
      { channel: 'X_DM', detail: 'You do not have permission to DM one or more participants.' },
      'RECIPIENT_REFUSES',
    ],
    ['349', { channel: 'X_DM', codes: [349] }, 'RECIPIENT_REFUSES'],
    ['150', { channel: 'X_DM', codes: [150] }, 'RECIPIENT_REFUSES'],
    ['of a locked account', { codes: [326] }, 'ACCOUNT_LOCKED'],
    ['of a suspended account', { type: 'user-suspended', channel: 'X_CHAT' }, 'ACCOUNT_LOCKED'],
    ['of an app without a project', { type: 'client-forbidden', channel: 'X_DM' }, 'APP_REFUSED'],
    ['of an app without permissions', { type: 'oauth1-permissions' }, 'APP_REFUSED'],
    ['of an app whose access does not suffice', { codes: [453] }, 'APP_REFUSED'],
    ['without credits', { status: 402, detail: 'Payment Required' }, 'APP_REFUSED'],
    ['of what makes no sense', { status: 400, detail: '$.text: not a text' }, 'REJECTED'],
    // What X says it is counts for more than its words.
    [
      'of the app, in words about a duplicate',
      { type: 'client-forbidden', detail: 'duplicate content' },
      'APP_REFUSED',
    ],
    ['of a type that nobody knows', { type: 'constructor' }, 'FORBIDDEN'],
  ])('%s', (_what, change, error) => {
    expect(whyRefused({ ...plain, ...change })).toBe(error)
    expect(DELIVERY_ERRORS[error]).toMatch(/\.$/)
  })

  it('for having posted enough today is no refusal for good', () => {
    expect([isDailyLimit({ codes: [185] }), isDailyLimit({ codes: [187] })]).toEqual([true, false])
  })
})
