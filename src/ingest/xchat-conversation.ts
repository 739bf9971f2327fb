import { compareIds, idAt } from '../domain/x-id.ts'
import type { XChatUnreadReason } from '../domain/xchat.ts'
import { XCHAT_CURSORS, xchatCursor } from '../domain/xchat-cursor.ts'
import type { Store } from '../store/store.ts'
import type { ReadChatEvent } from '../x/xchat.ts'
import { keepDeadLetters } from './dead-letters.ts'
import type { ReceivedMessage, SeenProfile } from './item.ts'
import { storable, unseen } from './parse-post.ts'
import { keepNews, type ReadState } from './xchat-keep.ts'
import type { AccountKeys } from './xchat-keys.ts'
import type { ChatPages } from './xchat-pages.ts'
import type { ChatEvent } from './xchat-parse.ts'

/* What is new in one conversation: fetched, tried, kept. The cursor moves only together with what it has passed. */

export interface XChatAccount {
  readonly id: string
  readonly xUserId: string
  /** What was said before is history (F6). */
  readonly capturesFrom: Date
}

export interface ConversationServices {
  readonly store: Store
  readonly account: XChatAccount
  readonly keys: AccountKeys
  readonly pages: ChatPages
  /** Whom X has shown, by id. */
  readonly people: Map<string, SeenProfile>
}

/** Messages held before they are kept: of a conversation with more news, the newest part is kept first. */
const MAX_HELD = 2_000
/** Messages that were kept unread and are tried again at a time. */
const MAX_RETRIED = 500

/**
 * Reads one conversation from where it was. `anew` looks as far back as the oldest unread message, for the conversation
 * keys of its time. Gives the encoded events that X has shown: all of them are kept, or create nothing.
 */
export async function readConversation(
  services: ConversationServices,
  conversationId: string,
  anew: boolean,
): Promise<ReadonlySet<string>> {
  const { store, account, pages } = services
  const partnerId = partnerOf(conversationId, account.xUserId)
  const shown = new Set<string>()
  if (partnerId === undefined) return shown
  const sinceId = await beginningOf(services, conversationId)
  let unread = await unreadOf(services, conversationId, anew)
  const downTo = [sinceId, ...(anew ? unread.slice(0, 1).map(({ id }) => id) : [])].sort(compareIds)[0] ?? sinceId

  const keyEvents = new Set<string>()
  let held: ChatEvent[] = []
  let newestId: string | null = null
  for await (const page of pages.events(conversationId)) {
    await keepDeadLetters(store, 'xchat', page.rejects)
    for (const keyEvent of page.keyEvents) keyEvents.add(keyEvent)
    for (const event of page.events) {
      shown.add(event.encodedEvent)
      if (newestId === null || compareIds(event.id, newestId) > 0) newestId = event.id
      if (compareIds(event.id, sinceId) > 0 && event.sentAt >= account.capturesFrom) held.push(event)
    }
    if (page.events.some(({ id }) => compareIds(id, downTo) <= 0)) break
    if (held.length < MAX_HELD) continue
    await tryAndKeep(services, { conversationId, partnerId, keyEvents, arrived: held, unread: [] }, undefined)
    held = []
  }
  const thorough = anew || held.length > 0
  // The oldest first; what arrived comes after them.
  while (anew && unread.length === MAX_RETRIED) {
    await tryAndKeep(services, { conversationId, partnerId, keyEvents, arrived: [], unread, thorough }, undefined)
    unread = await unreadOf(services, conversationId, anew, unread.at(-1)?.id)
  }
  await tryAndKeep(services, { conversationId, partnerId, keyEvents, arrived: held, unread, thorough }, newestId)
  return shown
}

/** The event after which the news begin: the last that was kept, or what was there when capturing began. */
async function beginningOf({ store, account }: ConversationServices, conversationId: string): Promise<string> {
  const sources = [xchatCursor(conversationId), XCHAT_CURSORS]
  const cursors = await store.prisma.sourceCursor.findMany({
    where: { accountId: account.id, source: { in: sources } },
    select: { sinceId: true },
  })
  const ids = cursors.flatMap(({ sinceId }) => sinceId ?? [])
  return [...ids, idAt(account.capturesFrom.getTime())].sort(compareIds).at(-1) ?? '0'
}

/** The other one of two; undefined for a group. */
export function partnerOf(conversationId: string, own: string): string | undefined {
  const ids = conversationId.split('-')
  return ids.length === 2 && ids.includes(own) ? ids.find((id) => id !== own) : undefined
}

