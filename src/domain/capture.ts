import type { AccountStatus } from './account.ts'
import type { TicketStatus } from './event.ts'

/*
 * What becomes of a public post (F12, F22-F26). Pure: the facts are read before, the decision is
 * carried out after, and the whole of it can be read and tested as a table.
 */

/** A public post as the rules see it. Ids are X's. */
export interface Post {
  readonly id: string
  readonly authorId: string
  readonly conversationId: string
  readonly text: string
  /** The post that this one answers. */
  readonly inReplyToPostId: string | null
  /** The author of the post that this one answers. */
  readonly inReplyToUserId: string | null
  /** Whom it mentions, in the order of the text; leading names that X adds to replies included. */
  readonly mentionedUserIds: readonly string[]
  /** Their handles as the text spells them, without `@`, lower case: the text alone may carry a mention. */
  readonly mentionedHandles: readonly string[]
  /** A repost repeats somebody's words without adding any. */
  readonly isRepost: boolean
  /** ISO 8601. */
  readonly postedAt: string
}

export interface CaptureAccount {
  readonly id: string
  readonly xUserId: string
  readonly screenName: string
  readonly status: AccountStatus
  readonly captureMentions: boolean
  /** What was said before, while the account was not connected or switched off, is history (F6). */
  readonly capturesFrom: Date
}

/** The newest ticket of one author in one conversation. */
export interface Thread {
  readonly ticketId: string
  readonly accountId: string
  readonly status: TicketStatus
  readonly commentCount: number
}

export interface Facts {
  readonly accounts: readonly CaptureAccount[]
  /** Whether this post is a comment, or waits among the incoming posts, already. */
  readonly known: boolean
  /** The thread of the post's author in its conversation; for our own posts, of the author that is answered. */
  readonly thread: Thread | null
}

export type IgnoreReason = 'ALREADY_CAPTURED' | 'REPOST' | 'OWN_POST' | 'NOT_ADDRESSED' | 'ACCOUNT_INACTIVE'
export type WaitReason = 'CAPTURE_OFF' | 'TICKET_FULL'

export type Decision =
  | { readonly kind: 'IGNORE'; readonly reason: IgnoreReason }
  /** Kept among the incoming posts, for an administrator to convert. */
  | { readonly kind: 'WAIT'; readonly accountId: string; readonly reason: WaitReason }
  | {
      readonly kind: 'COMMENT'
      readonly ticketId: string
      readonly accountId: string
      readonly direction: 'INBOUND' | 'OUTBOUND'
      /** The ticket's status afterwards. */
      readonly status: TicketStatus
    }
  | { readonly kind: 'OPEN_TICKET'; readonly accountId: string; readonly followUpOf: string | null }

/** F24: X posts are imported up to here; the next one waits. */
export const MAX_COMMENTS = 5_000

/** Decides about one post. */
export function decideCapture(post: Post, { accounts, known, thread }: Facts): Decision {
  if (known) return { kind: 'IGNORE', reason: 'ALREADY_CAPTURED' }
  if (post.isRepost) return { kind: 'IGNORE', reason: 'REPOST' }

  const own = accounts.find((account) => account.xUserId === post.authorId)
  if (own) {
    // F23: our own posts never open a ticket. F22: an answer given in the X app belongs to its ticket.
    const answered = thread !== null && thread.status !== 'CLOSED' && post.inReplyToUserId !== own.xUserId
    if (!answered || thread.commentCount >= MAX_COMMENTS) return { kind: 'IGNORE', reason: 'OWN_POST' }
    return {
      kind: 'COMMENT',
      ticketId: thread.ticketId,
      accountId: thread.accountId,
      direction: 'OUTBOUND',
      status: thread.status,
    }
  }

  const concerned = concernedBy(post, accounts, thread)
  const said = Date.parse(post.postedAt)
  const active = concerned.filter(({ status, capturesFrom }) => status === 'ACTIVE' && capturesFrom.getTime() <= said)
  const [first] = active
  if (!first) return { kind: 'IGNORE', reason: concerned.length > 0 ? 'ACCOUNT_INACTIVE' : 'NOT_ADDRESSED' }

  // F22: whoever has a ticket in this conversation goes on in it, whether or not they name us again.
  if (thread && thread.status !== 'CLOSED') {
    const { ticketId, accountId } = thread
    if (thread.commentCount >= MAX_COMMENTS) return { kind: 'WAIT', accountId, reason: 'TICKET_FULL' }
    return {
      kind: 'COMMENT',
      ticketId,
      accountId,
      direction: 'INBOUND',
      status: statusAfterRequesterComment(thread.status),
    }
  }
  const capturing = active.find(({ captureMentions }) => captureMentions)
  if (!capturing) return { kind: 'WAIT', accountId: first.id, reason: 'CAPTURE_OFF' }
  // F26: a closed ticket stays closed; the conversation goes on in a follow-up.
  return { kind: 'OPEN_TICKET', accountId: capturing.id, followUpOf: thread?.ticketId ?? null }
}

/** F66: an answer from the requester reopens what was waiting for it, or thought done. */
export function statusAfterRequesterComment(status: TicketStatus): TicketStatus {
  return status === 'PENDING' || status === 'HOLD' || status === 'SOLVED' ? 'OPEN' : status
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

/** A ticket's subject: the first line of the post without the names it starts with, at most 80 characters. */
export function subjectOf(text: string): string {
  const line = text
    .replace(/^(?:\s*\.?@\w{1,15}\b[,:]?)+/u, '')
    .trim()
    .split('\n', 1)[0]
    ?.trim()
  const subject = line || text.trim() || 'Post without text'
  if (subject.length <= MAX_SUBJECT) return subject
  if (PLAIN.test(subject)) return `${subject.slice(0, MAX_SUBJECT - 1).trimEnd()}…`
  let count = 0
  let cut = 0
  for (const { index } of graphemes.segment(subject)) {
    if (count === MAX_SUBJECT - 1) cut = index
    if (++count > MAX_SUBJECT) return `${subject.slice(0, cut).trimEnd()}…`
  }
  return subject
}

/** In characters as people count them. */
const MAX_SUBJECT = 80
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/**
 * Begins with more than that many of the letters and signs that stand each for themselves: Latin, kana, Han, Hangul. Most
 * posts do, and the segmenter would cost more than all the rest that is decided about them.
 */
const PLAIN = /^[ -\u02ff\u2010-\u2027\u3000-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3]{81}/
