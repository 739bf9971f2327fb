import type { ChatWithJuicebox } from '@xdevplatform/chat-xdk'
import type { EncryptedMessage } from '../client.ts'
import type { WriteTask } from './protocol.ts'

/**
 * Encrypts and signs, inside the thread. chat-xdk chooses the message's id. Undefined when no key of the conversation was
 * made for the keys that are open by somebody whose signature holds.
 */
export function writeMessage(
  chat: ChatWithJuicebox,
  { conversationId, keyEvents, signingKeys, text }: WriteTask,
): EncryptedMessage | undefined {
  const { keys, latestVersion } = chat.decryptEvents([...keyEvents], [...signingKeys]).conversationKeys
  const conversationKey = latestVersion === null ? undefined : keys[latestVersion]
  if (!conversationKey) return undefined
  const message = chat.encryptMessage({
    // `A:B` in events, `A-B` in paths.
    conversationId: conversationId.replace('-', ':'),
    text,
    conversationKey,
    conversationKeyVersion: latestVersion,
  })
  return {
    messageId: message.messageId,
    encodedMessageCreateEvent: message.encryptedContent,
    encodedMessageEventSignature: message.encodedEventSignature,
  }
}
