import type {
  CaptureAccount,
  Decision,
  DirectMessage,
  Facts,
  IgnoreReason,
  Like,
  Post,
  RefuseReason,
  Thread,
} from './captured.ts'
import type { TicketStatus } from './event.ts'
import { TRANSITIONS } from './ticket-transitions.ts'
import { compareIds } from './x-id.ts'

/*
 * What becomes of what X tells: public posts, likes, direct messages (F12-F14, F22-F26, F77). Pure: the facts are read
 * before, the decision is carried out after, and the whole of it can be read and tested as a table.
 */

/** F24: X posts are imported up to here; the next one waits. */
export const MAX_COMMENTS = 5_000

/** Whether a ticket has no room for so many comments more from X (F24). */
export const isFull = ({ commentCount }: Pick<Thread, 'commentCount'>, more = 1): boolean =>
  commentCount + more > MAX_COMMENTS

/** F42: a message with more than text brings a note along. */
const commentsOfMessage = ({ attachments }: DirectMessage): number => (attachments.length > 0 ? 2 : 1)

const refuse = (reason: RefuseReason): Decision => ({ kind: 'REFUSE', reason })
const ignore = (reason: IgnoreReason): Decision => ({ kind: 'IGNORE', reason })

/**
 * Decides about one public post.
 *
 * A quote is a post like any other: it concerns whom it names. A repost says nothing; our own marks the comment that it
 * repeats. An edit revises what we have; of one that we have not, the newest version counts. A post by a protected author
 * is captured like any other: whom X shows it to, the author has let in. One whose author X names by id alone (suspended
 * there, since then or before) is captured without a name. One whose author was suspended here waits.
 */
export function decidePost(post: Post, { accounts, known, thread, deleted, suspended }: Facts): Decision {
  const own = accounts.find((account) => account.xUserId === post.authorId)
  if (post.repostOfId !== null) {
    return own && known?.place === 'TICKET' ? { kind: 'MARK', mark: 'retweeted' } : ignore('REPOST')
  }
  if (deleted || known?.deleted) return ignore('DELETED')
  if (known) return compareIds(post.versionId, known.versionId) > 0 ? { kind: 'REVISE' } : ignore('ALREADY_CAPTURED')

  if (own) {
    // F23: our own posts never open a ticket. F22: an answer given in the X app belongs to its ticket.
    const open = post.inReplyToUserId === own.xUserId ? null : openTicket(thread, accounts)
    if (!open) return ignore('OWN_POST')
    const { ticketId, accountId, status } = open
    // F24: whoever said it.
    if (isFull(open)) return { kind: 'WAIT', accountId, reason: 'TICKET_FULL' }
    return { kind: 'COMMENT', ticketId, accountId, direction: 'OUTBOUND', status }
  }

  const concerned = concernedBy(post, accounts, thread)
  const said = Date.parse(post.postedAt)
  const active = concerned.filter(({ status, capturesFrom }) => status === 'ACTIVE' && capturesFrom.getTime() <= said)
  const [first] = active
  if (!first) return ignore(concerned.length > 0 ? 'ACCOUNT_INACTIVE' : 'NOT_ADDRESSED')
  if (suspended) return { kind: 'WAIT', accountId: first.id, reason: 'AUTHOR_SUSPENDED' }

  // F22: whoever has a ticket in this conversation goes on in it, whether or not they name us again.
  const open = openTicket(thread, accounts)
  if (open) return goOn(open)
  const capturing = active.find(({ captureMentions }) => captureMentions)
  if (!capturing) return { kind: 'WAIT', accountId: first.id, reason: 'CAPTURE_OFF' }
  // F26: a closed ticket stays closed; the conversation goes on in a follow-up.
  return opening('X_CORP', capturing, closedTicket(thread))
}

