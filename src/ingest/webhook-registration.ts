import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { XClient } from '../x/client.ts'
import type { XCalls } from '../x-calls/x-calls.ts'

export interface WebhookServices {
  readonly store: Store
  readonly x: Pick<XClient, 'webhooks'>
  readonly calls: Pick<XCalls, 'make'>
  readonly logger: Logger
}

/**
 * Sees to it that X delivers to `url`, and gives the webhook's id there; undefined: to none. Webhooks that we registered
 * for another address are removed (X gives most apps one); all others of the app are none of our business. Throws XError
 * when X is away, or when its challenge does not find our door there.
 */
export async function ensureWebhook(
  { store, x, calls, logger }: WebhookServices,
  url: string | undefined,
): Promise<string | undefined> {
  const ours = new Set((await store.prisma.activityWebhook.findMany({ select: { id: true } })).map(({ id }) => id))
  if (url === undefined && ours.size === 0) return undefined
  const { value: there } = await calls.make(null, 'GET /2/webhooks', x.webhooks.list)
  for (const webhook of there) {
    if (!ours.has(webhook.id) || webhook.url === url) continue
    await calls.make(null, 'DELETE /2/webhooks/:id', () => x.webhooks.remove(webhook.id))
    logger.info({ webhookId: webhook.id }, 'a webhook of an earlier address was removed at X')
  }
  // Also those that somebody removed at X.
  const kept = there.filter((webhook) => webhook.url === url).map(({ id }) => id)
  await store.prisma.activityWebhook.deleteMany({ where: { id: { notIn: kept } } })
  if (url === undefined) return undefined
  const present = there.find((webhook) => webhook.url === url)
  if (!present) {
    const made = await calls.make(null, 'POST /2/webhooks', () => x.webhooks.register(url))
    const { id } = made.value
    await store.prisma.activityWebhook.createMany({ data: [{ id, url }], skipDuplicates: true })
    logger.info({ webhookId: id }, 'X delivers to our webhook')
    return id
  }
  if (!present.valid) await calls.make(null, 'PUT /2/webhooks/:id', () => x.webhooks.validate(present.id))
  return present.id
}
