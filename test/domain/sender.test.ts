import { describe, expect, it } from 'vitest'
import {
  type Answered,
  chooseSender,
  replyChannel,
  SENDER_MATRIX,
  type SenderAccount,
  type SenderRefusal,
  type SenderRules,
} from '../../src/domain/sender.ts'

/** F27-F36, F38: the matrix of docs/replies.md. */

const receiver: SenderAccount = {
  id: 'receiver',
  xUserId: '100',
  screenName: 'receiver',
  status: 'ACTIVE',
  allowReplies: true,
  isDefault: false,
  xchatOpen: true,
}
const other: SenderAccount = { ...receiver, id: 'other', xUserId: '200', screenName: 'other' }
const post: Answered = {
  channel: 'X_POST',
  accountId: 'receiver',
  mentions: ['receiver', 'other'],
  quotedUserId: null,
  hasEmail: false,
}
const RULES: SenderRules = { plan: 'SUITE', selfServe: true }

type Change = Partial<SenderAccount>
const silent: Change = { allowReplies: false }
const byDefault: Change = { isDefault: true }

describe('who answers', () => {
  it('the matrix has every case, once, and names every rule of it', () => {
    const cases = SENDER_MATRIX.map(({ addressed, byDefault: other }) => `${addressed} ${other}`)
    const all = ['CAN', 'CANNOT'].flatMap((one) => ['CAN', 'CANNOT', 'NONE', 'SAME'].map((two) => `${one} ${two}`))
    expect(cases.toSorted()).toEqual(all.toSorted())
    const rules = new Set(SENDER_MATRIX.flatMap(({ rule }) => rule.split(', ')))
    expect([...rules].toSorted()).toEqual(['F28', 'F29', 'F30', 'F31', 'F32', 'F33', 'F34', 'F35', 'F36'])
  })

  it.each<[string, Change, Change, string | SenderRefusal, string | SenderRefusal]>([
    // receiver, the other account: one reply; in bulk
    ['F35 receiver allows, no default', {}, {}, 'receiver ADDRESSED', 'receiver ADDRESSED'],
    ['F31 receiver allows, is default', byDefault, {}, 'receiver ADDRESSED', 'receiver DEFAULT'],
    ['F32 receiver allows, other is default', {}, byDefault, 'receiver ADDRESSED', 'other DEFAULT'],
    ['F33 receiver disallows, default exists', silent, byDefault, 'other ADDRESSED_CANNOT', 'other DEFAULT'],
    ['F34 receiver disallows, no default', silent, {}, 'REPLIES_NOT_ALLOWED', 'REPLIES_NOT_ALLOWED'],
    ['F30 all others disallow', {}, silent, 'receiver ADDRESSED', 'receiver ADDRESSED'],
    ['F36 receiver deactivated', { status: 'DEACTIVATED' }, {}, 'DEACTIVATED', 'DEACTIVATED'],
    ['F36 receiver deauthorized', { status: 'DEAUTHORIZED' }, {}, 'DEAUTHORIZED', 'DEAUTHORIZED'],
    [
      'F36 receiver deactivated, default exists',
      { status: 'DEACTIVATED' },
      byDefault,
      'other ADDRESSED_CANNOT',
      'other DEFAULT',
    ],
    [
      'F36 default deactivated',
      {},
      { isDefault: true, status: 'DEACTIVATED' },
      'receiver ADDRESSED',
      'receiver DEFAULT_CANNOT',
    ],
    [
      'F36 default deauthorized, receiver disallows',
      silent,
      { isDefault: true, status: 'DEAUTHORIZED' },
      'REPLIES_NOT_ALLOWED',
      'REPLIES_NOT_ALLOWED',
    ],
    ['F7 receiver unlinked', { status: 'UNLINKED' }, byDefault, 'other ADDRESSED_CANNOT', 'other DEFAULT'],
    ['F7 receiver unlinked, no default', { status: 'UNLINKED' }, {}, 'REPLIES_NOT_ALLOWED', 'REPLIES_NOT_ALLOWED'],
  ])('%s', (_rule, receiverIs, otherIs, single, bulk) => {
    const accounts = [
      { ...receiver, ...receiverIs },
      { ...other, ...otherIs },
    ]
    const said = (mode: 'single' | 'bulk') => {
      const { preselected, refusal } = chooseSender(mode, accounts, post, RULES)
      return preselected ? `${preselected.accountId} ${preselected.reason}` : refusal
    }
    expect([said('single'), said('bulk')]).toEqual([single, bulk])
  })
})

