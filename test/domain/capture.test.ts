import { describe, expect, it } from 'vitest'
import {
  type CaptureAccount,
  decideCapture,
  type Facts,
  MAX_COMMENTS,
  type Post,
  statusAfterRequesterComment,
  type Thread,
} from '../../src/domain/capture.ts'
import { TICKET_STATUSES } from '../../src/domain/event.ts'

const acme: CaptureAccount = {
  id: 'account-acme',
  xUserId: '100',
  screenName: 'Acme',
  status: 'ACTIVE',
  captureMentions: true,
  capturesFrom: new Date('2025-06-01'),
}
const support: CaptureAccount = { ...acme, id: 'account-support', xUserId: '200', screenName: 'AcmeSupport' }
const accounts = [acme, support]

const post = (change: Partial<Post> = {}): Post => ({
  id: '5000',
  authorId: '900',
  conversationId: '5000',
  text: '@acme help',
  inReplyToPostId: null,
  inReplyToUserId: null,
  mentionedUserIds: ['100'],
  mentionedHandles: ['acme'],
  isRepost: false,
  postedAt: '2026-01-01T00:00:00.000Z',
  ...change,
})
const thread = (change: Partial<Thread> = {}): Thread => ({
  ticketId: 'ticket-1',
  accountId: acme.id,
  status: 'OPEN',
  commentCount: 3,
  ...change,
})
const decide = (what: Post, facts: Partial<Facts> = {}) =>
  decideCapture(what, { accounts, known: false, thread: null, ...facts })

const silent = { mentionedUserIds: [], mentionedHandles: [] }
const opens = (accountId: string, followUpOf: string | null = null) => ({ kind: 'OPEN_TICKET', accountId, followUpOf })
const ignored = (reason: string) => ({ kind: 'IGNORE', reason })
const waits = (accountId: string, reason: string) => ({ kind: 'WAIT', accountId, reason })
const comment = (status: string, direction = 'INBOUND', accountId = acme.id) => ({
  kind: 'COMMENT',
  ticketId: 'ticket-1',
  accountId,
  direction,
  status,
})
const off = (account: CaptureAccount): CaptureAccount => ({ ...account, captureMentions: false })
const gone = (account: CaptureAccount, status: CaptureAccount['status'] = 'DEACTIVATED'): CaptureAccount => ({
  ...account,
  status,
})

