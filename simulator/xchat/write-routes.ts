import { refusedByRecipient } from '../http/problems.ts'
import type { Route } from '../http/router.ts'
import { conversationOf, me, noConversation, ok, taking, WRITE } from './chat-call.ts'
import type { KeyChange } from './conversations.ts'
import { groupBody, keysBody, messageBody, read, readBody } from './inputs.ts'

const toKeyChange = (body: ReturnType<typeof keysBody.parse>): KeyChange => ({
  version: body.conversation_key_version,
  keyedFor: new Map(body.conversation_participant_keys.map((key) => [key.user_id, key.public_key_version])),
  actions: body.action_signatures,
})

/** Keys, groups and messages that an app sends. */
export const writeRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/2/chat/conversations/:id/keys',
    access: WRITE,
    handle: (call) => {
      const change = toKeyChange(read(keysBody, call.body))
      const id = call.params['id'] ?? ''
      const changed = taking(() => call.simulation.xchat.server.changeKey(me(call), id, change))
      if (!changed) throw noConversation(id)
      return ok({ data: { conversation_id: changed.conversation.id, sequence_id: changed.sequenceId } })
    },
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/group/initialize',
    access: { user: ['dm.write'] },
    handle: (call) => ok({ data: { conversation_id: call.simulation.xchat.server.newGroupId(me(call)) } }),
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/group',
    access: WRITE,
    handle: (call) => {
      const body = read(groupBody, call.body)
      const group = {
        id: body.conversation_id,
        members: [...new Set(body.group_members)],
        admins: body.group_admins ?? [me(call)],
        name: body.group_name,
      }
      const change = toKeyChange(body)
      const { conversation, sequenceId } = taking(() =>
        call.simulation.xchat.server.createGroup(me(call), group, change),
      )
      const data = { conversation_id: conversation.id, conversation_key_change_sequence_id: sequenceId }
      return ok({ data }, 201)
    },
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/:id/messages',
    access: WRITE,
    handle: (call) => {
      const body = read(messageBody, call.body)
      const conversation = conversationOf(call)
      const { world } = call.simulation
      const others = conversation.participants.flatMap((id) => (id === me(call) ? [] : (world.users.get(id) ?? [])))
      // X says nothing of XChat; taken as it is with direct messages.
      if (others.length === 1 && !others.every((other) => world.takesMessages(other, me(call))))
        throw refusedByRecipient()
      const { encoded } = call.simulation.xchat.server.post(
        me(call),
        conversation,
        body.message_id,
        body.encoded_message_create_event,
        body.encoded_message_event_signature,
      )
      return ok({ data: { encoded_message_event: encoded } }, 201)
    },
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/:id/read',
    access: WRITE,
    handle: (call) => {
      read(readBody, call.body)
      conversationOf(call)
      return ok({ data: { success: true } })
    },
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/:id/typing',
    access: WRITE,
    handle: (call) => {
      conversationOf(call)
      return ok({ data: { success: true } })
    },
  },
]
