import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { kindOf, XError } from './errors.ts'
import { resetOf } from './rate-limit.ts'

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

/** Yields each non-empty line. Ends when `signal` aborts; throws XError when X refuses, hangs up or falls silent. */
export async function* activityLines(options: StreamOptions): AsyncGenerator<string> {
  const { signal, onAlive, silenceMs = SILENCE_MS } = options
  if (signal.aborted) return
  let response: IncomingMessage
  try {
    response = await open(options)
  } catch (error) {
    if (signal.aborted) return
    throw error
  }
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
      if (status === 200) return resolve(response)
      response.resume()
      const retryAt = status === 429 ? resetOf(response.headers) : undefined
      reject(
        new XError(kindOf(status), `activity stream: X answered ${status}`, { status, ...(retryAt && { retryAt }) }),
      )
    })
    connecting.end()
  })
}