interface UnreadMessage {
  readonly id: string
  readonly senderId: string
  readonly encodedEvent: string
  readonly sentAt: Date
  readonly unreadReason: XChatUnreadReason | null
}

/**
 * What was kept unread, the oldest first. Another key may read all of it; somebody else's keys do not mend what is
 * damaged.
 */
async function unreadOf(
  { store, account }: ConversationServices,
  conversationId: string,
  anew: boolean,
  after = '-1',
): Promise<UnreadMessage[]> {
  return store.prisma.$queryRaw<UnreadMessage[]>`
    SELECT id, sender_id AS "senderId", encoded_event AS "encodedEvent", sent_at AS "sentAt",
      unread_reason::text AS "unreadReason"
    FROM xchat_message
    WHERE account_id = ${account.id}::uuid AND conversation_id = ${conversationId} AND unread_reason IS NOT NULL
      AND (${anew} OR unread_reason <> 'DAMAGED') AND id::numeric > ${after}::numeric
    ORDER BY id::numeric LIMIT ${MAX_RETRIED}`
}

interface Batch {
  readonly conversationId: string
  readonly partnerId: string
  readonly keyEvents: ReadonlySet<string>
  readonly arrived: readonly ChatEvent[]
  readonly unread: readonly UnreadMessage[]
  readonly thorough?: boolean
}

async function tryAndKeep(services: ConversationServices, batch: Batch, readTo: string | null | undefined) {
  const { store, account, keys } = services
  const { conversationId, partnerId, keyEvents, unread, thorough = true } = batch
  const arrived = batch.arrived.toSorted((a, b) => compareIds(a.id, b.id))
  const messages = [...unread, ...arrived]
  const request = { conversationId, partnerId, keyEvents: [...keyEvents], thorough }
  const read = messages.length > 0 ? await keys.read({ ...request, events: messages }) : []
  const results = new Map(read?.map((event) => [event.id, event]))
  const stateOf = ({ id, senderId }: { readonly id: string; readonly senderId: string }): ReadState => {
    const result = results.get(id)
    return result ? stateAfter(result, senderId, keys.replaced()) : keys.locked()
  }
  const said = messages.flatMap((message) => {
    const result = results.get(message.id)
    if (result?.outcome !== 'MESSAGE' || stateOf(message) !== null) return []
    return [toItem(services, partnerId, result, message.sentAt)]
  })
  await keepNews(store, {
    accountId: account.id,
    conversationId,
    said,
    arrived: arrived.map((event) => ({ event, state: stateOf(event) })),
    // Without a key nothing is known better than before.
    changed: read
      ? unread.flatMap((message) => {
          const state = stateOf(message)
          return isNews(message.unreadReason, state) ? [{ ...message, state }] : []
        })
      : [],
    readTo,
  })
}

/** What was opened once does not become unknown because its conversation's key did not come along this time. */
function isNews(before: XChatUnreadReason | null, state: ReadState): boolean {
  const opened = before === 'NOT_VERIFIED' || before === 'DAMAGED'
  return state !== before && !(opened && (state === 'NO_CONVERSATION_KEY' || state === 'KEYS_REPLACED'))
}

/**
 * What is read becomes a comment (F13), once for each id that its sender signed: two senders may use the same one. Its
 * time is X's of the event.
 */
export function toItem(
  { account, people }: ConversationServices,
  partnerId: string,
  { id: eventId, messageId, senderId, text, attachments }: Extract<ReadChatEvent, { outcome: 'MESSAGE' }>,
  sentAt: Date,
): ReceivedMessage {
  return {
    kind: 'message',
    message: {
      id: `${senderId}/${messageId}`,
      channel: 'X_CHAT',
      accountXUserId: account.xUserId,
      senderId,
      participantId: partnerId,
      text: storable(text),
      attachments,
      sentAt: sentAt.toISOString(),
      eventId,
    },
    author: people.get(partnerId) ?? unseen(partnerId),
  }
}

function stateAfter(event: ReadChatEvent, senderId: string, replaced: boolean): ReadState {
  if (event.outcome === 'NO_MESSAGE') return 'NO_MESSAGE'
  // Signed, but not by whom X names.
  if (event.outcome === 'MESSAGE') return event.senderId === senderId ? null : 'NOT_VERIFIED'
  return event.reason === 'NO_CONVERSATION_KEY' && replaced ? 'KEYS_REPLACED' : event.reason
}
