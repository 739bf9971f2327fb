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

/** How a challenge ended. Who cannot be reached is not wrong: X is patient with them for more than a day. */
export type ChallengeResult = 'right' | 'wrong' | 'unreachable'

interface Delivery {
  readonly webhookId: string
  readonly at: number
  readonly body: string
}

/** X replays at most a day. */
const KEPT_MS = 24 * 60 * 60_000
/** Ours: a burst is not to fill the memory. */
const KEPT_DELIVERIES = 20_000

/** Registered webhooks: challenged, signed, tried again. */
export class Webhooks {
  readonly #webhooks = new Map<string, Webhook>()
  readonly #ids: IdSource
  readonly #random: Random
  readonly #now: () => Date
  readonly #policy: Policy
  readonly #closing = new AbortController()
  /** Oldest first, for replays. */
  #deliveries: Delivery[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(ids: IdSource, random: Random, now: () => Date, policy: Policy) {
    this.#ids = ids
    this.#random = random
    this.#now = now
    this.#policy = policy
    this.schedule()
  }

  /** Begins the time to the next challenge of all webhooks anew: the policy may have changed. */
  schedule(): void {
    clearTimeout(this.#timer)
    if (this.#closing.signal.aborted) return
    this.#timer = setTimeout(() => {
      void Promise.all(this.all().map((webhook) => this.#challengeAgain(webhook))).then(() => this.schedule())
    }, this.#policy.webhookChallengeMs)
    this.#timer.unref()
  }

  async #challengeAgain(webhook: Webhook): Promise<void> {
    const result = await this.challenge(webhook.app, webhook.url)
    if (result !== 'unreachable') webhook.valid = result === 'right'
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
  async challenge(app: App, url: string): Promise<ChallengeResult> {
    const address = new URL(url)
    const token = this.#random.hex(32)
    address.searchParams.set('crc_token', token)
    address.searchParams.set('nonce', this.#random.hex(16))
    try {
      const response = await fetch(address, { redirect: 'manual', signal: this.#limit() })
      if (response.status >= 400) return 'unreachable'
      const answer = crcAnswer.safeParse(await response.json().catch(() => undefined))
      const right = answer.success && equal(answer.data.response_token, sign(app.consumerSecret, token))
      return response.ok && right ? 'right' : 'wrong'
    } catch {
      return 'unreachable'
    }
  }

  /** Takes events of that time there once more, in their order; both ends are included. */
  replay(id: string, from: Date, to: Date): void {
    const again = this.#deliveries.filter(
      ({ webhookId, at }) => webhookId === id && at >= from.getTime() && at <= to.getTime(),
    )
    for (const { body } of again) void this.#deliver(id, body)
  }

  /** Takes an event there, and keeps it for replays. */
  deliver(id: string, body: string): Promise<void> {
    const at = this.#now().getTime()
    this.#deliveries.push({ webhookId: id, at, body })
    // Not at every event: cutting the list costs as much as the list is long.
    if (this.#deliveries.length > 2 * KEPT_DELIVERIES || (this.#deliveries[0]?.at ?? at) < at - 2 * KEPT_MS) {
      this.#deliveries = this.#deliveries.slice(-KEPT_DELIVERIES).filter((each) => each.at >= at - KEPT_MS)
    }
    return this.#deliver(id, body)
  }

  /** With a few more tries; a webhook that failed its challenge gets nothing. */
  async #deliver(id: string, body: string): Promise<void> {
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
    clearTimeout(this.#timer)
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