/**
 * Decides about a post that an account likes (F14): a ticket of its author, unless it is on one already (F77), or names an
 * account that captures mentions and was only not told of yet: that is the same ticket as without the like. One that
 * waits among the incoming posts is chosen by it. Its author has said nothing new, so no ticket is reopened.
 */
export function decideLike(
  { likerId, post, likedAt, history }: Like,
  { accounts, known, thread, deleted, suspended, likedBefore }: Facts & { readonly likedBefore: boolean },
): Decision {
  const liker = accounts.find((account) => account.xUserId === likerId)
  if (liker?.status !== 'ACTIVE') return ignore('ACCOUNT_INACTIVE')
  if (likedAt !== null && Date.parse(likedAt) < liker.capturesFrom.getTime()) return ignore('ACCOUNT_INACTIVE')
  if (known?.place === 'TICKET') return { kind: 'MARK', mark: 'favorited' }
  // F6; and X shows the same likes again and again.
  if (history || likedBefore) return ignore('ALREADY_CAPTURED')
  if (deleted || known?.deleted) return ignore('DELETED')
  if (post.repostOfId !== null) return ignore('REPOST')
  if (accounts.some(({ xUserId }) => xUserId === post.authorId)) return ignore('OWN_POST')
  if (!liker.trackLikes) return ignore('CAPTURE_OFF')
  // F69: a like of a suspended person's post lets nobody in again; the post waits for an administrator, like all of theirs.
  if (suspended)
    return known ? ignore('AUTHOR_SUSPENDED') : { kind: 'WAIT', accountId: liker.id, reason: 'AUTHOR_SUSPENDED' }
  const open = openTicket(thread, accounts)
  if (open) {
    const { ticketId, accountId, status } = open
    if (!isFull(open)) return { kind: 'COMMENT', ticketId, accountId, direction: 'INBOUND', status }
    return known ? ignore('ALREADY_CAPTURED') : goOn(open)
  }
  // A like may be read before what it is of: what names us is a mention, whichever comes first.
  const said = Date.parse(post.postedAt)
  const mentioned = concernedBy(post, accounts, null).find(
    ({ status, captureMentions, capturesFrom }) =>
      status === 'ACTIVE' && captureMentions && capturesFrom.getTime() <= said,
  )
  return mentioned && !known
    ? opening('X_CORP', mentioned, closedTicket(thread))
    : opening('X_CORP_LIKE', liker, closedTicket(thread))
}

/**
 * Decides about a post that an administrator converts for an account (F15, F20). Where mentions become tickets by
 * themselves, only what could not is converted: what did not fit into a full ticket, or was said by somebody suspended,
 * also when the ticket that it did not fit into has a follow-up since, or the person was let in again.
 */
export function decideConversion(
  post: Post,
  accountId: string,
  { accounts, known, thread, deleted, suspended }: Facts,
): Decision {
  if (known?.place === 'TICKET') return ignore('ALREADY_CAPTURED')
  if (deleted || known?.deleted) return refuse('DELETED')
  if (post.repostOfId !== null) return refuse('REPOST')
  if (accounts.some(({ xUserId }) => xUserId === post.authorId)) return refuse('OWN_POST')
  const account = accounts.find(({ id }) => id === accountId)
  if (account?.status !== 'ACTIVE') return refuse('ACCOUNT_INACTIVE')
  const open = openTicket(thread, accounts)
  const full = open !== null && isFull(open)
  const could = full || suspended || known?.waitsFor === 'TICKET_FULL' || known?.waitsFor === 'AUTHOR_SUSPENDED'
  if (!account.manualConversion && !could) return refuse('MENTIONS_CAPTURED')
  return open && !full ? goOn(open) : opening('X_CORP', account, open ?? closedTicket(thread))
}

/**
 * Decides about one direct message (F13): tickets by participant. Messages do not wait for anybody: where they are not
 * captured they are left alone. When a ticket has no room for one (F24) they go on in a follow-up.
 */
