import type { IncomingMessage } from 'node:http'
import type { Door } from './admission.ts'

/** Which of the HTTP doors a request stands at. Streams are for those who ask for them by name. */
export function doorOf(request: IncomingMessage): Exclude<Door, 'ws'> {
  const stream = request.headers.accept?.includes('text/event-stream') === true
  if (request.method === 'GET') return stream ? 'sse_get' : 'get'
  return stream ? 'sse_post' : 'post'
}
