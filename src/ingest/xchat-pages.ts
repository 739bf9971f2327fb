import type { XEndpoint } from '../domain/price.ts'
import type { PageRequest, XAnswer, XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { isSpent } from './pace.ts'
import { pause, untilReset } from './retry.ts'
import { type ChatEventPage, type ConversationPage, parseChatEvents, parseConversations } from './xchat-parse.ts'

/** What X has of one account's XChat. Everything throws XError; iterations end early when the signal aborts. */
export interface ChatPages {
  /** The most recently active first. */
  conversations(): AsyncIterable<ConversationPage>
  /** The newest first. */
  events(conversationId: string): AsyncIterable<ChatEventPage>
  /** Of whomever, as X answers. */
  publicKeys(xUserId: string): Promise<unknown>
}

/** `left`: iterations end with an error as soon as the account's budget is spent. Not given: it is none of the caller's business. */
export function chatPages(
  {
    x,
    calls,
  }: { readonly x: Pick<XClient, 'chat'>; readonly calls: Pick<XCalls, 'use'> & Partial<Pick<XCalls, 'left'>> },
  accountId: string,
  signal: AbortSignal,
): ChatPages {
  const { left } = calls
  /** When X takes calls again, by endpoint. */
  const resting = new Map<string, Date>()

  async function ask(endpoint: XEndpoint, call: (accessToken: string) => Promise<XAnswer>): Promise<unknown> {
    const until = resting.get(endpoint)
    resting.delete(endpoint)
    if (until) await pause(untilReset(until), signal)
    const { body, rateLimit } = await calls.use(accountId, endpoint, call)
    if (rateLimit?.remaining === 0) resting.set(endpoint, rateLimit.resetsAt)
    return body
  }

  async function* walk<Page extends { readonly nextToken: string | null }>(
    endpoint: XEndpoint,
    fetch: (page: Omit<PageRequest, 'sinceId'>) => Promise<XAnswer>,
    parse: (body: unknown) => Page | undefined,
  ): AsyncGenerator<Page> {
    let pageToken: string | null = null
    do {
      if (left && (await isSpent({ calls: { left }, accountId, endpoint }))) {
        throw new XError('RATE_LIMITED', 'the monthly budget is spent: nothing more is read')
      }
      const next: string | null = pageToken
      const body = await ask(endpoint, (accessToken) => fetch({ accessToken, ...(next && { pageToken: next }) }))
      const page = parse(body)
      if (!page) throw new XError('UNAVAILABLE', `${endpoint}: not an answer of X`)
      yield page
      pageToken = page.nextToken
    } while (pageToken !== null && !signal.aborted)
  }

  return {
    conversations: () => walk('GET /2/chat/conversations', (page) => x.chat.conversations(page), parseConversations),
    events: (id) => walk('GET /2/chat/conversations/:id/events', (page) => x.chat.events(id, page), parseChatEvents),
    publicKeys: (xUserId) => ask('GET /2/users/:id/public_keys', (token) => x.chat.publicKeys(xUserId, token)),
  }
}
