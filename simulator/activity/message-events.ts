import { renderUser } from '../api/render.ts'
import type { DirectEvent } from '../world/model.ts'
import { entitiesOf } from '../world/text.ts'
import type { World } from '../world/world.ts'
import type { Told } from './told.ts'

/**
 * dm.received and dm.sent, in the shape of v1.1 (docs.x.com "X Activity API event payloads", legacy DM events).
 * People who come and go are not told.
 */
export function tellMessage(world: World, event: DirectEvent, eventType: string, userId: string): Told | undefined {
  const { conversation, senderId } = event
  if (event.kind !== 'MessageCreate' || senderId === undefined || !conversation.participants.has(userId)) {
    return undefined
  }
  if (eventType !== (senderId === userId ? 'dm.sent' : 'dm.received')) return undefined
  const recipientId = [...conversation.participants].find((id) => id !== senderId)
  // X documents no event of a group. Here it says which conversation, and of the people in it the sender only.
  const target = conversation.isGroup ? { conversation_id: conversation.id } : { recipient_id: recipientId }
  const people = conversation.isGroup ? [senderId] : [senderId, ...(recipientId === undefined ? [] : [recipientId])]
  const users = people.flatMap((id) => world.users.get(id) ?? [])
  return {
    payload: {
      direct_message_events: [
        {
          type: 'message_create',
          id: event.id,
          created_timestamp: String(event.at.getTime()),
          message_create: { target, sender_id: senderId, message_data: messageData(event) },
        },
      ],
      users: Object.fromEntries(users.map((user) => [user.id, { data: renderUser(user) }])),
    },
  }
}

function messageData({ text, media }: DirectEvent) {
  const urls = entitiesOf(text, [])?.['urls'] ?? []
  return {
    text,
    entities: { hashtags: [], symbols: [], user_mentions: [], urls },
    // v1.1: the id is the part of the media key behind the underscore.
    ...(media && { attachment: { type: 'media', media: { id_str: media.key.split('_')[1], type: media.type } } }),
  }
}
