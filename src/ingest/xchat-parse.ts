import { z } from 'zod'
import type { Reject, SeenProfile } from './item.ts'
import { parseUsers, timeOf } from './parse-post.ts'

/*
 * X's JSON about XChat → conversations and ciphertext. An event that makes no sense becomes a Reject, and its neighbours
 * go on.
 */

export interface ChatConversation {
  /** `A-B`. */
  readonly id: string
  /** X's time of the last change, as text; null where X does not say. */
  readonly updatedAt: string | null
}

export interface ConversationPage {
  /** Those of two; groups create nothing (F13). */
  readonly conversations: readonly ChatConversation[]
  /** Who takes part, by id. */
  readonly people: ReadonlyMap<string, SeenProfile>
  readonly nextToken: string | null
}

/** A message or another event, encrypted; the id is X's sequence. */
export interface ChatEvent {
  readonly id: string
  /** Who sent it, by X's word. */
  readonly senderId: string
  readonly encodedEvent: string
  readonly sentAt: Date
}

export interface ChatEventPage {
  /** As X orders them: the newest first. */
  readonly events: readonly ChatEvent[]
  readonly rejects: readonly Reject[]
  /** What carries the conversation's keys. */
  readonly keyEvents: readonly string[]
  readonly nextToken: string | null
}

const xId = z.string().regex(/^[0-9]{1,19}$/)
const CONVERSATION_OF_TWO = /^[0-9]{1,19}-[0-9]{1,19}$/
const time = z.iso.datetime({ offset: true })

const rawConversations = z.object({
  data: z.array(z.object({ id: z.string(), updated_at: time.nullish().catch(null) })).optional(),
  includes: z.object({ users: z.array(z.unknown()).optional() }).optional(),
  meta: z.object({ next_token: z.string().optional() }).optional(),
})

const rawEvents = z.object({
  data: z.array(z.unknown()).optional(),
  meta: z
    .object({ conversation_key_events: z.array(z.string()).nullish(), next_token: z.string().optional() })
    .optional(),
})

const rawEvent = z.object({
  id: xId,
  sender_id: xId,
  encoded_event: z.base64().min(1),
  created_at: time.optional(),
})

/** A page of GET /2/chat/conversations; undefined when it is none. */
export function parseConversations(body: unknown): ConversationPage | undefined {
  const page = rawConversations.safeParse(body)
  if (!page.success) return undefined
  const ofTwo = (page.data.data ?? []).filter(({ id }) => CONVERSATION_OF_TWO.test(id))
  return {
    conversations: ofTwo.map(({ id, updated_at: updatedAt }) => ({ id, updatedAt: updatedAt ?? null })),
    people: parseUsers(page.data.includes?.users ?? []),
    nextToken: page.data.meta?.next_token ?? null,
  }
}

/** A page of GET /2/chat/conversations/:id/events; undefined when it is none. */
export function parseChatEvents(body: unknown): ChatEventPage | undefined {
  const page = rawEvents.safeParse(body)
  if (!page.success) return undefined
  const events: ChatEvent[] = []
  const rejects: Reject[] = []
  for (const item of page.data.data ?? []) {
    const event = rawEvent.safeParse(item)
    if (event.success) events.push(toEvent(event.data))
    else rejects.push({ payload: JSON.stringify(item), reason: z.prettifyError(event.error) })
  }
  const { conversation_key_events: keyEvents, next_token: nextToken } = page.data.meta ?? {}
  return { events, rejects, keyEvents: keyEvents ?? [], nextToken: nextToken ?? null }
}

function toEvent({ id, sender_id, encoded_event, created_at }: z.infer<typeof rawEvent>): ChatEvent {
  return { id, senderId: sender_id, encodedEvent: encoded_event, sentAt: new Date(timeOf(id, created_at)) }
}
