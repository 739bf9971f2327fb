import type { Logger } from 'pino'
import type { XEndpoint } from '../../domain/price.ts'
import type { Store } from '../../store/store.ts'
import type { XClient } from '../../x/client.ts'
import type { XCalls } from '../../x-calls/x-calls.ts'
import type { Inbox } from '../inbox.ts'

/* Something of an account that is polled. */

export interface PolledAccount {
  readonly id: string
  readonly xUserId: string
  /** What was said before is history, not tickets (F6). */
  readonly capturesFrom: Date
  readonly captureDirectMessages: boolean
  readonly trackLikes: boolean
}

export interface SourceServices {
  readonly store: Store
  readonly x: XClient
  readonly calls: XCalls
  readonly inbox: Inbox
  readonly logger: Logger
}

export interface Source {
  /** Its name in `source_cursor`, where `synced_at` is when the last round began that read all there was. */
  readonly name: string
  readonly endpoint: XEndpoint
  /** Rounds are this many times as far apart as those of mentions. */
  readonly slower: number
  /** Calls that a round makes, as a rule. */
  readonly callsARound: number
  /** Whether the Activity stream tells the same: while it does, polling only reconciles. */
  readonly streamed: boolean
  wants(account: PolledAccount): boolean
  /** Reads all that is new. Throws XError. */
  round(services: SourceServices, account: PolledAccount, signal: AbortSignal): Promise<void>
}
