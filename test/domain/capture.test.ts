import { describe, expect, it } from 'vitest'
import {
  decideConversion,
  decideLike,
  decideMessage,
  decidePost,
  MAX_COMMENTS,
  statusAfterRequesterComment,
} from '../../src/domain/capture.ts'
import type { CaptureAccount, DirectMessage, Facts, Known, Like, Post, Thread } from '../../src/domain/captured.ts'
import { TICKET_STATUSES } from '../../src/domain/event.ts'

const acme: CaptureAccount = {
  id: 'account-acme',
  xUserId: '100',
  screenName: 'Acme',
  status: 'ACTIVE',
  captureMentions: true,
  manualConversion: false,
  captureDirectMessages: true,
  trackLikes: true,
  capturesFrom: new Date('2025-06-01'),
}
const support: CaptureAccount = { ...acme, id: 'account-support', xUserId: '200', screenName: 'AcmeSupport' }
const accounts = [acme, support]

const post = (change: Partial<Post> = {}): Post => ({
  id: '5000',
  versionId: '5000',
  authorId: '900',
  conversationId: '5000',
  text: '@acme help',
  inReplyToPostId: null,
  inReplyToUserId: null,
  mentionedUserIds: ['100'],
  mentionedHandles: ['acme'],
  quotedUserId: null,
  repostOfId: null,
  postedAt: '2026-01-01T00:00:00.000Z',
  editedAt: null,
  ...change,
})
const thread = (change: Partial<Thread> = {}): Thread => ({
  ticketId: 'ticket-1',
  accountId: acme.id,
  status: 'OPEN',
  commentCount: 3,
  ...change,
})
const nothing: Facts = { accounts, known: null, thread: null, deleted: false, suspended: false }
const decide = (what: Post, facts: Partial<Facts> = {}) => decidePost(what, { ...nothing, ...facts })

