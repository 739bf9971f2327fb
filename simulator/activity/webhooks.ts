import { createHmac, timingSafeEqual } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { IdSource } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { App, Policy } from '../core/settings.ts'

export interface Webhook {
  readonly id: string
  readonly app: App
  readonly url: string
  readonly createdAt: Date
  valid: boolean
  /** Deliveries taken, and deliveries given up. */
  delivered: number
  failed: number
}

const crcAnswer = z.object({ response_token: z.string() })

/** Base64 HMAC-SHA256 under the app's consumer secret, as X signs and checks webhooks. */
export const sign = (secret: string, text: string): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('base64')}`

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Registered webhooks: challenged, signed, tried again. */
export class Webhooks {
  readonly #webhooks = new Map<string, Webhook>()
  readonly #ids: IdSource
  readonly #random: Random
  readonly #now: () => Date
  readonly #policy: Policy
  readonly #closing = new AbortController()

  constructor(ids: IdSource, random: Random, now: () => Date, policy: Policy) {
    this.#ids = ids
    this.#random = random
    this.#now = now
    this.#policy = policy
  }

  get(id: string): Webhook | undefined {
    return this.#webhooks.get(id)
  }

  of(clientId: string): Webhook[] {
    return [...this.#webhooks.values()].filter(({ app }) => app.clientId === clientId)
  }

  all(): Webhook[] {
    return [...this.#webhooks.values()]
  }

  add(app: App, url: string): Webhook {
    const id = this.#ids.next()
    const webhook = { id, app, url, createdAt: this.#now(), valid: true, delivered: 0, failed: 0 }
    this.#webhooks.set(id, webhook)
    return webhook
  }

  remove(id: string): void {
    this.#webhooks.delete(id)
  }

  /** The challenge-response check: does whoever answers there know the consumer secret? */
  async challenge(app: App, url: string): Promise<boolean> {
    const address = new URL(url)
    const token = this.#random.hex(32)
    address.searchParams.set('crc_token', token)
    address.searchParams.set('nonce', this.#random.hex(16))
    try {
      const response = await fetch(address, { redirect: 'error', signal: this.#limit() })
      const answer = crcAnswer.safeParse(await response.json())
      return response.ok && answer.success && equal(answer.data.response_token, sign(app.consumerSecret, token))
    } catch {
      return false
    }
  }

  /** Takes an event there, with a few more tries; a webhook that failed its challenge gets nothing. */
  async deliver(id: string, body: string): Promise<void> {
    for (const wait of [0, ...this.#policy.webhookRetryMs]) {
      if (wait > 0) await pause(wait, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined)
      const webhook = this.#webhooks.get(id)
      if (!webhook?.valid || this.#closing.signal.aborted) return
      if (await this.#post(webhook, body)) {
        webhook.delivered += 1
        return
      }
    }
    const webhook = this.#webhooks.get(id)
    if (webhook) webhook.failed += 1
  }

  close(): void {
    this.#closing.abort()
  }

  async #post({ url, app }: Webhook, body: string): Promise<boolean> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          'x-twitter-webhooks-signature': sign(app.consumerSecret, body),
        },
        body,
        signal: this.#limit(),
      })
      await response.arrayBuffer()
      return response.ok
    } catch {
      return false
    }
  }

  #limit(): AbortSignal {
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#policy.webhookTimeoutMs)])
  }
}
