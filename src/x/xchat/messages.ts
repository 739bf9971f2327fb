import type { SigningKeyEntry } from '@xdevplatform/chat-xdk'
import type { PinRecovery, ReadEvent, SealedEvent } from '../xchat.ts'
import type { RealmAccess } from './public-keys.ts'

/* What a thread is asked, and what it answers. Plain data: it crosses the border between threads. */

export type Question =
  | {
      readonly kind: 'recover'
      readonly realms: RealmAccess
      readonly pin: string
      /** The newest public key record, which the recovered keys must fit. */
      readonly publicKey: string
      readonly keyVersion: string
    }
  | { readonly kind: 'open'; readonly xUserId: string; readonly secretKey: string; readonly keyVersion: string }
  | {
      readonly kind: 'read'
      readonly keyEvents: readonly string[]
      readonly events: readonly SealedEvent[]
      readonly signingKeys: readonly SigningKeyEntry[]
    }

export interface Answers {
  readonly recover: PinRecovery
  readonly open: null
  readonly read: readonly ReadEvent[]
}

export type Reply = { readonly id: number } & (
  | { readonly answer: Answers[keyof Answers] }
  /** A sentence that names no secret. */
  | { readonly failure: string }
)

export interface Asked {
  readonly id: number
  readonly question: Question
}
