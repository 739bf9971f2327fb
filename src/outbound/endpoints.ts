import type { XEndpoint } from '../domain/price.ts'
import type { ReplyChannel } from '../domain/sender.ts'

/** The calls of X that send: their limits are the pace. */
export const SEND_ENDPOINTS = {
  X_POST: 'POST /2/tweets',
  X_DM: 'POST /2/dm_conversations/with/:participant_id/messages',
  X_CHAT: 'POST /2/chat/conversations/:id/messages',
  EMAIL: null,
} as const satisfies Record<ReplyChannel, XEndpoint | null>
