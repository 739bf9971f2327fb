import type { EncryptedMessage } from './client.ts'

/*
 * Encrypted messages (XChat, F39-F45): getting an account's keys with its PIN, and reading with them. What X stores of it
 * is fetched through `XClient.chat`; nothing in here asks X's API. The real chat-xdk and juicebox-sdk do the work, in a
 * thread for each account (TRAPS, "XChat"); create-xchat.ts starts them.
 */

/** What became of a guess. */
export type PinRecovery =
  /** `secretKey` (base64url) is to be sealed at once; it belongs to version `keyVersion` of the account's public keys. */
  | { readonly outcome: 'CONFIRMED'; readonly secretKey: string; readonly keyVersion: string }
  | { readonly outcome: 'WRONG_PIN'; readonly guessesLeft: number }
  /** The realms have deleted their shares; XChat must be set up anew in X. */
  | { readonly outcome: 'GUESSES_EXHAUSTED' }
  | { readonly outcome: 'NOT_REGISTERED' }
  /** The PIN opens keys, but X's newest public keys are others. */
  | { readonly outcome: 'KEYS_REPLACED' }
  /** No answer to the question whether the PIN is right; the guess may have been spent. The reason holds no secret. */
  | { readonly outcome: 'REALMS_UNAVAILABLE'; readonly reason: string }

export interface RecoverRequest {
  readonly xUserId: string
  readonly pin: string
  /** X's answer of GET /2/users/:id/public_keys, as it came. */
  readonly publicKeys: unknown
  readonly signal?: AbortSignal
}

/** Keys that were recovered once. */
export interface XChatIdentity {
  readonly xUserId: string
  readonly secretKey: string
  readonly keyVersion: string
}

export interface XChat {
  /**
   * Spends one guess: recovers the account's keys from the realms of its `juicebox_config`. Never guesses twice. Throws
   * XError UNAVAILABLE when `publicKeys` is not an answer of X, the signal's reason when aborted (a guess that was under
   * way may have been spent), XChatError CLOSED.
   */
  recover(request: RecoverRequest): Promise<PinRecovery>
  /**
   * Opens the keys again, without PIN and without network. Throws XChatError KEYS_DO_NOT_FIT when the secret is none, or
   * is not the one of `keyVersion` in `publicKeys` (X's answer; without it, or when X has forgotten the version, nothing
   * can be compared), XError UNAVAILABLE when that is not an answer of X, XChatError THREAD_FAILED or CLOSED.
   */
  open(identity: XChatIdentity, publicKeys?: unknown): Promise<XChatVault>
  /** The versions in X's answer of public keys, the newest first; none when XChat is not set up. Throws XError UNAVAILABLE. */
  keyVersions(publicKeys: unknown): readonly string[]
  /** Ends all threads: what waits for one is refused. */
  close(): Promise<void>
}

/** Opened keys of one account. */
export interface XChatVault {
  /**
   * Reads events of one conversation, in the order given. Throws XError UNAVAILABLE when a participant's keys are not an
   * answer of X, XChatError when the thread has ended.
   */
  read(request: ReadRequest): Promise<readonly ReadChatEvent[]>
  /**
   * Encrypts a text with the newest key of a conversation, and signs it. Undefined: no key of the conversation was made for
   * ours. Throws as `read`.
   */
  write(request: WriteRequest): Promise<EncryptedMessage | undefined>
  /** Forgets the keys. */
  close(): Promise<void>
}

export interface WriteRequest extends Omit<ReadRequest, 'events'> {
  readonly text: string
}

export interface ReadRequest {
  /** `A-B` or `A:B`, or a group's id. */
  readonly conversationId: string
  /** `meta.conversation_key_events` of X's pages: they carry the conversation's keys. Base64. */
  readonly keyEvents: readonly string[]
  readonly events: readonly { readonly id: string; readonly encodedEvent: string }[]
  /** Of everybody who may have signed: X's answer of their public keys. A signature by anybody else is not believed. */
  readonly participants: readonly { readonly xUserId: string; readonly publicKeys: unknown }[]
}

export type ReadChatEvent =
  /** A message of `senderId`, whose signature was verified. */
  | {
      readonly id: string
      readonly outcome: 'MESSAGE'
      readonly senderId: string
      readonly text: string
      /** What comes along and is not read (F42): `image`, `video`, `file`, `link`, `post`, `card`… (attachments.ts). */
      readonly attachments: readonly string[]
      /** The sender's own id of the message: the same message under two event ids has it twice. */
      readonly messageId: string
      /** X's id of the event, as the event itself says it; null where that makes no sense. Not signed. */
      readonly sequenceId: string | null
    }
  /** Verified, but no text: a reaction, an edit, a receipt, a change of keys. */
  | { readonly id: string; readonly outcome: 'NO_MESSAGE'; readonly type: string }
  | { readonly id: string; readonly outcome: 'UNREADABLE'; readonly reason: UnreadableReason }

export type UnreadableReason =
  /** Its conversation key was not made for our keys, did not come along, or was made by somebody who is not believed. */
  | 'NO_CONVERSATION_KEY'
  /** It opens, but whoever signed it is not who X says, or is unknown. */
  | 'NOT_VERIFIED'
  | 'DAMAGED'

export type XChatErrorKind = 'KEYS_DO_NOT_FIT' | 'THREAD_FAILED' | 'CLOSED'

/** The message is safe to log: it holds no key. */
export class XChatError extends Error {
  override readonly name = 'XChatError'
  readonly kind: XChatErrorKind
  constructor(kind: XChatErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}
