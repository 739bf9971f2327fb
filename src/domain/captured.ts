import type { AccountStatus } from './account.ts'
import type { TicketStatus } from './event.ts'

/* What X tells, what is known about it, and what may become of it: the terms of the rules in capture.ts. */

/** A public post as the rules see it. Ids are X's. */
export interface Post {
  /** Of its first version: what it is known by, however often its author edits it. */
  readonly id: string
  /** Of this version; the same as `id` until it is edited. */
  readonly versionId: string
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
  /** The author of the post that it quotes; null: it quotes none, or X does not show whose. */
  readonly quotedUserId: string | null
  /** The post that it repeats without adding a word (a repost). */
  readonly repostOfId: string | null
  /** ISO 8601: when the first version was posted. */
  readonly postedAt: string
  /** ISO 8601: when this version was; null for the first. */
  readonly editedAt: string | null
}

/** A post that one of our accounts likes. */
export interface Like {
  /** Who likes it: X's id. */
  readonly likerId: string
  readonly post: Post
  /** ISO 8601; null where X does not say when. */
  readonly likedAt: string | null
  /** It was there when likes were first looked at. */
  readonly history: boolean
}

/** A direct message, classic or opened XChat. */
export interface DirectMessage {
  /** X's id of the event; of XChat, the sender and the id that the sender signed. */
  readonly id: string
  readonly channel: 'X_DM' | 'X_CHAT'
  /** The account that has it. */
  readonly accountXUserId: string
  readonly senderId: string
  /** The other one of the two; null in a group. */
  readonly participantId: string | null
  readonly text: string
  /** What came along and is not shown (F42), by kind, such as `photo`. */
  readonly attachments: readonly string[]
  /** ISO 8601. */
  readonly sentAt: string
  /** X's id of the event, where `id` is another: what was sent at the same time, it orders. */
  readonly eventId?: string
}

export interface CaptureAccount {
  readonly id: string
  readonly xUserId: string
  readonly screenName: string
  readonly status: AccountStatus
  readonly captureMentions: boolean
  /** F15: never together with `captureMentions`. */
  readonly manualConversion: boolean
  readonly captureDirectMessages: boolean
  readonly trackLikes: boolean
  /** What was said before, while the account was not connected or switched off, is history (F6). */
  readonly capturesFrom: Date
}

/** The newest ticket of one author in one conversation, or of one person's direct messages with an account. */
export interface Thread {
  readonly ticketId: string
  readonly accountId: string
  readonly status: TicketStatus
  readonly commentCount: number
}

/** What is known of a post already. */
export interface Known {
  readonly place: 'TICKET' | 'INCOMING'
  /** The newest version that was seen. */
  readonly versionId: string
  /** Its author has deleted it at X. */
  readonly deleted: boolean
  /** Why it waits, while it does. */
  readonly waitsFor?: WaitReason
}

export interface Facts {
  readonly accounts: readonly CaptureAccount[]
  /** Of this post; of a repost, what is known of the post that it repeats. */
  readonly known: Known | null
  /** The thread of the post's author in its conversation; for our own posts, of the author that is answered. */
  readonly thread: Thread | null
  /** X told of its deletion before. */
  readonly deleted: boolean
  /** Somebody here has suspended its author (F69). */
  readonly suspended: boolean
}

export type IgnoreReason =
  | 'ALREADY_CAPTURED'
  | 'REPOST'
  | 'OWN_POST'
  | 'NOT_ADDRESSED'
  | 'ACCOUNT_INACTIVE'
  | 'CAPTURE_OFF'
  | 'AUTHOR_SUSPENDED'
  | 'GROUP'
  | 'DELETED'
export const WAIT_REASONS = ['CAPTURE_OFF', 'TICKET_FULL', 'AUTHOR_SUSPENDED'] as const
export type WaitReason = (typeof WAIT_REASONS)[number]

export type RefuseReason = 'MENTIONS_CAPTURED' | 'ACCOUNT_INACTIVE' | 'OWN_POST' | 'REPOST' | 'DELETED'

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
  | {
      readonly kind: 'OPEN_TICKET'
      readonly channel: 'X_CORP' | 'X_CORP_DM' | 'X_CORP_LIKE'
      readonly accountId: string
      readonly followUpOf: string | null
    }
  /** A newer version of what we have: its text takes the place of the older. */
  | { readonly kind: 'REVISE' }
  /** It cannot be converted (F15). */
  | { readonly kind: 'REFUSE'; readonly reason: RefuseReason }
  /** F77: our account has liked or reposted what is on a ticket. */
  | { readonly kind: 'MARK'; readonly mark: 'favorited' | 'retweeted' }
