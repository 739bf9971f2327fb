import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { readBody } from './body.ts'
import { sendJson } from './health.ts'
import { requestIdOf } from './report.ts'
import type { Routes } from './router.ts'

/*
 * Where a mail server hands over what came to the answer address: one raw message (message/rfc822) a request. Whoever knows
 * the token is that server, and nobody else is listened to.
 */

export interface MailDoorOptions {
  readonly token: string
  /** Resolves, with what became of it, once that is committed. */
  readonly receive: (raw: Buffer) => Promise<object>
  readonly logger: Logger
}

/** Where the door is, below the public address. */
const MAIL_PATH = '/inbound/email'

/** In bytes. Attachments are not kept; what mail servers commonly take fits in. */
const MAX_BODY = 26 * 1024 * 1024

export function mailDoor({ token, receive, logger }: MailDoorOptions): Routes {
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given === undefined || !same(given, token)) return sendJson(response, 401, { error: 'The token is wrong.' })
    const body = await readBody(request, MAX_BODY).catch(() => null)
    // The sender is gone: there is nobody to answer.
    if (body === null) return
    if (body === undefined) return sendJson(response, 413, { error: 'The mail is too long.' })
    if (body.length === 0) return sendJson(response, 400, { error: 'There is no mail in the request.' })
    try {
      sendJson(response, 200, await receive(body))
    } catch (error) {
      logger.warn({ err: error, requestId: requestIdOf(response) }, 'a mail was not kept; its server tries again')
      sendJson(response, 503, { error: 'Not kept. Try again.' })
    }
  }

  return {
    [MAIL_PATH]: (request, response) => {
      if (request.method === 'POST') return take(request, response)
      response.setHeader('allow', 'POST')
      return sendJson(response, 405, { error: 'Only POST.' })
    },
  }
}

/** In a time that tells nothing about where they differ. */
function same(given: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(right))
}
