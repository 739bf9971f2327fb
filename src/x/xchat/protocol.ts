import type { RecoverErrorReason } from 'juicebox-sdk'
import type { EncryptedMessage } from '../client.ts'
import type { ReadChatEvent } from '../xchat.ts'

/*
 * What the thread of an account is asked, and what it answers. Secrets travel as bytes that are transferred, so that the
 * sender is left with nothing.
 */

/** Somebody's public keys of one version, in chat-xdk's names. */
export interface SigningKey {
  readonly userId: string
  readonly publicKeyVersion: string
  readonly publicKey: string
  readonly identityPublicKey: string
  readonly identityPublicKeySignature: string
}

export interface RecoverTask {
  readonly kind: 'recover'
  readonly pin: Uint8Array
  /** The SDK's configuration of the realms, as JSON. */
  readonly configuration: string
  /** Tokens by realm id. */
  readonly tokens: ReadonlyMap<string, string>
  /** Addresses that may be asked; nothing else is. */
  readonly addresses: readonly string[]
  readonly requestTimeoutMs: number
  /** The identity key that X has now. */
  readonly publicKey: string
}

export interface OpenTask {
  readonly kind: 'open'
  readonly secret: Uint8Array
  readonly xUserId: string
  readonly keyVersion: string
  /** The identity key that it must be, where known. */
  readonly publicKey: string | undefined
}

export interface ReadTask {
  readonly kind: 'read'
  readonly conversationId: string
  readonly keyEvents: readonly string[]
  readonly events: readonly { readonly id: string; readonly encodedEvent: string }[]
  readonly signingKeys: readonly SigningKey[]
}

export interface WriteTask extends Omit<ReadTask, 'kind' | 'events'> {
  readonly kind: 'write'
  readonly text: string
}

export type Task = RecoverTask | OpenTask | ReadTask | WriteTask

/** Why juicebox-sdk did not recover a secret. */
export type Refusal = keyof typeof RecoverErrorReason

export interface Answers {
  recover:
    | { readonly secret: Uint8Array; readonly matches: boolean }
    | { readonly refusal: Refusal | 'Unknown'; readonly guessesLeft: number | undefined }
  open: { readonly fits: boolean }
  read: readonly ReadChatEvent[]
  write: { readonly message: EncryptedMessage | undefined }
}

export type Asked = { readonly id: number } & { readonly task: Task }

export type Answered =
  | { readonly id: number; readonly answer: Answers[keyof Answers] }
  /** A failure of ours or of the SDK's; what it was holds no secret. */
  | { readonly id: number; readonly failure: string }