const silent = { mentionedUserIds: [], mentionedHandles: [] }
const opens = (accountId: string, followUpOf: string | null = null, channel = 'X_CORP') => ({
  kind: 'OPEN_TICKET',
  channel,
  accountId,
  followUpOf,
})
const refused = (reason: string) => ({ kind: 'REFUSE', reason })
const known = (change: Partial<Known> = {}): Known => ({
  place: 'TICKET',
  versionId: '5000',
  deleted: false,
  ...change,
})
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
    'F24 our own answers to a full ticket wait as others do',
    post({ authorId: '100', inReplyToUserId: '900' }),
    { thread: thread({ commentCount: MAX_COMMENTS }) },
    waits(acme.id, 'TICKET_FULL'),
  ],
  [
    'F24 a full ticket that is closed has a follow-up',
    post(),
    { thread: thread({ commentCount: MAX_COMMENTS, status: 'CLOSED' }) },
    opens(acme.id, 'ticket-1'),
  ],

  ['F25 a known post is ignored', post(), { known: known() }, ignored('ALREADY_CAPTURED')],
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
  ['a repost adds nothing', post({ repostOfId: '4000' }), {}, ignored('REPOST')],
  [
    'nor does a repost by the requester of a ticket',
    post({ repostOfId: '4000' }),
    { thread: thread() },
    ignored('REPOST'),
  ],

  [
    'F77 our own repost of what is on a ticket marks it',
    post({ authorId: '100', repostOfId: '4000' }),
    { known: known({ versionId: '4000' }) },
    { kind: 'MARK', mark: 'retweeted' },
  ],
  [
    'our own repost of anything else is nothing',
    post({ authorId: '100', repostOfId: '4000' }),
    { known: known({ place: 'INCOMING' }) },
    ignored('REPOST'),
  ],
  [
    'somebody else’s repost of a comment marks nothing',
    post({ repostOfId: '4000' }),
    { known: known() },
    ignored('REPOST'),
  ],
  ['an edit revises what is on a ticket', post({ versionId: '5001' }), { known: known() }, { kind: 'REVISE' }],
  [
    'an edit revises what waits',
    post({ versionId: '5001' }),
    { known: known({ place: 'INCOMING' }) },
    { kind: 'REVISE' },
  ],
  [
    'an older version that comes late changes nothing, and ids count as numbers',
    post({ versionId: '9999' }),
    { known: known({ versionId: '10000' }) },
    ignored('ALREADY_CAPTURED'),
  ],
  ['an edit of what we do not have is captured as it is now', post({ versionId: '5001' }), {}, opens(acme.id)],
  ['what X said is deleted is nothing', post(), { deleted: true }, ignored('DELETED')],
  [
    'a comment that is deleted is not revised',
    post({ versionId: '5001' }),
    { known: known({ deleted: true }) },
    ignored('DELETED'),
  ],
  ['a post of somebody who was suspended here waits', post(), { suspended: true }, waits(acme.id, 'AUTHOR_SUSPENDED')],
  ['also on an open ticket', post(silent), { suspended: true, thread: thread() }, waits(acme.id, 'AUTHOR_SUSPENDED')],
  [
    'a suspended author who does not address us is not for us',
    post(silent),
    { suspended: true },
    ignored('NOT_ADDRESSED'),
  ],

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
    'F6 the ticket of an inactive account takes nothing, also when an active one is named, which opens its own',
    post({ mentionedUserIds: ['200'] }),
    { accounts: [gone(acme), support], thread: thread() },
    opens(support.id),
  ],
  [
    'F6 nor one whose account was shut out',
    post({ mentionedUserIds: ['200'] }),
    { accounts: [gone(acme, 'DEAUTHORIZED'), support], thread: thread() },
    opens(support.id),
  ],
  [
    'F6 where the active one captures nothing, the post waits for it',
    post({ mentionedUserIds: ['200'] }),
    { accounts: [gone(acme), off(support)], thread: thread() },
    waits(support.id, 'CAPTURE_OFF'),
  ],
  [
    'F6 nor does it take an answer of ours',
    post({ authorId: '200', inReplyToUserId: '900' }),
    { accounts: [gone(acme), support], thread: thread() },
    ignored('OWN_POST'),
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

const like = (change: Partial<Like> = {}): Like => ({
  likerId: '100',
  post: post(silent),
  likedAt: null,
  history: false,
  ...change,
})
const likes = (accountId: string, followUpOf: string | null = null) => opens(accountId, followUpOf, 'X_CORP_LIKE')
const marked = { kind: 'MARK', mark: 'favorited' }

const LIKES: [rule: string, what: Like, facts: Partial<Facts & { likedBefore: boolean }>, decision: object][] = [
  [
    'F6 what was liked before likes were looked at is history',
    like({ history: true }),
    {},
    ignored('ALREADY_CAPTURED'),
  ],
  ['F77 but what is on a ticket is marked', like({ history: true }), { known: known() }, marked],
  ['F25 a like that was seen is seen once', like(), { likedBefore: true }, ignored('ALREADY_CAPTURED')],
  ['F14 what the account likes is a ticket of its author', like(), {}, likes(acme.id)],
  ['F12 what names us is a mention, though the like comes first', like({ post: post() }), {}, opens(acme.id)],
  [
    'F12 so is what answers another of ours, as its follow-up',
    like({ post: post({ ...silent, inReplyToUserId: '200' }) }),
    { thread: thread({ status: 'CLOSED' }) },
    opens(support.id, 'ticket-1'),
  ],
  ['F14 but not where mentions are not captured', like({ post: post() }), { accounts: [off(acme)] }, likes(acme.id)],
  [
    'F14 nor one of before the account was connected',
    like({ post: post({ postedAt: '2025-01-01T00:00:00.000Z' }) }),
    {},
    likes(acme.id),
  ],
  ['F14 nor one that waits', like({ post: post() }), { known: known({ place: 'INCOMING' }) }, likes(acme.id)],
  ['F69 but waits when the author was suspended here', like(), { suspended: true }, waits(acme.id, 'AUTHOR_SUSPENDED')],
  ['F69 also on an open ticket', like(), { suspended: true, thread: thread() }, waits(acme.id, 'AUTHOR_SUSPENDED')],
  [
    'F69 and goes on waiting where it waits',
    like(),
    { suspended: true, known: known({ place: 'INCOMING' }) },
    ignored('AUTHOR_SUSPENDED'),
  ],
  ['F14 what somebody else likes is not', like({ likerId: '900' }), {}, ignored('ACCOUNT_INACTIVE')],
  [
    'F14 an account that tracks no likes',
    like(),
    { accounts: [{ ...acme, trackLikes: false }] },
    ignored('CAPTURE_OFF'),
  ],
  ['F14 a deactivated account', like(), { accounts: [gone(acme)] }, ignored('ACCOUNT_INACTIVE')],
  [
    'F6 the open ticket of an inactive account takes no like of another',
    like({ likerId: '200' }),
    { accounts: [gone(acme), support], thread: thread() },
    likes(support.id),
  ],
  [
    'F14 an old post is no history when the like is new',
    like({ post: post({ ...silent, postedAt: '2010-01-01T00:00:00.000Z' }) }),
    {},
    likes(acme.id),
  ],
  ['F6 an old like is history', like({ likedAt: '2025-05-31T00:00:00.000Z' }), {}, ignored('ACCOUNT_INACTIVE')],
  ['F23 our own posts open no ticket', like({ post: post({ ...silent, authorId: '200' }) }), {}, ignored('OWN_POST')],
  ['a liked repost is nothing', like({ post: post({ repostOfId: '4000' }) }), {}, ignored('REPOST')],
  ['F77 what is on a ticket is marked', like(), { known: known() }, marked],
  [
    'F77 also when likes are not tracked',
    like(),
    { known: known(), accounts: [{ ...acme, trackLikes: false }] },
    marked,
  ],
  ['F14 what waits is chosen by a like', like(), { known: known({ place: 'INCOMING' }) }, likes(acme.id)],
  [
    'F22 on an open ticket it is a comment, and reopens nothing',
    like(),
    { thread: thread({ status: 'PENDING' }) },
    comment('PENDING'),
  ],
  ['F26 a closed ticket has a follow-up', like(), { thread: thread({ status: 'CLOSED' }) }, likes(acme.id, 'ticket-1')],
  [
    'F24 a full ticket makes it wait',
    like(),
    { thread: thread({ commentCount: MAX_COMMENTS }) },
    waits(acme.id, 'TICKET_FULL'),
  ],
  [
    'F24 what waits already goes on waiting',
    like(),
    { known: known({ place: 'INCOMING' }), thread: thread({ commentCount: MAX_COMMENTS }) },
    ignored('ALREADY_CAPTURED'),
  ],
  ['what is deleted is nothing', like(), { deleted: true }, ignored('DELETED')],
]

describe('what becomes of a like', () => {
  it.each(LIKES)('%s', (_rule, what, facts, decision) => {
    expect(decideLike(what, { ...nothing, likedBefore: false, ...facts })).toEqual(decision)
  })
})

const message = (change: Partial<DirectMessage> = {}): DirectMessage => ({
  id: '7000',
  channel: 'X_DM',
  accountXUserId: '100',
  senderId: '900',
  participantId: '900',
  text: 'help',
  attachments: [],
  sentAt: '2026-01-01T00:00:00.000Z',
  ...change,
})
const ours = { senderId: '100' }
const chats = (followUpOf: string | null = null) => opens(acme.id, followUpOf, 'X_CORP_DM')

const MESSAGES: [rule: string, what: DirectMessage, facts: Partial<Facts>, decision: object][] = [
  ['F13 a message is a ticket', message(), {}, chats()],
  ['F13 an XChat message is, too', message({ channel: 'X_CHAT' }), {}, chats()],
  ['F13 one in a group is not', message({ participantId: null }), {}, ignored('GROUP')],
  [
    'F13 with capture off it is left alone',
    message(),
    { accounts: [{ ...acme, captureDirectMessages: false }] },
    ignored('CAPTURE_OFF'),
  ],
  ['F13 a deactivated account takes none', message(), { accounts: [gone(acme)] }, ignored('ACCOUNT_INACTIVE')],
  ['F13 one to nobody of ours', message({ accountXUserId: '300' }), {}, ignored('ACCOUNT_INACTIVE')],
  [
    'F6 what was sent before is history',
    message({ sentAt: '2025-05-31T00:00:00.000Z' }),
    {},
    ignored('ACCOUNT_INACTIVE'),
  ],
  ['F13 whom X names beside the two is not believed', message({ senderId: '901' }), {}, ignored('NOT_ADDRESSED')],
  ['F22 the next one goes on in the ticket', message(), { thread: thread({ status: 'SOLVED' }) }, comment('OPEN')],
  [
    'F22 our own from the X app joins it',
    message(ours),
    { thread: thread({ status: 'PENDING' }) },
    comment('PENDING', 'OUTBOUND'),
  ],
  ['F23 our own opens none', message(ours), {}, ignored('OWN_POST')],
  ['F23 nor after the ticket is closed', message(ours), { thread: thread({ status: 'CLOSED' }) }, ignored('OWN_POST')],
  [
    'F23 what two of our accounts tell each other is nobody’s ticket',
    message({ senderId: '200', participantId: '200' }),
    {},
    ignored('OWN_POST'),
  ],
  ['F25 a known one is ignored', message(), { known: known() }, ignored('ALREADY_CAPTURED')],
  ['F26 a closed ticket has a follow-up', message(), { thread: thread({ status: 'CLOSED' }) }, chats('ticket-1')],
  [
    'F24 a full ticket has one, too: a message is not left waiting',
    message(),
    { thread: thread({ commentCount: MAX_COMMENTS }) },
    chats('ticket-1'),
  ],
  [
    'F24 so has one with room for a message, but not for the note of what came with it (F42)',
    message({ attachments: ['photo'] }),
    { thread: thread({ commentCount: MAX_COMMENTS - 1 }) },
    chats('ticket-1'),
  ],
  ['F69 whoever was suspended here is not heard', message(), { suspended: true }, ignored('AUTHOR_SUSPENDED')],
]

describe('what becomes of a direct message', () => {
  it.each(MESSAGES)('%s', (_rule, what, facts, decision) => {
    expect(decideMessage(what, { ...nothing, ...facts })).toEqual(decision)
  })
})

const byHand: CaptureAccount = { ...acme, captureMentions: false, manualConversion: true }
const CONVERSIONS: [rule: string, what: Post, facts: Partial<Facts>, decision: object][] = [
  ['F20 a post becomes a ticket', post(silent), {}, opens(acme.id)],
  ['F20 also one that waits', post(), { known: known({ place: 'INCOMING' }) }, opens(acme.id)],
  ['F21 what is on a ticket stays there', post(), { known: known() }, ignored('ALREADY_CAPTURED')],
  ['F15 not where mentions become tickets by themselves', post(), { accounts }, refused('MENTIONS_CAPTURED')],
  [
    'F15 but for what did not fit into a full ticket',
    post(),
    { accounts, thread: thread({ commentCount: MAX_COMMENTS }) },
    opens(acme.id, 'ticket-1'),
  ],
  ['F15 and what somebody said who was suspended here', post(), { accounts, suspended: true }, opens(acme.id)],
  [
    'F15 and what waits since its ticket was full, though there is a follow-up now',
    post(),
    { accounts, thread: thread(), known: known({ place: 'INCOMING', waitsFor: 'TICKET_FULL' }) },
    comment('OPEN'),
  ],
  [
    'F15 but not what waits since mentions were not captured',
    post(),
    { accounts, known: known({ place: 'INCOMING', waitsFor: 'CAPTURE_OFF' }) },
    refused('MENTIONS_CAPTURED'),
  ],
  ['F15 nor where nothing is converted by hand', post(), { accounts: [off(acme)] }, refused('MENTIONS_CAPTURED')],
  ['F22 it joins the open ticket of its conversation', post(), { thread: thread({ status: 'HOLD' }) }, comment('OPEN')],
  ['F26 a closed ticket has a follow-up', post(), { thread: thread({ status: 'CLOSED' }) }, opens(acme.id, 'ticket-1')],
  ['F23 our own posts are no tickets', post({ authorId: '100' }), {}, refused('OWN_POST')],
  ['a repost says nothing', post({ repostOfId: '4000' }), {}, refused('REPOST')],
  ['what is deleted cannot be converted', post(), { deleted: true }, refused('DELETED')],
  ['nor for an account that is off', post(), { accounts: [gone(byHand)] }, refused('ACCOUNT_INACTIVE')],
  [
    'F6 nor onto the ticket of one that is off',
    post(),
    { accounts: [byHand, gone(support)], thread: thread({ accountId: support.id }) },
    opens(acme.id),
  ],
]

describe('what becomes of a post that is converted', () => {
  it.each(CONVERSIONS)('%s', (_rule, what, facts, decision) => {
    expect(decideConversion(what, acme.id, { ...nothing, accounts: [byHand], ...facts })).toEqual(decision)
  })
})
