import { z } from 'zod'
import { invalidRequest, nothingThere, plainProblem, type Reply, refusedByRecipient } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import type { DirectConversation, DirectEvent } from '../world/model.ts'
import { cutItemPage } from './item-page.ts'
import { checkId, readInteger, readSelection } from './parameters.ts'
import { renderDirectEvents } from './render-direct.ts'
import { bodyOf } from './render-posts.ts'

/** x-openapi.json, getDirectMessagesEvents: users' tokens alone. */
const ACCESS = { user: ['dm.read', 'tweet.read', 'users.read'] }
const WRITE = { user: ['dm.write', 'tweet.read', 'users.read'] }
const KINDS = ['MessageCreate', 'ParticipantsJoin', 'ParticipantsLeave']
const CONVERSATION_ID = /^([0-9]{1,19}-[0-9]{1,19}|[0-9]{15,19})$/
/** docs.x.com "Direct Messages lookup": events of the last 30 days. */
const KEPT_MS = 30 * 24 * 60 * 60_000

const me = ({ caller }: AuthorizedCall): string => (caller.kind === 'user' ? caller.user.id : '')

/** One page of what the caller sees and `wanted` lets through. */
function page(call: AuthorizedCall, wanted: (event: DirectEvent) => boolean): Reply {
  const { query, simulation } = call
  const selection = readSelection(query, 'direct', ['event_types', 'max_results', 'pagination_token'])
  const kinds = readKinds(query)
  const size = readInteger(query, 'max_results', 1, 100, 100)
  const oldest = simulation.now().getTime() - KEPT_MS
  const events = simulation.world.directMessages
    .of(me(call))
    .filter((event) => kinds.has(event.kind) && event.at.getTime() >= oldest && wanted(event))
  const { shown, meta } = cutItemPage(query, events, size, ({ id }) => id)
  return { status: 200, body: bodyOf(renderDirectEvents(call, shown, selection), meta) }
}

function readKinds(query: URLSearchParams): ReadonlySet<string> {
  const given = query.get('event_types')
  if (given === null) return new Set(KINDS)
  const values = given.split(',')
  const wrong = values.find((value) => !KINDS.includes(value))
  if (wrong === undefined) return new Set(values)
  throw invalidRequest(`The \`event_types\` query parameter value [${wrong}] is not one of [${KINDS}]`, {
    event_types: [wrong],
  })
}

function ofConversation(call: AuthorizedCall): Reply {
  const id = call.params['id'] ?? ''
  if (!CONVERSATION_ID.test(id)) throw invalidRequest(`The \`id\` path parameter value [${id}] is not valid`)
  // Not there and not theirs look the same.
  if (!call.simulation.world.directMessages.find(me(call), id)) {
    throw plainProblem(404, `Could not find dm_conversation with id: [${id}].`)
  }
  return page(call, ({ conversation }) => conversation.id === id)
}

function withParticipant(call: AuthorizedCall): Reply {
  const id = checkId('participant_id', call.params['participant_id'] ?? '')
  if (!call.simulation.world.users.has(id)) throw nothingThere('user', 'participant_id', id)
  return page(call, ({ conversation }) => !conversation.isGroup && id !== me(call) && conversation.participants.has(id))
}

const draft = z.object({ text: z.string().min(1).max(10_000) })

/** A message to whoever takes one. */
function sendTo(call: AuthorizedCall): Reply {
  const id = checkId('participant_id', call.params['participant_id'] ?? '')
  const { world } = call.simulation
  const to = world.users.get(id)
  if (!to) throw nothingThere('user', 'participant_id', id)
  if (id === me(call) || !world.takesMessages(to, me(call))) throw refusedByRecipient()
  return sent(call, world.directMessages.between(me(call), id))
}

function sendIn(call: AuthorizedCall): Reply {
  const conversation = call.simulation.world.directMessages.find(me(call), call.params['id'] ?? '')
  if (!conversation) throw plainProblem(403, 'You are not in this conversation.')
  return sent(call, conversation)
}

function sent(call: AuthorizedCall, conversation: DirectConversation): Reply {
  const parsed = draft.safeParse(call.body)
  if (!parsed.success) throw invalidRequest('$.text: a message has 1 to 10,000 characters')
  const { id } = call.simulation.world.directMessages.send(me(call), conversation, { text: parsed.data.text })
  return { status: 201, body: { data: { dm_conversation_id: conversation.id, dm_event_id: id } } }
}

/** Classic direct messages: reading and sending them. */
export const directMessageRoutes: readonly Route[] = [
  { method: 'GET', path: '/2/dm_events', access: ACCESS, handle: (call) => page(call, () => true) },
  {
    method: 'GET',
    path: '/2/dm_conversations/with/:participant_id/dm_events',
    access: ACCESS,
    handle: withParticipant,
  },
  { method: 'GET', path: '/2/dm_conversations/:id/dm_events', access: ACCESS, handle: ofConversation },
  { method: 'POST', path: '/2/dm_conversations/with/:participant_id/messages', access: WRITE, handle: sendTo },
  { method: 'POST', path: '/2/dm_conversations/:id/messages', access: WRITE, handle: sendIn },
]
