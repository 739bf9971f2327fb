import type { Store } from '../store/store.ts'
import type { TicketLinks } from '../tickets/ticket-links.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { delaysOf } from './expected.ts'
import { replyOptions } from './options.ts'
import type { Replies } from './replies.ts'
import { reply } from './reply.ts'
import { retry } from './retry.ts'

export interface ReplyServices {
  readonly store: Store
  readonly calls: Pick<XCalls, 'left'>
  /** Whether X holds the app to the rules for self-serve access. */
  readonly selfServe: boolean
  /** Links to tickets' pages (F52). */
  readonly links: TicketLinks
}

/** Answers, over the store; what sends them runs in workers (deliver.ts). */
export function createReplies(services: ReplyServices): Replies {
  return {
    options: (person, request) => replyOptions(services, person, request),
    async expected(commentIds) {
      const now = Date.now()
      const delays = await delaysOf(services, commentIds)
      return new Map([...delays].map(([id, delayMs]) => [id, new Date(now + delayMs)]))
    },
    reply: (person, request) => reply(services, person, request),
    retry: (person, commentId, evenIfSent) => retry(services, person, commentId, evenIfSent),
  }
}
