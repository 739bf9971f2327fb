import type { ChatWithJuicebox, SigningKeyEntry } from '@xdevplatform/chat-xdk'
import { z } from 'zod'
import type { ReadEvent, SealedEvent } from '../xchat.ts'

/* Runs in an account's own thread. */

/** At runtime the fields inside the content are in snake case, whatever the typings say (TRAPS, "XChat"). */
const messageShape = z.object({
  type: z.literal('message'),
  id: z.string(),
  senderId: z.string(),
  verified: z.literal(true),
  content: z.object({ content_type: z.string(), text: z.string().optional() }),
})

/** Reads events in their order. Only what is verified counts as read. */
export function readEvents(
  chat: ChatWithJuicebox,
  keyEvents: readonly string[],
  events: readonly SealedEvent[],
  signingKeys: readonly SigningKeyEntry[],
): ReadEvent[] {
  const encoded = events.map(({ encodedEvent }) => encodedEvent)
  const { messages, errors } = chat.decryptEvents([...keyEvents, ...encoded], [...signingKeys])
  const byText = new Map(messages.map(({ event, originalB64 }) => [originalB64, event]))
  return events.map(({ id, encodedEvent }, index) => {
    const failure = errors[String(keyEvents.length + index)]
    if (failure !== undefined) return { id, kind: 'UNREAD', reason: reasonOf(failure) }
    const message = messageShape.safeParse(byText.get(encodedEvent))
    if (!message.success) return { id, kind: 'UNREAD', reason: 'NOT_VERIFIED' }
    const { id: messageId, senderId, content } = message.data
    return content.content_type === 'text' && content.text !== undefined
      ? { id, kind: 'TEXT', text: content.text, messageId, senderId }
      : { id, kind: 'OTHER', contentType: content.content_type, senderId }
  })
}

/** chat-xdk tells in words alone. */
function reasonOf(failure: string): 'NO_CONVERSATION_KEY' | 'NOT_VERIFIED' | 'DAMAGED' {
  if (/signature/i.test(failure)) return 'NOT_VERIFIED'
  if (/encrypted with key version|no conversation key|key not found|missing.*key/i.test(failure)) {
    return 'NO_CONVERSATION_KEY'
  }
  return 'DAMAGED'
}
