import type { TwitterApi, TwitterResponse } from 'twitter-api-v2'
import { z } from 'zod'
import { ACTIVITY_TAG, type ActivitySubscription, type XActivity, type XAnswer, type XWebhooks } from './client.ts'
import { XError } from './errors.ts'
import { answerOf } from './rate-limit.ts'

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
  const { bearer, asUser, timeoutMs: timeout } = parts
  const ask = asking(parts)
  const options = { fullResponse: true, timeout } as const
  return {
    async subscriptions(pageToken) {
      const endpoint = 'GET /2/activity/subscriptions'
      const query = { max_results: '1000', ...(pageToken && { pagination_token: pageToken }) }
      const answer = await ask(endpoint, () => bearer.v2.get<unknown>(SUBSCRIPTIONS, query, options))
      const { data = [], meta } = understood(subscriptionPage, answer.body, endpoint)
      const subscriptions = data.map(
        ({ subscription_id: id, event_type: eventType, filter, tag, webhook_id: webhookId }): ActivitySubscription => ({
          id,
          eventType,
          userId: filter?.user_id,
          direction: filter?.direction,
          webhookId,
          tag,
        }),
      )
      return { ...answer, value: { subscriptions, nextToken: meta?.next_token } }
    },
    subscribe({ eventType, userId, direction }, { accessToken, webhookId }) {
      const body = {
        event_type: eventType,
        filter: { ...(userId && { user_id: userId }), ...(direction && { direction }) },
        tag: ACTIVITY_TAG,
        ...(webhookId && { webhook_id: webhookId }),
      }
      const api = accessToken === undefined ? bearer : asUser(accessToken)
      return ask('POST /2/activity/subscriptions', () => api.v2.post<unknown>(SUBSCRIPTIONS, body, options))
    },
    redirect(subscriptionId, webhookId) {
      const body = { webhook_id: webhookId, tag: ACTIVITY_TAG }
      const path = `${SUBSCRIPTIONS}/${subscriptionId}`
      return ask('PUT /2/activity/subscriptions/:id', () => bearer.v2.put<unknown>(path, body, options))
    },
    unsubscribe(subscriptionId) {
      const path = `${SUBSCRIPTIONS}/${subscriptionId}`
      return ask('DELETE /2/activity/subscriptions/:id', () => bearer.v2.delete<unknown>(path, undefined, options))
    },
    stream: parts.stream,
  }
}

const webhook = z.object({ id: z.string(), url: z.string(), valid: z.boolean() })
const webhookPage = z.object({ data: z.array(webhook).optional() })
const webhookMade = z.object({ data: webhook })

/** What XWebhooks promises. */
export function createWebhooksApi(parts: ApiParts): XWebhooks {
  const { bearer, timeoutMs: timeout } = parts
  const ask = asking(parts)
  const options = { fullResponse: true, timeout } as const
  return {
    async list() {
      const answer = await ask('GET /2/webhooks', () => bearer.v2.get<unknown>('webhooks', {}, options))
      return { ...answer, value: understood(webhookPage, answer.body, 'GET /2/webhooks').data ?? [] }
    },
    async register(url) {
      const answer = await ask('POST /2/webhooks', () => bearer.v2.post<unknown>('webhooks', { url }, options))
      return { ...answer, value: understood(webhookMade, answer.body, 'POST /2/webhooks').data }
    },
    validate: (id) => ask('PUT /2/webhooks/:id', () => bearer.v2.put<unknown>(`webhooks/${id}`, undefined, options)),
    remove: (id) =>
      ask('DELETE /2/webhooks/:id', () => bearer.v2.delete<unknown>(`webhooks/${id}`, undefined, options)),
  }
}

const asking =
  ({ call }: ApiParts) =>
  async (endpoint: string, work: () => Promise<TwitterResponse<unknown>>): Promise<XAnswer> =>
    answerOf(await call(endpoint, work))

function understood<T>(schema: z.ZodType<T>, body: unknown, endpoint: string): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new XError('UNAVAILABLE', `${endpoint}: not an answer of X`)
}
