import type { TwitterApi } from 'twitter-api-v2'
import { z } from 'zod'
import { ACTIVITY_TAG, type ActivitySubscription, type XActivity, type XWebhooks } from './client.ts'
import { XError } from './errors.ts'

/* The Activity API and its webhooks (x-openapi.json): twitter-api-v2 has no methods of its own for them. */

export interface ApiParts {
  /** In the app's name. */
  readonly bearer: TwitterApi
  /** Measures the call and gives its failure as an XError. */
  readonly call: <T>(endpoint: string, work: () => Promise<T>) => Promise<T>
  readonly timeoutMs: number
}

const subscriptionPage = z.object({
  data: z
    .array(
      z.object({
        subscription_id: z.string(),
        event_type: z.string(),
        filter: z.object({ user_id: z.string().optional(), direction: z.string().optional() }).optional(),
        tag: z.string().optional(),
        webhook_id: z.string().optional(),
      }),
    )
    .optional(),
  meta: z.object({ next_token: z.string().optional() }).optional(),
})

const SUBSCRIPTIONS = 'activity/subscriptions'

/** What XActivity promises; `stream` is handed in. */
export function createActivityApi(
  parts: ApiParts & { readonly asUser: (accessToken: string) => TwitterApi; readonly stream: XActivity['stream'] },
): XActivity {
  const { bearer, asUser, call, timeoutMs } = parts
  const timeout = timeoutMs
  return {
    async subscriptions() {
      const endpoint = 'GET /2/activity/subscriptions'
      const found: ActivitySubscription[] = []
      let token: string | undefined
      do {
        const query = { max_results: '1000', ...(token && { pagination_token: token }) }
        const body = await call(endpoint, () => bearer.v2.get<unknown>(SUBSCRIPTIONS, query, { timeout }))
        const { data = [], meta } = understood(subscriptionPage, body, endpoint)
        for (const { subscription_id: id, event_type: eventType, filter, tag, webhook_id: webhookId } of data) {
          found.push({ id, eventType, userId: filter?.user_id, direction: filter?.direction, webhookId, tag })
        }
        token = meta?.next_token
      } while (token)
      return found
    },
    async subscribe({ eventType, userId, direction }, { accessToken, webhookId }) {
      const body = {
        event_type: eventType,
        filter: { ...(userId && { user_id: userId }), ...(direction && { direction }) },
        tag: ACTIVITY_TAG,
        ...(webhookId && { webhook_id: webhookId }),
      }
      const api = accessToken === undefined ? bearer : asUser(accessToken)
      await call('POST /2/activity/subscriptions', () => api.v2.post(SUBSCRIPTIONS, body, { timeout }))
    },
    async redirect(subscriptionId, webhookId) {
      const body = { webhook_id: webhookId, tag: ACTIVITY_TAG }
      const path = `${SUBSCRIPTIONS}/${subscriptionId}`
      await call('PUT /2/activity/subscriptions/:id', () => bearer.v2.put(path, body, { timeout }))
    },
    async unsubscribe(subscriptionId) {
      const path = `${SUBSCRIPTIONS}/${subscriptionId}`
      await call('DELETE /2/activity/subscriptions/:id', () => bearer.v2.delete(path, undefined, { timeout }))
    },
    stream: parts.stream,
  }
}

const webhook = z.object({ id: z.string(), url: z.string(), valid: z.boolean() })
const webhookPage = z.object({ data: z.array(webhook).optional() })
const webhookMade = z.object({ data: webhook })

/** What XWebhooks promises. */
export function createWebhooksApi({ bearer, call, timeoutMs }: ApiParts): XWebhooks {
  const timeout = timeoutMs
  return {
    async list() {
      const body = await call('GET /2/webhooks', () => bearer.v2.get<unknown>('webhooks', {}, { timeout }))
      return understood(webhookPage, body, 'GET /2/webhooks').data ?? []
    },
    async register(url) {
      const body = await call('POST /2/webhooks', () => bearer.v2.post<unknown>('webhooks', { url }, { timeout }))
      return understood(webhookMade, body, 'POST /2/webhooks').data
    },
    async validate(id) {
      await call('PUT /2/webhooks/:id', () => bearer.v2.put(`webhooks/${id}`, undefined, { timeout }))
    },
    async remove(id) {
      await call('DELETE /2/webhooks/:id', () => bearer.v2.delete(`webhooks/${id}`, undefined, { timeout }))
    },
  }
}

function understood<T>(schema: z.ZodType<T>, body: unknown, endpoint: string): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new XError('UNAVAILABLE', `${endpoint}: not an answer of X`)
}
