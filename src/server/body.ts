import type { IncomingMessage } from 'node:http'

/** A client that goes on sending after its refusal is read for so many times the limit, then cut. */
const PATIENCE = 16

/**
 * Reads a request's whole body, or gives undefined when it is longer than `max` bytes. What comes after the limit is
 * read and dropped, since a client in the middle of sending would not see the answer, and a kept-alive connection
 * would wait for ever behind the unread rest.
 */
export function readBody(request: IncomingMessage, max: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= max) chunks.push(chunk)
      else {
        chunks.length = 0
        resolve(undefined)
        if (size > max * PATIENCE) request.destroy()
      }
    })
    request.once('end', () => resolve(size <= max ? Buffer.concat(chunks) : undefined))
    request.once('close', () => reject(new Error('The client left before its request was complete.')))
    request.once('error', reject)
  })
}