export function decideMessage(
  message: DirectMessage,
  { accounts, known, thread, suspended }: Omit<Facts, 'deleted'>,
): Decision {
  if (known) return ignore('ALREADY_CAPTURED')
  const { participantId, senderId } = message
  if (participantId === null) return ignore('GROUP')
  const account = accounts.find(({ xUserId }) => xUserId === message.accountXUserId)
  const said = Date.parse(message.sentAt)
  if (account?.status !== 'ACTIVE' || said < account.capturesFrom.getTime()) return ignore('ACCOUNT_INACTIVE')
  if (!account.captureDirectMessages) return ignore('CAPTURE_OFF')
  // What two accounts of ours tell each other is nobody's ticket.
  if (accounts.some(({ xUserId }) => xUserId === participantId)) return ignore('OWN_POST')
  const hasRoom = thread !== null && !isFull(thread, commentsOfMessage(message))
  const open = hasRoom && thread.status !== 'CLOSED' ? thread : null
  if (senderId === account.xUserId) {
    if (!open) return ignore('OWN_POST')
    const { ticketId, status } = open
    return { kind: 'COMMENT', ticketId, accountId: account.id, direction: 'OUTBOUND', status }
  }
  if (senderId !== participantId) return ignore('NOT_ADDRESSED')
  if (suspended) return ignore('AUTHOR_SUSPENDED')
  return open ? goOn(open) : opening('X_CORP_DM', account, thread)
}

/** F66: an answer from the requester reopens what was waiting for it, or thought done. */
export function statusAfterRequesterComment(status: TicketStatus): TicketStatus {
  return TRANSITIONS[status].requesterWrites
}

/** F6: the ticket of an account that is off takes nothing; whatever comes meanwhile, it is as if there were none. */
function openTicket(thread: Thread | null, accounts: readonly CaptureAccount[]): Thread | null {
  const takes = accounts.some(({ id, status }) => id === thread?.accountId && status === 'ACTIVE')
  return takes && thread?.status !== 'CLOSED' ? thread : null
}

/** What is to be followed up (F26). */
const closedTicket = (thread: Thread | null): Thread | null => (thread?.status === 'CLOSED' ? thread : null)

/** The requester says more on a ticket that is not closed, as far as there is room (F24). */
function goOn(thread: Thread): Decision {
  const { ticketId, accountId } = thread
  if (isFull(thread)) return { kind: 'WAIT', accountId, reason: 'TICKET_FULL' }
  const status = statusAfterRequesterComment(thread.status)
  return { kind: 'COMMENT', ticketId, accountId, direction: 'INBOUND', status }
}

function opening(
  channel: 'X_CORP' | 'X_CORP_DM' | 'X_CORP_LIKE',
  { id }: CaptureAccount,
  thread: Thread | null,
): Decision {
  return { kind: 'OPEN_TICKET', channel, accountId: id, followUpOf: thread?.ticketId ?? null }
}

/**
 * The accounts that a post concerns, the nearest first: the one its thread belongs to, the one it answers, those it
 * mentions in the order of the text (F12). The first of them that may takes the post, so one that was deactivated or
 * captures nothing does not swallow what another is meant to have; and a post that names several is one ticket (F25).
 */
function concernedBy(post: Post, accounts: readonly CaptureAccount[], thread: Thread | null): CaptureAccount[] {
  const place = (account: CaptureAccount) => {
    const byId = post.mentionedUserIds.indexOf(account.xUserId)
    return byId >= 0 ? byId : post.mentionedHandles.indexOf(account.screenName.toLowerCase())
  }
  const concerned = [
    ...accounts.filter(({ id }) => id === thread?.accountId),
    ...accounts.filter(({ xUserId }) => xUserId === post.inReplyToUserId),
    ...accounts.filter((account) => place(account) >= 0).sort((a, b) => place(a) - place(b)),
  ]
  return [...new Set(concerned)]
}
