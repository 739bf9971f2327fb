import type { ChatWithJuicebox } from '@xdevplatform/chat-xdk'
import type { ReadChatEvent } from '../xchat.ts'
import type { ReadTask } from './protocol.ts'
export function readEvents(chat: ChatWithJuicebox, task: ReadTask): ReadChatEvent[] {
  return []
}
