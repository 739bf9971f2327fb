import type { Store } from '../store/store.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { replyOptions } from './options.ts'
import type { Replies } from './replies.ts'
import { reply } from './reply.ts'
import { retry } from './retry.ts'

export interface ReplyServices {
  readonly store: Store
  readonly calls: Pick<XCalls, 'left'>
  /** Whether X holds the app to the rules for self-serve access. */
  readonly selfServe: boolean
}

/** Answers, over the store; what sends them runs in workers (deliver.ts). */
export function createReplies(services: ReplyServices): Replies {
  const { store, selfServe } = services
  return {
    options: (person, ticketId, body, commentId) => replyOptions(services, person, ticketId, body, commentId),
    reply: (person, request) => reply(store, selfServe, person, request),
    retry: (person, commentId, evenIfSent) => retry(store, person, commentId, evenIfSent),
  }
}
