import { z } from 'zod'
import { readInteger, readList, rejectUnknown } from '../api/parameters.ts'
import { invalidRequest, plainProblem, type Reply, tooManyConnections } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import { EVENT_TYPES, scopeNeeded } from './event-types.ts'
import type { Subscription } from './hub.ts'

const ID = /^[0-9]{1,19}$/
/** Self-serve apps: docs.x.com "Subscription limits". */
const MAX_SUBSCRIPTIONS = 1_500
const APP = { app: true }

const createShape = z.strictObject({
  event_type: z.string(),
  filter: z.strictObject({
    user_id: z.string().regex(ID).optional(),
    keyword: z.string().optional(),
    direction: z.enum(['inbound', 'outbound']).optional(),
  }),
  tag: z.string().min(1).max(200).optional(),
  webhook_id: z.string().regex(ID).optional(),
})
const updateShape = createShape.pick({ tag: true, webhook_id: true })

function parse<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalidRequest(`$.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a subscription'}`)
}

const render = (subscription: Subscription) => ({
  subscription_id: subscription.id,
  event_type: subscription.eventType,
  filter: subscription.filter,
  created_at: subscription.createdAt.toISOString(),
  updated_at: subscription.updatedAt.toISOString(),
  ...(subscription.tag !== undefined && { tag: subscription.tag }),
  ...(subscription.webhookId !== undefined && { webhook_id: subscription.webhookId }),
})

const own = ({ simulation, caller }: AuthorizedCall): Subscription[] =>
  [...simulation.activity.subscriptions.values()].filter(({ clientId }) => clientId === caller.app.clientId)

function find(call: AuthorizedCall): Subscription {
  const id = call.params['id'] ?? ''
  const subscription = own(call).find((each) => each.id === id)
  if (!subscription) throw plainProblem(404, `Could not find a subscription with id [${id}].`)
  return subscription
}

function checkWebhook({ simulation, caller }: AuthorizedCall, webhookId: string | undefined): void {
  if (webhookId === undefined) return
  if (simulation.webhooks.get(webhookId)?.app.clientId !== caller.app.clientId) {
    throw invalidRequest('WebhookIdInvalid: there is no such webhook', { webhook_id: [webhookId] })
  }
}

function create(call: AuthorizedCall): Reply {
  const { caller, simulation } = call
  const { event_type: eventType, filter, tag, webhook_id: webhookId } = parse(createShape, call.body)
  if (!EVENT_TYPES.has(eventType)) {
    throw invalidRequest(`$.event_type: [${eventType}] is not one of [${[...EVENT_TYPES]}]`, {
      event_type: [eventType],
    })
  }
  if (eventType === 'news.new' ? !filter.keyword : eventType !== 'oauth.revoke' && filter.user_id === undefined) {
    throw invalidRequest(`$.filter: ${eventType} needs ${eventType === 'news.new' ? 'keyword' : 'user_id'}`)
  }
  if (filter.direction !== undefined && eventType !== 'like.create') {
    throw invalidRequest(`$.filter.direction: ${eventType} has no direction`)
  }
  checkWebhook(call, webhookId)
  requireConsent(call, eventType, filter.user_id)
  const mine = own(call)
  if (mine.some((each) => each.eventType === eventType && JSON.stringify(each.filter) === JSON.stringify(filter))) {
    throw invalidRequest('DuplicateSubscriptionFailed: there is such a subscription already')
  }
  if (mine.length >= MAX_SUBSCRIPTIONS) throw plainProblem(403, 'The limit of subscriptions is reached.')
  const now = simulation.now()
  const subscription: Subscription = {
    id: simulation.ids.next(),
    clientId: caller.app.clientId,
    eventType,
    filter,
    createdAt: now,
    updatedAt: now,
    tag,
    webhookId,
  }
  simulation.activity.subscriptions.set(subscription.id, subscription)
  return { status: 200, body: { data: { subscription: render(subscription) } } }
}

