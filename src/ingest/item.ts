import type { DirectMessage, Like, Post } from '../domain/captured.ts'

/* What the sources deliver: one thing that X told, whoever told it. */

/** A person on X as this payload shows them; null where it does not say. */
export interface SeenProfile {
  readonly id: string
  readonly username: string | null
  readonly name: string | null
  readonly avatarUrl: string | null
  readonly followersCount: number | null
  readonly postsCount: number | null
  readonly verified: boolean | null
  readonly verifiedType: string | null
  readonly protected: boolean | null
  /** Whether whoever read the payload follows them; absent where X does not say. */
  readonly follow?: Follow
  /** ISO 8601: when X showed them so, by its clock; absent: no earlier than the item. */
  readonly seenAt?: string
}

/** Whether an account of ours follows somebody (F77). */
export interface Follow {
  /** The account: X's id. */
  readonly followerId: string
  readonly following: boolean
}

export interface ReceivedPost {
  readonly kind: 'post'
  readonly post: Post
  readonly author: SeenProfile
}

/** One of our accounts likes a post. */
export interface ReceivedLike extends Like {
  readonly kind: 'like'
  /** The post's. */
  readonly author: SeenProfile
}

export interface ReceivedMessage {
  readonly kind: 'message'
  readonly message: DirectMessage
  /** The other one of the two, as far as shown; of a group, the sender. */
  readonly author: SeenProfile
}

/** A post is gone at X. */
export interface ReceivedDeletion {
  readonly kind: 'deletion'
  /** Of any of its versions. */
  readonly postId: string
  /** ISO 8601: when it was told, or found out. */
  readonly at: string
}

/** An account of ours follows somebody, or no longer. */
export interface ReceivedFollow extends Follow {
  readonly kind: 'follow'
  readonly personId: string
}

/** An administrator makes a ticket of a post (F20). */
export interface ConvertedPost {
  readonly kind: 'conversion'
  readonly post: Post
  readonly author: SeenProfile
  readonly accountId: string
  /** The administrator. */
  readonly userId: string
}

export type Item = ReceivedPost | ReceivedLike | ReceivedMessage | ReceivedDeletion | ReceivedFollow | ConvertedPost

/** What could not be read, as it came, and why. */
export interface Reject {
  readonly payload: string
  readonly reason: string
}

export interface Parsed {
  readonly items: readonly Item[]
  readonly rejects: readonly Reject[]
}