describe('what stands in the way', () => {
  it.each<[string, Partial<Answered>, Partial<SenderRules>, Change, SenderRefusal | null, SenderRefusal | null]>([
    // the receiver; the other account
    ['a post that names both', {}, {}, {}, null, null],
    ['a post that names one', { mentions: ['receiver'] }, {}, {}, null, 'NOT_SUMMONED'],
    ['a liked post that names nobody', { mentions: [] }, {}, {}, 'NOT_SUMMONED', 'NOT_SUMMONED'],
    ['a post that quotes one', { mentions: [], quotedUserId: '200' }, {}, {}, 'NOT_SUMMONED', null],
    ['a post that names one and quotes the other', { mentions: ['other'], quotedUserId: '100' }, {}, {}, null, null],
    ['a post that quotes a stranger', { mentions: [], quotedUserId: '300' }, {}, {}, 'NOT_SUMMONED', 'NOT_SUMMONED'],
    ['the same with Enterprise access', { mentions: [] }, { selfServe: false }, {}, null, null],
    ['a post that X shows no more', { mentions: null }, {}, {}, null, null],
    ['a direct message', { channel: 'X_DM' }, {}, {}, null, 'NOT_ADDRESSED'],
    ['a direct message, Support plan', { channel: 'X_DM' }, { plan: 'SUPPORT' }, {}, 'PLAN', 'PLAN'],
    ['an encrypted message', { channel: 'X_CHAT' }, {}, {}, null, 'NOT_ADDRESSED'],
    [
      'an encrypted message, keys locked',
      { channel: 'X_CHAT' },
      {},
      { xchatOpen: false },
      'XCHAT_LOCKED',
      'NOT_ADDRESSED',
    ],
    ['a direct message, replies off', { channel: 'X_DM' }, {}, silent, 'REPLIES_NOT_ALLOWED', 'NOT_ADDRESSED'],
    ['e-mail to nowhere', { channel: 'EMAIL' }, {}, {}, 'NO_EMAIL', 'NO_EMAIL'],
    ['e-mail', { channel: 'EMAIL', hasEmail: true }, {}, { status: 'DEACTIVATED' }, null, null],
  ])('%s', (_what, answered, rules, receiverIs, ofReceiver, ofOther) => {
    const accounts = [other, { ...receiver, ...receiverIs }]
    const { options } = chooseSender('single', accounts, { ...post, ...answered }, { ...RULES, ...rules })
    expect(options).toEqual([
      { accountId: 'receiver', refusal: ofReceiver },
      { accountId: 'other', refusal: ofOther },
    ])
  })
})

it.each([
  [true, null],
  [false, 'NO_EMAIL'],
])(
  'e-mail needs no account, only an address (%j), also when the one addressed is unlinked: %j',
  (hasEmail, refusal) => {
    for (const mode of ['single', 'bulk'] as const) {
      const accounts: SenderAccount[] = [{ ...receiver, status: 'UNLINKED' }, other]
      const choice = chooseSender(mode, accounts, { ...post, channel: 'EMAIL', hasEmail }, RULES)
      expect(choice).toEqual({ options: [{ accountId: 'other', refusal }], preselected: null, refusal })
    }
  },
)

it.each([
  ['X_CORP', 'X_POST', false, 'X_POST'],
  ['X_CORP_LIKE', 'X_POST', false, 'X_POST'],
  ['X_CORP_LIKE', null, false, 'X_POST'],
  ['X_CORP_DM', 'X_DM', false, 'X_DM'],
  ['X_CORP_DM', 'X_CHAT', false, 'X_CHAT'],
  ['X_CORP_DM', null, false, 'X_DM'],
  ['X_CORP', 'X_POST', true, 'EMAIL'],
  ['X_CORP_DM', 'X_CHAT', true, 'EMAIL'],
] as const)(
  'a ticket of %s whose last word came by %s (moved: %j) is answered by %s (F27, F38)',
  (ticket, last, moved, by) => {
    expect(replyChannel(ticket, last, moved)).toBe(by)
  },
)
