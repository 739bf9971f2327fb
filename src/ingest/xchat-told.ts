import type { Logger } from 'pino'
import { nextDelay } from '../domain/pacing.ts'
import { xchatCursor } from '../domain/xchat-cursor.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import type { ToldMessage } from './parse-activity.ts'
import { timeOf } from './parse-post.ts'
import { type ConversationServices, partnerOf, readConversation, toItem } from './xchat-conversation.ts'
import { keepNews } from './xchat-keep.ts'
import type { News, Told } from './xchat-news.ts'
import type { ChatEvent } from './xchat-parse.ts'

/*
 * Messages as the Activity API tells of them: X sends the ciphertext along, and the newest key of the conversation. What
 * can be read of that alone, by the same signatures, costs no call. No cursor moves: the next round reads it again, finds
 * it known, and what was not told beside it.
 */

export interface TellingServices extends ConversationServices {
  readonly calls: Pick<XCalls, 'left'>
  readonly logger: Logger
}

/** Messages that are read together. */
const BATCH = 500

/** Keeps what was told, conversation by conversation, and answers for each message whether it is kept. */
export async function takeTold(services: TellingServices, news: Pick<News, 'told'>): Promise<void> {
  for (let batch = news.told(BATCH); batch.length > 0; batch = news.told(BATCH)) {
    const groups = new Map<string, Told[]>()
    for (const told of batch) groups.set(told.conversationId, [...(groups.get(told.conversationId) ?? []), told])
    for (const [conversationId, group] of groups) {
      // X may tell the same twice.
      const messages = new Map(group.map(({ message }) => [message.encodedEvent, message]))
      let kept: ReadonlySet<string> = new Set()
      try {
        kept = await keepTold(services, conversationId, [...messages.values()])
      } catch (error) {
        const { id: accountId } = services.account
        services.logger.warn(
          { err: error, accountId, conversationId },
          'what X told of XChat was not kept; a round will',
        )
      }
      for (const { message, answer } of group) answer(kept.has(message.encodedEvent))
    }
  }
}

/** The encoded events that are kept, or create nothing. The others are for a round to find. */
async function keepTold(
  services: TellingServices,
  conversationId: string,
  messages: readonly ToldMessage[],
): Promise<ReadonlySet<string>> {
  const { account, keys } = services
  const partnerId = partnerOf(conversationId, account.xUserId)
  // Groups create nothing (F13).
  if (partnerId === undefined) return new Set(messages.map(({ encodedEvent }) => encodedEvent))
  // X's list of conversations says who a stranger is. What waits for a key that is new comes first.
  if (!(await isKnown(services, partnerId)) || (await keys.refresh())) return new Set()
  const telling = { conversationId, partnerId, messages }
  const kept = (await isSettled(services, telling)) ? await keepAtOnce(services, telling) : new Set<string>()
  if (messages.every(({ encodedEvent }) => kept.has(encodedEvent)) || !(await mayFetch(services))) return kept
  return new Set([...kept, ...(await readConversation(services, conversationId, false))])
}

interface Telling {
  readonly conversationId: string
  readonly partnerId: string
  readonly messages: readonly ToldMessage[]
}

async function isKnown({ store, people }: TellingServices, partnerId: string): Promise<boolean> {
  if (people.has(partnerId)) return true
  return (await store.prisma.xProfile.count({ where: { id: partnerId } })) > 0
}

/**
 * Whether the conversation has been read before, and its ticket is there. What was not told, or comes later, takes its
 * place on that by its time; but the message that opens a ticket must be the first.
 */
async function isSettled(
  { store, account }: TellingServices,
  { conversationId, partnerId }: Telling,
): Promise<boolean> {
  // By requester, as facts-threads.ts finds it.
  const rows = await store.prisma.$queryRaw<unknown[]>`
    SELECT FROM "user" u JOIN ticket t ON t.requester_id = u.id
    WHERE u.x_profile_id = ${partnerId} AND t.account_id = ${account.id}::uuid AND t.channel = 'X_CORP_DM'
      AND t.status <> 'CLOSED' AND t.deleted_at IS NULL
      AND EXISTS (
        SELECT FROM source_cursor
        WHERE account_id = ${account.id}::uuid AND source = ${xchatCursor(conversationId)} AND since_id IS NOT NULL
      )
    LIMIT 1`
  return rows.length > 0
}

/** Reads what came along. What is not a message of whom X names, and of nobody else, is left to the round. */
async function keepAtOnce(
  services: TellingServices,
  { conversationId, partnerId, messages }: Telling,
): Promise<ReadonlySet<string>> {
  const { store, account, keys } = services
  const read = await keys.read({
    conversationId,
    partnerId,
    keyEvents: [...new Set(messages.flatMap(({ keyEvent }) => keyEvent ?? []))],
    events: messages.map(({ encodedEvent }, index) => ({ id: String(index), encodedEvent })),
    thorough: false,
  })
  const done = new Set<string>()
  const found = (read ?? []).flatMap((result, index) => {
    const message = messages[index]
    if (!message || result.outcome === 'UNREADABLE') return []
    const { senderId, encodedEvent, saidAt } = message
    if (result.outcome === 'NO_MESSAGE') {
      done.add(encodedEvent)
      return []
    }
    if (result.senderId !== senderId || result.sequenceId === null) return []
    const sentAt = new Date(timeOf(result.sequenceId, saidAt?.toISOString()))
    if (sentAt < account.capturesFrom) return []
    const event: ChatEvent = { id: result.sequenceId, senderId, encodedEvent, sentAt }
    return [{ event, item: toItem(services, partnerId, { ...result, id: event.id }, sentAt) }]
  })
  await keepNews(store, {
    accountId: account.id,
    conversationId,
    said: found.map(({ item }) => item),
    arrived: found.map(({ event }) => ({ event, state: null })),
    changed: [],
    readTo: undefined,
  })
  for (const { event } of found) done.add(event.encodedEvent)
  return done
}

/** Whether X and the account's budget have room for one call more, for news. */
async function mayFetch({ calls, account }: TellingServices): Promise<boolean> {
  const left = await calls.left(account.id, 'GET /2/chat/conversations/:id/events')
  return nextDelay({ intervalMs: 0, sinceLastMs: 0, urgent: true, ...left }) <= 0
}