const TABLE: [rule: string, what: Post, facts: Partial<Facts>, decision: object][] = [
  ['F12 a mention by id opens a ticket', post({ mentionedHandles: [] }), {}, opens(acme.id)],
  ['F12 a mention by handle alone opens one, whatever its case', post({ mentionedUserIds: [] }), {}, opens(acme.id)],
  [
    'F12 a reply to our post opens one without naming us',
    post({ ...silent, inReplyToUserId: '100' }),
    {},
    opens(acme.id),
  ],
  ['F12 a post to nobody of ours is not for us', post(silent), {}, ignored('NOT_ADDRESSED')],
  [
    'F12 a reply to somebody else is not for us',
    post({ ...silent, inReplyToUserId: '901' }),
    {},
    ignored('NOT_ADDRESSED'),
  ],
  ['F12 with capture off it waits', post(), { accounts: [off(acme)] }, waits(acme.id, 'CAPTURE_OFF')],
  ['F12 with no account at all nothing is for us', post(), { accounts: [] }, ignored('NOT_ADDRESSED')],
  [
    'F6 what was said before an account was switched on again is history',
    post(),
    { accounts: [{ ...acme, capturesFrom: new Date('2026-01-01T00:00:00.001Z') }] },
    ignored('ACCOUNT_INACTIVE'),
  ],
  [
    'F6 what was said from then on is not',
    post(),
    { accounts: [{ ...acme, capturesFrom: new Date('2026-01-01T00:00:00.000Z') }] },
    opens(acme.id),
  ],
  ['F12 a deactivated account takes nothing', post(), { accounts: [gone(acme)] }, ignored('ACCOUNT_INACTIVE')],
  [
    'F12 an account that lost its access takes nothing',
    post(),
    { accounts: [gone(acme, 'DEAUTHORIZED')] },
    ignored('ACCOUNT_INACTIVE'),
  ],
  [
    'F12 a deactivated account takes no comment either',
    post(),
    { accounts: [gone(acme)], thread: thread() },
    ignored('ACCOUNT_INACTIVE'),
  ],

  ['F22 the requester goes on in the ticket', post(), { thread: thread() }, comment('OPEN')],
  ['F22 also without naming us', post(silent), { thread: thread() }, comment('OPEN')],
  [
    'F22 also when another account of ours is named',
    post({ mentionedUserIds: ['200'], mentionedHandles: [] }),
    { thread: thread() },
    comment('OPEN'),
  ],
  [
    'F22 also with capture switched off since',
    post(),
    { accounts: [off(acme), support], thread: thread() },
    comment('OPEN'),
  ],
  [
    'F22 our answer from the X app joins the ticket of whom it answers',
    post({ ...silent, authorId: '100', inReplyToUserId: '900' }),
    { thread: thread() },
    comment('OPEN', 'OUTBOUND'),
  ],
  [
    'F22 an answer changes no status',
    post({ authorId: '100', inReplyToUserId: '900' }),
    { thread: thread({ status: 'PENDING' }) },
    comment('PENDING', 'OUTBOUND'),
  ],
  [
    'F22 our second account answers in the ticket of the first',
    post({ authorId: '200', inReplyToUserId: '900' }),
    { thread: thread() },
    comment('OPEN', 'OUTBOUND'),
  ],

  ['F23 our own post opens no ticket', post({ authorId: '100', ...silent }), {}, ignored('OWN_POST')],
  [
    'F23 not even when it names another account of ours',
    post({ authorId: '100', mentionedUserIds: ['200'] }),
    {},
    ignored('OWN_POST'),
  ],
  [
    'F23 nor when it answers a closed ticket',
    post({ authorId: '100', inReplyToUserId: '900' }),
    { thread: thread({ status: 'CLOSED' }) },
    ignored('OWN_POST'),
  ],
  [
    'F23 nor when it goes on after itself',
    post({ authorId: '100', inReplyToUserId: '100' }),
    { thread: thread() },
    ignored('OWN_POST'),
  ],
  [
    'F23 nor when the account is inactive',
    post({ authorId: '100' }),
    { accounts: [gone(acme), support] },
    ignored('OWN_POST'),
  ],

  [
    'F24 the 5,000th comment still goes in',
    post(),
    { thread: thread({ commentCount: MAX_COMMENTS - 1 }) },
    comment('OPEN'),
  ],
  ['F24 the next one waits', post(), { thread: thread({ commentCount: MAX_COMMENTS }) }, waits(acme.id, 'TICKET_FULL')],
  [
    'F24 our own answers to a full ticket are not imported',
    post({ authorId: '100', inReplyToUserId: '900' }),
    { thread: thread({ commentCount: MAX_COMMENTS }) },
    ignored('OWN_POST'),
  ],
  [
    'F24 a full ticket that is closed has a follow-up',
    post(),
    { thread: thread({ commentCount: MAX_COMMENTS, status: 'CLOSED' }) },
    opens(acme.id, 'ticket-1'),
  ],

  ['F25 a known post is ignored', post(), { known: true }, ignored('ALREADY_CAPTURED')],
  [
    'F25 several of ours named: the first in the text',
    post({ mentionedUserIds: ['200', '100'], mentionedHandles: [] }),
    {},
    opens(support.id),
  ],
  [
    'F25 several of ours named: the first that captures',
    post({ mentionedUserIds: ['200', '100'] }),
    { accounts: [acme, off(support)] },
    opens(acme.id),
  ],
  [
    'F25 several of ours named: an inactive one is passed over',
    post({ mentionedUserIds: ['200', '100'] }),
    { accounts: [acme, gone(support)] },
    opens(acme.id),
  ],
  [
    'F25 several of ours named, none captures: waits for the first',
    post({ mentionedUserIds: ['200', '100'] }),
    { accounts: [off(acme), off(support)] },
    waits(support.id, 'CAPTURE_OFF'),
  ],
  ['F25 the account answered comes before the one named', post({ inReplyToUserId: '200' }), {}, opens(support.id)],
  ['a repost adds nothing', post({ isRepost: true }), {}, ignored('REPOST')],
  ['nor does a repost by the requester of a ticket', post({ isRepost: true }), { thread: thread() }, ignored('REPOST')],

  ['F26 a closed ticket has a follow-up', post(), { thread: thread({ status: 'CLOSED' }) }, opens(acme.id, 'ticket-1')],
  [
    'F26 the follow-up stays with the account',
    post({ mentionedUserIds: ['200'], mentionedHandles: [] }),
    { thread: thread({ status: 'CLOSED' }) },
    opens(acme.id, 'ticket-1'),
  ],
  [
    'F12 an inactive account does not swallow a post that names an active one',
    post({ inReplyToUserId: '100', mentionedUserIds: ['200'] }),
    { accounts: [gone(acme), support] },
    opens(support.id),
  ],
  [
    'F12 nor does one that captures nothing',
    post({ inReplyToUserId: '100', mentionedUserIds: ['200'] }),
    { accounts: [off(acme), support] },
    opens(support.id),
  ],
  [
    'F22 the ticket of an inactive account goes on when an active one is named',
    post({ mentionedUserIds: ['200'] }),
    { accounts: [gone(acme), support], thread: thread() },
    comment('OPEN'),
  ],
  [
    'F26 a closed ticket of an inactive account has its follow-up with the active one that is named',
    post({ mentionedUserIds: ['200'] }),
    { accounts: [gone(acme), support], thread: thread({ status: 'CLOSED' }) },
    opens(support.id, 'ticket-1'),
  ],
  [
    'F12 with capture off everywhere it waits for the first that is active',
    post({ mentionedUserIds: ['100', '200'] }),
    { accounts: [gone(acme), off(support)] },
    waits(support.id, 'CAPTURE_OFF'),
  ],
  [
    'F26 with capture off the follow-up waits',
    post(),
    { accounts: [off(acme)], thread: thread({ status: 'CLOSED' }) },
    waits(acme.id, 'CAPTURE_OFF'),
  ],

  ['F66 a comment reopens PENDING', post(), { thread: thread({ status: 'PENDING' }) }, comment('OPEN')],
  ['F66 a comment reopens HOLD', post(), { thread: thread({ status: 'HOLD' }) }, comment('OPEN')],
  ['F66 a comment reopens SOLVED', post(), { thread: thread({ status: 'SOLVED' }) }, comment('OPEN')],
  ['F66 NEW stays NEW', post(), { thread: thread({ status: 'NEW' }) }, comment('NEW')],
]

describe('what becomes of a post', () => {
  it.each(TABLE)('%s', (_rule, what, facts, decision) => {
    expect(decide(what, facts)).toEqual(decision)
  })

  it('never moves a ticket to a status but OPEN', () => {
    const moved = TICKET_STATUSES.map((status) => statusAfterRequesterComment(status))
    expect(moved).toEqual(['NEW', 'OPEN', 'OPEN', 'OPEN', 'OPEN', 'CLOSED'])
  })
})