/** Private events: only for users who let the app in, with the scope that the event asks for. */
function requireConsent({ caller, simulation }: AuthorizedCall, eventType: string, userId: string | undefined): void {
  const scope = scopeNeeded(eventType)
  if (scope === undefined) return
  if (caller.kind === 'user' && caller.user.id !== userId) throw plainProblem(403)
  const scopes = simulation.grants.scopesOf(userId ?? '', caller.app.clientId)
  if (!scopes?.has(scope)) throw plainProblem(403, 'The user has not authorized the app for this event.')
}

function page(call: AuthorizedCall): Reply {
  rejectUnknown(call.query, ['max_results', 'pagination_token'])
  const size = readInteger(call.query, 'max_results', 1, 1_000, 1_000)
  const token = call.query.get('pagination_token')
  const offset = token === null ? 0 : Number(Buffer.from(token, 'base64url').toString())
  if (!Number.isSafeInteger(offset)) throw invalidRequest('pagination_token', { pagination_token: [token ?? ''] })
  const all = own(call)
  const next =
    offset + size < all.length ? Buffer.from(String(offset + size).padStart(12, '0')).toString('base64url') : undefined
  return {
    status: 200,
    body: {
      data: all.slice(offset, offset + size).map(render),
      meta: { total_subscriptions: all.length, ...(next !== undefined && { next_token: next }) },
    },
  }
}

function update(call: AuthorizedCall): Reply {
  const subscription = find(call)
  const { tag, webhook_id: webhookId } = parse(updateShape, call.body)
  checkWebhook(call, webhookId)
  if (tag !== undefined) subscription.tag = tag
  if (webhookId !== undefined) subscription.webhookId = webhookId
  subscription.updatedAt = call.simulation.now()
  return { status: 200, body: { data: { subscription: render(subscription), total_subscriptions: own(call).length } } }
}

function removeMany(call: AuthorizedCall): Reply {
  rejectUnknown(call.query, ['ids'])
  const ids = readList(call.query, 'ids', ID)
  const mine = new Set(own(call).map(({ id }) => id))
  for (const id of ids) if (mine.has(id)) call.simulation.activity.subscriptions.delete(id)
  const absent = ids.filter((id) => !mine.has(id))
  const errors = absent.map((id) => ({ subscription_id: id, reason: 'NotFound', message: 'no such subscription' }))
  return {
    status: 200,
    body: {
      data: ids.filter((id) => mine.has(id)).map((id) => ({ subscription_id: id, deleted: true })),
      ...(errors.length > 0 && { errors }),
      meta: { total_subscriptions: own(call).length },
    },
  }
}

function stream({ caller, simulation, query, response, streamed, limitHeaders }: AuthorizedCall): undefined {
  rejectUnknown(query, ['backfill_minutes', 'start_time', 'end_time'])
  const minutes = readInteger(query, 'backfill_minutes', 0, 5, 0)
  const { clientId } = caller.app
  if (simulation.activity.connections(clientId) >= simulation.policy.streamConnections) throw tooManyConnections()
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', ...limitHeaders })
  response.flushHeaders()
  simulation.activity.connect(clientId, response, minutes, streamed)
}

const PATH = '/2/activity/subscriptions'

/** The Activity API: what to hear, and hearing it. */
export const subscriptionRoutes: readonly Route[] = [
  { method: 'POST', path: PATH, access: { user: [], app: true }, handle: create },
  { method: 'GET', path: PATH, access: { user: ['like.read', 'tweet.read'], app: true }, handle: page },
  { method: 'DELETE', path: PATH, access: APP, handle: removeMany },
  { method: 'PUT', path: `${PATH}/:id`, access: APP, handle: update },
  {
    method: 'DELETE',
    path: `${PATH}/:id`,
    access: APP,
    handle: (call) => {
      call.simulation.activity.subscriptions.delete(find(call).id)
      return { status: 200, body: { data: { deleted: true } } }
    },
  },
  { method: 'GET', path: '/2/activity/stream', access: APP, handle: stream },
]
