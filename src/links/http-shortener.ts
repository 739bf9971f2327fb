import { z } from 'zod'
import { type LinkShortener, LinkShortenerError } from '../tickets/link-shortener.ts'

export interface HttpShortenerOptions {
  /** The endpoint that takes links, such as https://api-ssl.bitly.com/v4/shorten. */
  readonly url: string
  /** Sent as a bearer token. */
  readonly token?: string | undefined
  /** How long a link may take, in milliseconds; an agent waits for it. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 2_000
/** What a sensible answer never reaches; the rest of a longer one is not read. */
const ANSWER_BYTES = 16 * 1024

const answerShape = z.object({ link: z.url({ protocol: /^https?$/ }).max(200) })

/**
 * Asks a shortener over HTTP, in the form that Bitly's v4 API has and others copy: POST `{"long_url": …}`, answered by
 * `{"link": …}` (https://dev.bitly.com/api-reference/#createBitlink).
 */
export function createHttpShortener({ url, token, timeoutMs = TIMEOUT_MS }: HttpShortenerOptions): LinkShortener {
  return {
    async shorten(longUrl) {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            ...(token && { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ long_url: longUrl }),
          // The token is for this address alone.
          redirect: 'error',
          signal,
        })
        const text = await readText(response)
        if (!response.ok) throw new LinkShortenerError(`the shortener answered ${response.status}`)
        const answer = answerShape.safeParse(JSON.parse(text))
        if (!answer.success) throw new LinkShortenerError('the shortener answered without a link')
        return answer.data.link
      } catch (error) {
        if (error instanceof LinkShortenerError) throw error
        if (signal.aborted) throw new LinkShortenerError(`the shortener did not answer within ${timeoutMs} ms`)
        if (error instanceof SyntaxError) throw new LinkShortenerError('the shortener’s answer is not JSON')
        throw new LinkShortenerError('the shortener cannot be reached', { cause: error })
      }
    },
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > ANSWER_BYTES) throw new LinkShortenerError('the shortener’s answer is too long')
  }
  return text
}
