import type { ChatHappening } from '../xchat/model.ts'

/** The things that X knows. Counters that X shows are numbers here; the rest is derived when it is asked for. */

export type VerifiedType = 'none' | 'blue' | 'business' | 'government'

export interface XUser {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly description: string
  readonly location: string
  readonly createdAt: Date
  readonly profileImageUrl: string
  readonly verifiedType: VerifiedType
  readonly protected: boolean
  /** A suspended user's tokens are answered 403 user-suspended. */
  suspended: boolean
  /** Takes messages from nobody but whom they follow. */
  refusesMessages: boolean
  followers: number
  following: number
  readonly listed: number
  likes: number
  posts: number
}

/** Positions are code points of `XPost.text`, `end` exclusive. */
export interface Mention {
  readonly start: number
  readonly end: number
  readonly id: string
  readonly username: string
}

export interface XPost {
  readonly id: string
  readonly authorId: string
  readonly createdAt: Date
  /** What the author typed. */
  readonly typed: string
  /** As X shows it: leading auto-mentions of a reply, `&<>` escaped, cut at 280 when longer. */
  readonly text: string
  /** The whole text of a post that is longer than 280 (X: note_tweet). */
  readonly longText: string | undefined
  /** Where the text begins that people see: auto-mentions stand before it. */
  readonly visibleFrom: number
  readonly mentions: readonly Mention[]
  /** Users whose @name the author typed: only these fire post.mention.create. */
  readonly explicitMentionIds: ReadonlySet<string>
  readonly conversationId: string
  readonly inReplyTo: { readonly postId: string; readonly userId: string } | undefined
  readonly quoted: { readonly postId: string; readonly userId: string } | undefined
  readonly reposted: { readonly postId: string; readonly userId: string } | undefined
  /** Ids of all versions, oldest first; the versions of a post share it, and who likes one of them likes them all. */
  readonly history: string[]
  readonly editableUntil: Date
  readonly likedBy: Set<string>
  replies: number
  quotes: number
  reposts: number
}

export type MediaType = 'photo' | 'video' | 'animated_gif'

export interface DirectConversation {
  /** `A-B`, the smaller id first; of a group a plain number. */
  readonly id: string
  readonly isGroup: boolean
  readonly participants: Set<string>
}

/** What stands in a conversation of classic direct messages: a message, or people who come or go. */
export interface DirectEvent {
  readonly id: string
  readonly kind: 'MessageCreate' | 'ParticipantsJoin' | 'ParticipantsLeave'
  readonly conversation: DirectConversation
  /** Who wrote or invited; undefined of people who left. */
  readonly senderId: string | undefined
  readonly at: Date
  /** Of a message; empty of others. */
  readonly text: string
  readonly media: { readonly key: string; readonly type: MediaType } | undefined
  readonly sharedPostId: string | undefined
  /** Who came or went; empty of a message, which names nobody but its sender. */
  readonly participantIds: readonly string[]
}

/** What happens on X, as the Activity API hears it. */
export type Happening =
  | { readonly kind: 'post'; readonly post: XPost }
  | { readonly kind: 'delete'; readonly post: XPost }
  | { readonly kind: 'like'; readonly id: string; readonly user: XUser; readonly post: XPost; readonly at: Date }
  | { readonly kind: 'follow'; readonly source: XUser; readonly target: XUser; readonly follows: boolean }
  | { readonly kind: 'message'; readonly event: DirectEvent }
  | { readonly kind: 'chat'; readonly chat: ChatHappening }
  | { readonly kind: 'revoke'; readonly userId: string; readonly clientId: string; readonly at: Date }
