import { readList, rejectUnknown } from '../api/parameters.ts'
import { renderUser, seconds } from '../api/render.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import { conversationOf, me, ok, READ } from './chat-call.ts'
import { cutChatPage } from './chat-page.ts'
import type { ChatConversation } from './model.ts'

const PAGED = ['max_results', 'pagination_token']
const OF_CONVERSATIONS = ['chat_conversation.fields', 'expansions', 'user.fields']
const CONVERSATION_FIELDS =
  /^(created_at|group_avatar_url|group_name|id|is_muted|message_ttl_ms|screen_capture_(blocking|detection)_enabled|type|updated_at)$/
const EXPANSIONS = /^(admin|member|participant)_ids$/
const EVENT_FIELDS =
  /^(conversation_id|conversation_token|created_at|encoded_event|id|is_trusted|message_event_signature|previous_id|sender_id)$/

/** Shown unasked. x-openapi.json names no defaults: as few as X gives of a post. */
const CONVERSATION_DEFAULTS = ['id', 'type']
const EVENT_DEFAULTS = ['id', 'encoded_event']

/** The defaults, what is asked for beside them, and what is expanded. */
function selected(
  query: URLSearchParams,
  name: string,
  known: RegExp,
  defaults: readonly string[],
  whole: Readonly<Record<string, unknown>>,
  expanded: readonly string[] = [],
) {
  const asked = query.has(name) ? readList(query, name, known) : []
  const fields = [...defaults, ...asked, ...expanded]
  return Object.fromEntries(Object.entries(whole).filter(([field]) => fields.includes(field)))
}

/** The conversations, and the people in them that were to be expanded. */
function showConversations({ query, simulation }: AuthorizedCall, conversations: readonly ChatConversation[]) {
  const expanded = query.has('expansions') ? readList(query, 'expansions', EXPANSIONS) : []
  const people = new Set<string>()
  const data = conversations.map((conversation) => {
    const { participants, admins } = conversation
    const ids = {
      participant_ids: participants,
      ...(conversation.kind === 'group' && { admin_ids: admins, member_ids: participants }),
    }
    for (const [name, them] of Object.entries(ids)) if (expanded.includes(name)) for (const id of them) people.add(id)
    const whole = {
      id: conversation.id,
      type: conversation.kind,
      created_at: seconds(conversation.createdAt),
      updated_at: seconds(conversation.updatedAt),
      group_name: conversation.name,
      ...ids,
    }
    return selected(query, 'chat_conversation.fields', CONVERSATION_FIELDS, CONVERSATION_DEFAULTS, whole, expanded)
  })
  const users = [...people].flatMap((id) => simulation.world.users.get(id) ?? []).map((user) => renderUser(user))
  return { data, ...(users.length > 0 && { includes: { users } }) }
}

/** Conversations and their events, all of it ciphertext. */
export const readRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2/chat/conversations',
    access: { user: ['dm.read', 'users.read'] },
    handle: (call) => {
      rejectUnknown(call.query, [...PAGED, ...OF_CONVERSATIONS])
      const all = call.simulation.xchat.server.of(me(call))
      const { shown, meta } = cutChatPage(call.query, all, ({ lastSequenceId }) => lastSequenceId)
      return ok({ ...(shown.length > 0 && showConversations(call, shown)), meta })
    },
  },
  {
    method: 'GET',
    path: '/2/chat/conversations/:id',
    access: READ,
    handle: (call) => {
      rejectUnknown(call.query, OF_CONVERSATIONS)
      const { data, ...beside } = showConversations(call, [conversationOf(call)])
      return ok({ data: data[0], ...beside })
    },
  },
  {
    method: 'GET',
    path: '/2/chat/conversations/:id/events',
    access: READ,
    handle: (call) => {
      rejectUnknown(call.query, [...PAGED, 'chat_message_event.fields'])
      const { events, keyEvents } = conversationOf(call)
      const { shown, meta } = cutChatPage(call.query, events.toReversed(), ({ id }) => id)
      const data = shown.map(({ id, conversationId, senderId, createdAt, encoded }) =>
        selected(call.query, 'chat_message_event.fields', EVENT_FIELDS, EVENT_DEFAULTS, {
          id,
          conversation_id: conversationId,
          sender_id: senderId,
          created_at: seconds(createdAt),
          encoded_event: encoded,
        }),
      )
      return ok({ ...(data.length > 0 && { data }), meta: { conversation_key_events: keyEvents, ...meta } })
    },
  },
]
