/** A version of somebody's public keys, as X keeps it. The newest version is the one to write to. */
export interface KeyRecord {
  readonly public_key_version: string
  readonly public_key: string
  readonly signing_public_key: string
  readonly identity_public_key_signature: string
}

export interface ChatEvent {
  readonly id: string
  /** As in lists: `A-B` or `g…`. */
  readonly conversationId: string
  readonly senderId: string
  readonly createdAt: Date
  /** Base64 of the Thrift MessageEvent. */
  readonly encoded: string
}

export interface ChatConversation {
  /** `A-B`, the smaller id first, or `g…`. */
  readonly id: string
  readonly kind: 'one_to_one' | 'group'
  readonly participants: readonly string[]
  readonly admins: readonly string[]
  readonly name: string | undefined
  readonly createdAt: Date
  updatedAt: Date
  /** Of the last message or change. Unlike times, no two are the same: lists are ordered and cut by it. */
  lastSequenceId: string
  keyVersion: string | undefined
  /** The public key version that the key was wrapped for, by participant. */
  keyedFor: ReadonlyMap<string, string>
  /** Changes of the key and of the group, oldest first. */
  readonly keyEvents: string[]
  /** The newest of them that carries a key. */
  lastKeyEvent: string | undefined
  /** Messages, oldest first. */
  readonly events: ChatEvent[]
}

/** What an Activity subscriber is told of a message. */
export interface ChatHappening {
  readonly messageId: string
  readonly event: ChatEvent
  readonly conversation: ChatConversation
}

/** A conversation's id as it stands in events: `A:B`, where paths and lists have `A-B` (TRAPS, "XChat"). */
export const idInEvents = (conversationId: string): string => conversationId.replace('-', ':')
