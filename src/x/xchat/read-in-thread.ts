import type { ChatWithJuicebox } from '@xdevplatform/chat-xdk'
import { z } from 'zod'
import type { ReadChatEvent } from '../xchat.ts'
import { kindsBeside, unknownKind } from './attachments.ts'
import type { ReadTask } from './protocol.ts'

/*
 * Reading, inside the thread. chat-xdk believes a message only when a key of its sender signed it, and that key is bound
 * to the sender's identity key. Sequence ids and times are not signed: they are X's word.
 */

/** What chat-xdk gives for an event. Its typings say contentType; what comes is content_type (TRAPS, "XChat"). */
const decrypted = z.object({
  type: z.string(),
  id: z.string().nullish(),
  sequenceId: z.string().nullish(),
  senderId: z.string().nullish(),
  conversationId: z.string().nullish(),
  verified: z.boolean().nullish(),
  content: z
    .object({
      content_type: z.string(),
      /** Of what chat-xdk does not know: X's number of it. */
      type_id: z.number().nullish().catch(undefined),
      text: z.string().optional(),
      attachments: z.array(z.unknown()).nullish(),
      forwarded_message: z.unknown().optional(),
    })
    .nullish(),
})
type Decrypted = z.infer<typeof decrypted>

/** Senders choose it; chat-xdk's are UUIDs. What is none of this could not be kept, and never was one of a client. */
const MESSAGE_ID = /^[\x21-\x7e]{1,128}$/

const SEQUENCE_ID = /^[0-9]{1,19}$/

/** Kinds of content, in chat-xdk's words, that are about another message. */
const SAYS_NOTHING = new Set(['reaction', 'reactionRemoved', 'edit', 'markRead', 'markUnread'])

/** chat-xdk's only sign that a conversation key is missing is its sentence. */
const NO_KEY = /no matching key found/

/** One result an event, in their order. */
export function readEvents(chat: ChatWithJuicebox, task: ReadTask): ReadChatEvent[] {
  const strict = decrypt(chat, task)
  const failed = task.events.filter((_, index) => typeof strict[index] !== 'object')
  // Only to tell why: what comes of it is not believed, and goes nowhere.
  chat.setRejectUnverified(false)
  let lax: ReturnType<typeof decrypt> = []
  try {
    if (failed.length > 0) lax = decrypt(chat, { ...task, events: failed })
  } finally {
    chat.setRejectUnverified(true)
  }
  const causes = new Map(failed.map(({ id }, index) => [id, lax[index]]))
  return task.events.map(({ id }, index) => {
    const event = strict[index]
    if (typeof event === 'object') return toResult(id, event, task.conversationId)
    const cause = causes.get(id)
    if (typeof cause === 'object') return { id, outcome: 'UNREADABLE', reason: 'NOT_VERIFIED' }
    return { id, outcome: 'UNREADABLE', reason: NO_KEY.test(cause ?? '') ? 'NO_CONVERSATION_KEY' : 'DAMAGED' }
  })
}

/** For each event what it is, or chat-xdk's complaint. */
function decrypt(chat: ChatWithJuicebox, { keyEvents, events, signingKeys }: ReadTask): (Decrypted | string)[] {
  const all = [...keyEvents, ...events.map(({ encodedEvent }) => encodedEvent)]
  const { messages, errors } = chat.decryptEvents(all, [...signingKeys])
  const found = new Map(messages.map(({ event, originalB64 }) => [originalB64, event]))
  return events.map(({ encodedEvent }, index) => {
    const complaint = errors[String(keyEvents.length + index)]
    if (complaint !== undefined) return complaint
    const parsed = decrypted.safeParse(found.get(encodedEvent))
    return parsed.success ? parsed.data : 'not an event'
  })
}

function toResult(id: string, event: Decrypted, conversationId: string): ReadChatEvent {
  const { type, id: messageId, senderId, content } = event
  // A message says where it belongs; other kinds are not ours to act upon.
  if (type !== 'message' && type !== 'unknown') return { id, outcome: 'NO_MESSAGE', type }
  if (!messageId || !MESSAGE_ID.test(messageId) || !senderId || !content) {
    return { id, outcome: 'UNREADABLE', reason: 'DAMAGED' }
  }
  if (event.verified !== true || canonical(event.conversationId) !== canonical(conversationId)) {
    return { id, outcome: 'UNREADABLE', reason: 'NOT_VERIFIED' }
  }
  const { content_type: kind } = content
  if (SAYS_NOTHING.has(kind)) return { id, outcome: 'NO_MESSAGE', type: kind }
  const sequenceId = SEQUENCE_ID.test(event.sequenceId ?? '') ? (event.sequenceId ?? null) : null
  const message = { id, outcome: 'MESSAGE', senderId, messageId, sequenceId } as const
  // Something was said, and nobody here can show it: F42, as of an attachment.
  if (kind !== 'text') return { ...message, text: '', attachments: [unknownKind(kind, content.type_id)] }
  const { text = '' } = content
  return { ...message, text, attachments: kindsBeside(text, content) }
}

/** `A:B` in events, `A-B` in lists. */
function canonical(conversationId: string | null | undefined): string {
  return (conversationId ?? '').split(/[:-]/).sort().join('-')
}
