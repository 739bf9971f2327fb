import { readInteger, readList, rejectUnknown } from '../api/parameters.ts'
import { plainProblem, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import type { KeyChange } from './conversations.ts'
import { groupBody, keysBody, messageBody, publicKeyBody, read } from './inputs.ts'
import type { ChatConversation, KeyRecord } from './model.ts'

/*
 * XChat over HTTP, as x-openapi.json has it. Two go by `A-B` or by the other's id, groups by `g…`; the server never sees
 * a word of what is said.
 */

const READ = { user: ['dm.read', 'tweet.read', 'users.read'] }
const LIST = { user: ['dm.read', 'users.read'] }
const WRITE = { user: ['dm.write', 'tweet.read', 'users.read'] }
const ID = /^[0-9]{1,19}$/
const KEY_FIELDS = /^(public_key_version|public_key|signing_public_key|identity_public_key_signature|juicebox_config)$/

const me = ({ caller }: AuthorizedCall): string => (caller.kind === 'user' ? caller.user.id : '')
const ok = (body: unknown, status = 200): Reply => ({ status, body })

function conversationOf(call: AuthorizedCall): ChatConversation {
  const id = call.params['id'] ?? ''
  const conversation = call.simulation.xchat.server.find(me(call), id)
  if (!conversation) throw plainProblem(404, `Could not find conversation with id: [${id}].`)
  return conversation
}

function keyFields({ query }: AuthorizedCall): string[] {
  return query.has('public_key.fields')
    ? readList(query, 'public_key.fields', KEY_FIELDS)
    : ['public_key_version', 'public_key']
}

async function renderKeys(call: AuthorizedCall, userId: string, records: readonly KeyRecord[]) {
  const fields = keyFields(call)
  // X shows where a PIN is checked to the account alone.
  const own = userId === me(call) && fields.includes('juicebox_config')
  const config = own ? { juicebox_config: await call.simulation.xchat.backup.config(userId) } : {}
  return records.map((record) => ({
    ...Object.fromEntries(Object.entries(record).filter(([name]) => fields.includes(name))),
    ...config,
  }))
}

const renderConversation = (conversation: ChatConversation) => ({
  id: conversation.id,
  type: conversation.kind,
  created_at: conversation.createdAt.toISOString(),
  updated_at: conversation.updatedAt.toISOString(),
  participant_ids: conversation.participants,
  ...(conversation.kind === 'group' && {
    group_name: conversation.name,
    admin_ids: conversation.admins,
    member_ids: conversation.participants,
  }),
})

/** One page of a list, and the token of the next. */
function page<T>({ query }: AuthorizedCall, items: readonly T[]) {
  const size = readInteger(query, 'max_results', 1, 100, 10)
  const start = Number(query.get('pagination_token') ?? 0)
  const shown = items.slice(start, start + size)
  const more = start + size < items.length
  return {
    shown,
    meta: { result_count: shown.length, has_more: more, ...(more && { next_token: String(start + size) }) },
  }
}

function keyChange(body: ReturnType<typeof keysBody.parse>): KeyChange {
  return {
    version: body.conversation_key_version,
    keyedFor: new Map(body.conversation_participant_keys.map((key) => [key.user_id, key.public_key_version])),
    actions: body.action_signatures,
  }
}

/** The routes of XChat. */
export const chatRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2/users/:id/public_keys',
    access: READ,
    handle: async (call) => {
      const id = call.params['id'] ?? ''
      const records = call.simulation.xchat.server.keys.get(id) ?? []
      const data = await renderKeys(call, id, records)
      return ok(data.length > 0 ? { data } : {})
    },
  },
  {
    method: 'GET',
    path: '/2/users/public_keys',
    access: READ,
    handle: async (call) => {
      const ids = readList(call.query, 'ids', ID)
      const lists = await Promise.all(
        ids.map((id) => renderKeys(call, id, call.simulation.xchat.server.keys.get(id) ?? [])),
      )
      return ok(lists.flat().length > 0 ? { data: lists.flat() } : {})
    },
  },
  {
    method: 'POST',
    path: '/2/users/:id/public_keys',
    access: WRITE,
    handle: async (call) => {
      const id = call.params['id'] ?? ''
      if (id !== me(call)) throw plainProblem(403)
      const { public_key: record, version } = read(publicKeyBody, call.body)
      const { server, backup } = call.simulation.xchat
      const fresh = server.addKeys(id, record, version)
      return ok({ data: { public_key_version: fresh, juicebox_config: await backup.config(id) } })
    },
  },
  {
    method: 'GET',
    path: '/2/chat/conversations',
    access: LIST,
    handle: (call) => {
      const { shown, meta } = page(call, call.simulation.xchat.server.of(me(call)))
      return ok({ ...(shown.length > 0 && { data: shown.map(renderConversation) }), meta })
    },
  },
  {
    method: 'GET',
    path: '/2/chat/conversations/:id',
    access: READ,
    handle: (call) => ok({ data: renderConversation(conversationOf(call)) }),
  },
  {
    method: 'GET',
    path: '/2/chat/conversations/:id/events',
    access: READ,
    handle: (call) => {
      rejectUnknown(call.query, ['max_results', 'pagination_token', 'chat_message_event.fields'])
      const { events, keyEvents } = conversationOf(call)
      const { shown, meta } = page(call, events.toReversed())
      const data = shown.map(({ id, conversationId, senderId, createdAt, encoded }) => ({
        id,
        conversation_id: conversationId,
        sender_id: senderId,
        created_at: createdAt.toISOString(),
        encoded_event: encoded,
      }))
      return ok({ ...(data.length > 0 && { data }), meta: { conversation_key_events: keyEvents, ...meta } })
    },
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/:id/keys',
    access: WRITE,
    handle: (call) => {
      const change = keyChange(read(keysBody, call.body))
      const id = call.params['id'] ?? ''
      const { conversation, sequenceId } = call.simulation.xchat.server.changeKey(me(call), id, change)
      return ok({ data: { conversation_id: conversation.id, sequence_id: sequenceId } })
    },
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/group/initialize',
    access: { user: ['dm.write'] },
    handle: ({ simulation }) => ok({ data: { conversation_id: simulation.xchat.server.newGroupId() } }),
  },
  {
    method: 'POST',
    path: '/2/chat/conversations/group',
    access: WRITE,
    handle: (call) => {
      const body = read(groupBody, call.body)
      const group = {
        id: body.conversation_id,
        members: body.group_members,
        admins: body.group_admins,
        name: body.group_name,
      }
      const { conversation, sequenceId } = call.simulation.xchat.server.createGroup(me(call), group, keyChange(body))
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
      const { encoded } = call.simulation.xchat.server.post(
        me(call),
        conversationOf(call),
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
