import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { readBody } from './body.ts'
import { sendJson } from './health.ts'
import { requestIdOf } from './report.ts'
import type { Routes } from './router.ts'

/*
 * Where X delivers events (docs.x.com "V2 Webhooks API"). Whoever knows the app's consumer secret is X, and nobody else is
 * listened to: there are no users and no GraphQL here.
 */

export interface WebhookDoorOptions {
  /** The app's API key secret. */
  readonly consumerSecret: string
  /** Resolves once the body is committed; must be done, or reject, well within X's ten seconds. */
  readonly keep: (body: string) => Promise<void>
  readonly logger: Logger
}

/** Where the door is, below the public address. */
export const WEBHOOK_PATH = '/webhooks/x'

/** In bytes; X's largest event is far below. */
const MAX_BODY = 256 * 1024
/**
 * X signs deliveries as it has us answer challenges, so whoever gets an answer to a challenge has the signature of a
 * delivery with that text. Hence a token is a word and never an object, and a delivery is an object and never a word.
 */
const TOKEN = /^[\w.~+/=-]{1,512}$/
const OBJECT = /^\s*\{/
const SIGNATURE = 'x-twitter-webhooks-signature'

/** X's challenges (GET) and deliveries (POST). */
export function webhookDoor({ consumerSecret, keep, logger }: WebhookDoorOptions): Routes {
  const sign = (what: string | Buffer): string =>
    `sha256=${createHmac('sha256', consumerSecret).update(what).digest('base64')}`

  function challenge(request: IncomingMessage, response: ServerResponse): void {
    const token = new URL(request.url ?? '/', 'http://localhost').searchParams.get('crc_token')
    if (token !== null && TOKEN.test(token)) sendJson(response, 200, { response_token: sign(token) })
    else sendJson(response, 400, { error: 'crc_token is missing, or is none of X.' })
  }

  async function delivery(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const signature = request.headers[SIGNATURE]
    const body = await readBody(request, MAX_BODY).catch(() => null)
    // The sender is gone: there is nobody to answer.
    if (body === null) return
    if (body === undefined) return sendJson(response, 413, { error: 'The body is too long.' })
    if (typeof signature !== 'string') return sendJson(response, 401, { error: 'The signature is missing.' })
    if (!same(signature, sign(body))) return sendJson(response, 403, { error: 'The signature is wrong.' })
    const text = body.toString('utf8')
    if (!OBJECT.test(text)) return sendJson(response, 400, { error: 'The body is no JSON object.' })
    try {
      await keep(text)
    } catch (error) {
      logger.warn({ err: error, requestId: requestIdOf(response) }, 'a webhook delivery was not kept; X tries again')
      return sendJson(response, 503, { error: 'Not kept. Try again.' })
    }
    sendJson(response, 200, { kept: true })
  }

  return {
    [WEBHOOK_PATH]: (request, response) => {
      if (request.method === 'GET') return challenge(request, response)
      if (request.method === 'POST') return delivery(request, response)
      response.setHeader('allow', 'GET, POST')
      sendJson(response, 405, { error: 'Only GET and POST.' })
    },
  }
}

/** In a time that tells nothing about where they differ. */
function same(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
