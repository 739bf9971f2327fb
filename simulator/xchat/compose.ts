import type { AttachmentDescriptor, SendPayload, SigningKeyEntry } from '@xdevplatform/chat-xdk'
import { type ChatConversation, idInEvents } from './model.ts'
import { createPerson, type Person } from './person.ts'

/** How a message goes wrong: its ciphertext was damaged on the way, or it is signed with a key that is not the sender's. */
export type MessageFault = 'damaged' | 'wrong-signature'

/** What somebody wants to say. */
export interface Words {
  readonly text: string
  readonly attachment?: AttachmentDescriptor['attachment_type'] | undefined
  readonly fault?: MessageFault | undefined
}

/** What is posted: all in base64, but for the id. */
export interface Composed {
  readonly messageId: string
  readonly content: string
  readonly signature: string
}

/** Where it is said, and the keys by which the sender knows the others. */
export interface Place {
  readonly sender: Person
  readonly conversation: ChatConversation
  readonly signingKeys: SigningKeyEntry[]
}

const ATTACHMENTS: Readonly<Record<AttachmentDescriptor['attachment_type'], AttachmentDescriptor>> = {
  // There is no media store here: whoever downloads it finds nothing.
  media: {
    attachment_type: 'media',
    media_hash_key: 'simulatedPhoto',
    width: 640,
    height: 480,
    filesize_bytes: 51_200,
    filename: 'photo.jpg',
  },
  url: { attachment_type: 'url', url: 'https://example.com/order', display_title: 'Your order' },
  post: { attachment_type: 'post', rest_id: '1404092000000000002' },
}

/** Encrypts with the conversation's newest key and signs, really; a fault is as real. */
export async function compose({ sender, conversation, signingKeys }: Place, words: Words): Promise<Composed> {
  sender.chat.setSigningKeys(signingKeys)
  const { keys, latestVersion } = sender.chat.decryptEvents([...conversation.keyEvents]).conversationKeys
  const key = latestVersion === null ? undefined : keys[latestVersion]
  if (!key || latestVersion === null) throw new Error('the sender cannot read the key of the conversation')
  const message = {
    conversationId: idInEvents(conversation.id),
    text: words.text,
    conversationKey: key,
    conversationKeyVersion: latestVersion,
    ...(words.attachment && { attachments: [ATTACHMENTS[words.attachment]] }),
  }
  switch (words.fault) {
    case undefined:
      return toComposed(sender.chat.encryptMessage(message))
    case 'damaged': {
      const whole = toComposed(sender.chat.encryptMessage(message))
      return { ...whole, content: damaged(whole.content) }
    }
    case 'wrong-signature': {
      const forger = await createPerson(sender.userId)
      const signingKeyVersion = conversation.keyedFor.get(sender.userId) ?? '0'
      const forged = forger.chat.encryptMessage({ ...message, senderId: sender.userId, signingKeyVersion })
      forger.chat.free()
      return toComposed(forged)
    }
  }
}

const toComposed = ({ messageId, encryptedContent, encodedEventSignature }: SendPayload): Composed => ({
  messageId,
  content: encryptedContent,
  signature: encodedEventSignature,
})

/** One bit in the middle is another. */
function damaged(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const middle = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  return bytes.toString('base64')
}
