import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import type { XAnswerOf } from './client.ts'
import { kindOf, XError } from './errors.ts'
import { rateLimitOf, resetOf } from './rate-limit.ts'

/*
 * The Activity stream, line by line. Not twitter-api-v2's TweetStream: that decodes each chunk by
 * itself, so an emoji that falls on a chunk's border arrives broken, and it drops the text of a
 * line that is not JSON, which we want to keep as a dead letter.
 */

const CONNECT_TIMEOUT_MS = 8_000
/** X sends a keep-alive every 20 s; two missed ones mean that the connection is dead. */
export const SILENCE_MS = 45_000
/** A line longer than this is not an event. */
const MAX_LINE = 4 * 1024 * 1024

export interface StreamOptions {
  readonly agent: Agent
  readonly bearerToken: string
  readonly backfillMinutes: number
  readonly signal: AbortSignal
  readonly onAlive: (waitedMs: number) => void
  readonly silenceMs?: number
}

/** Connects. Throws XError when X refuses, or does not answer. */
export async function openActivityStream(options: StreamOptions): Promise<XAnswerOf<AsyncIterable<string>>> {
  const response = await open(options)
  const rateLimit = rateLimitOf(response.headers)
  return { body: undefined, ...(rateLimit && { rateLimit }), value: linesOf(response, options) }
}

/** Yields each non-empty line. Ends when `signal` aborts; throws XError when X hangs up or falls silent. */
async function* linesOf(response: IncomingMessage, options: StreamOptions): AsyncGenerator<string> {
  const { signal, onAlive, silenceMs = SILENCE_MS } = options
  if (signal.aborted) return void response.destroy()
  onAlive(Number.POSITIVE_INFINITY)
  response.setEncoding('utf8') // a decoder that keeps half a character for the next chunk
  const stop = () => response.destroy()
  signal.addEventListener('abort', stop, { once: true })
  let silence = setTimeout(stop, silenceMs)
  let waiting = performance.now()
  let rest = ''
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      // Not while its lines are taken: whoever takes them slowly is no dead peer.
      clearTimeout(silence)
      const waited = performance.now() - waiting
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE) throw new XError('UNAVAILABLE', 'activity stream: a line without end')
      for (const line of lines) if (line.trim() !== '') yield line
      onAlive(waited)
      silence = setTimeout(stop, silenceMs)
      waiting = performance.now()
    }
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof XError) throw error
    throw new XError('UNAVAILABLE', `activity stream: ${error instanceof Error ? error.message : 'broken'}`)
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', stop)
    response.destroy()
  }
  if (!signal.aborted) throw new XError('UNAVAILABLE', 'activity stream: X closed the connection')
}

/**
 * A 429 while there is room in X's window is about connections, such as that of a killed process that X has not missed yet:
 * it is no reason to wait for the window's end.
 */
function refusal(status: number, headers: IncomingMessage['headers']): XError {
  const rateLimit = rateLimitOf(headers)
  const windows = [rateLimit, rateLimit?.day].filter((window) => window !== undefined)
  const crowded = status === 429 && windows.length > 0 && windows.every(({ remaining }) => remaining > 0)
  const retryAt = status === 429 && !crowded ? resetOf(headers) : undefined
  return new XError(crowded ? 'UNAVAILABLE' : kindOf(status), `activity stream: X answered ${status}`, {
    status,
    ...(rateLimit && { rateLimit }),
    ...(retryAt && { retryAt }),
  })
}

function open({ agent, bearerToken, backfillMinutes, signal }: StreamOptions): Promise<IncomingMessage> {
  const url = new URL('https://api.x.com/2/activity/stream')
  if (backfillMinutes > 0) url.searchParams.set('backfill_minutes', String(backfillMinutes))
  return new Promise((resolve, reject) => {
    const connecting = request(url, { agent, signal, headers: { authorization: `Bearer ${bearerToken}` } })
    connecting.setTimeout(CONNECT_TIMEOUT_MS, () => connecting.destroy(new Error('no answer')))
    connecting.on('error', (error) => reject(new XError('UNAVAILABLE', `activity stream: ${error.message}`)))
    connecting.on('response', (response) => {
      connecting.setTimeout(0)
      const status = response.statusCode ?? 0
      if (status === 200) {
        // What goes wrong before the first line is asked for, whoever asks is told.
        response.on('error', () => {})
        return resolve(response)
      }
      response.resume()
      reject(refusal(status, response.headers))
    })
    connecting.end()
  })
}
