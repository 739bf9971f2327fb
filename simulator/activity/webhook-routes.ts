import { z } from 'zod'
import { rejectUnknown } from '../api/parameters.ts'
import { invalidRequest, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import type { Webhook } from './webhooks.ts'

const APP = { app: true }
const PATH = '/2/webhooks'
/** X gives self-serve apps one; more are useful here. */
const MAX_WEBHOOKS = 5
const shape = z.object({ url: z.string().min(1).max(200) })

const render = ({ id, url, valid, createdAt }: Webhook) => ({ id, url, valid, created_at: createdAt.toISOString() })

/** https without a port, as X wants it; on this machine plain http and any port are fine. */
function acceptable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const here = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (here) return url.protocol === 'http:' || url.protocol === 'https:'
  return url.protocol === 'https:' && url.port === ''
}

async function create({ body, caller, simulation }: AuthorizedCall): Promise<Reply> {
  const { app } = caller
  const parsed = shape.safeParse(body)
  if (!parsed.success) throw invalidRequest('$.url: missing or too long')
  const { url } = parsed.data
  const refuse = (reason: string) => invalidRequest(reason, { url: [url] })
  if (!acceptable(url)) throw refuse('UrlValidationFailed: The URL must be https and have no port')
  if (simulation.webhooks.of(app.clientId).some((each) => each.url === url)) {
    throw refuse('DuplicateUrlFailed: The URL is registered already')
  }
  if (simulation.webhooks.of(app.clientId).length >= MAX_WEBHOOKS) {
    throw refuse('WebhookLimitExceeded: The app has too many webhooks')
  }
  if ((await simulation.webhooks.challenge(app, url)) !== 'right') {
    throw refuse('CrcValidationFailed: The URL did not answer the challenge rightly')
  }
  return { status: 200, body: { data: render(simulation.webhooks.add(app, url)) } }
}

function find({ caller, simulation }: AuthorizedCall, id: string): Webhook {
  const webhook = simulation.webhooks.get(id)
  if (webhook?.app.clientId !== caller.app.clientId || !webhook) {
    throw invalidRequest('WebhookIdInvalid: there is no such webhook', { webhook_id: [id] })
  }
  return webhook
}

const MINUTE = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/
const replayShape = z.strictObject({
  webhook_id: z.string().regex(/^[0-9]{1,19}$/),
  from_date: z.string().regex(MINUTE),
  to_date: z.string().regex(MINUTE),
})

/** `yyyymmddhhmm`, UTC. */
const toDate = (text: string) => new Date(text.replace(MINUTE, '$1-$2-$3T$4:$5:00Z'))

/** POST /2/webhooks/replay: what was to be delivered in that time is delivered again. */
function replay(call: AuthorizedCall): Reply {
  const parsed = replayShape.safeParse(call.body)
  if (!parsed.success) throw invalidRequest(`$.${parsed.error.issues[0]?.path.join('.') ?? ''}: is not valid`)
  const { webhook_id: id, from_date: from, to_date: to } = parsed.data
  const webhook = find(call, id)
  const [begin, end] = [toDate(from), toDate(to)]
  if (!(begin <= end)) throw invalidRequest('$.from_date: is not before to_date', { from_date: [from], to_date: [to] })
  // The minute of to_date is included.
  call.simulation.webhooks.replay(webhook.id, begin, new Date(end.getTime() + 59_999))
  return {
    status: 200,
    body: { data: { job_id: call.simulation.ids.next(), created_at: call.simulation.now().toISOString() } },
  }
}

/** The V2 webhooks API. */
export const webhookRoutes: readonly Route[] = [
  { method: 'POST', path: PATH, access: APP, handle: create },
  { method: 'POST', path: `${PATH}/replay`, access: APP, handle: replay },
  {
    method: 'GET',
    path: PATH,
    access: APP,
    handle: ({ caller, query, simulation }) => {
      rejectUnknown(query, ['webhook_config.fields'])
      const data = simulation.webhooks.of(caller.app.clientId).map(render)
      return { status: 200, body: { data, meta: { result_count: data.length } } }
    },
  },
  {
    method: 'PUT',
    path: `${PATH}/:id`,
    access: APP,
    handle: async (call) => {
      const webhook = find(call, call.params['id'] ?? '')
      webhook.valid = (await call.simulation.webhooks.challenge(webhook.app, webhook.url)) === 'right'
      if (webhook.valid) return { status: 200, body: { data: { valid: true } } }
      throw invalidRequest('CrcValidationFailed: The URL did not answer the challenge rightly', {
        webhook_id: [webhook.id],
      })
    },
  },
  {
    method: 'DELETE',
    path: `${PATH}/:id`,
    access: APP,
    handle: (call) => {
      call.simulation.webhooks.remove(find(call, call.params['id'] ?? '').id)
      return { status: 200, body: { data: { deleted: true } } }
    },
  },
]
