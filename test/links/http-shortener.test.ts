import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpShortener } from '../../src/links/http-shortener.ts'

const LONG = 'https://perch.example/requester/tickets/7'
const TOKEN = 'a-secret-token'

let server: Server
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(handler: RequestListener): Promise<string> {
  server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/shorten`
}

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }

describe('a shortener over HTTP', () => {
  it('is asked as Bitly’s v4 API is, and its link is taken', async () => {
    const seen: { request: IncomingMessage; body: unknown }[] = []
    const url = await serve(async (request, response) => {
      seen.push({ request, body: JSON.parse(await text(request)) })
      response.writeHead(201).end(JSON.stringify({ link: 'https://bit.example/2ab', id: 'bit.example/2ab' }))
    })
    expect(await createHttpShortener({ url, token: TOKEN }).shorten(LONG)).toBe('https://bit.example/2ab')
    expect(seen).toMatchObject([{ request: { method: 'POST', url: '/v4/shorten' }, body: { long_url: LONG } }])
    expect(seen[0]?.request.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
    })
  })

  it.each<[string, RequestListener, RegExp]>([
    ['refuses', answering(403, '{"message":"FORBIDDEN"}'), /answered 403/],
    ['speaks no JSON', answering(200, '<html>'), /not JSON/],
    ['gives no link', answering(200, '{"id":"x"}'), /without a link/],
    ['gives a link that no browser should follow', answering(200, '{"link":"javascript:alert(1)"}'), /without a link/],
    ['talks without end', answering(200, `"${'x'.repeat(100_000)}"`), /too long/],
    ['is silent', () => {}, /not answer within 150 ms/],
    ['cuts the connection', (request) => void request.socket.destroy(), /cannot be reached/],
    [
      'leads elsewhere',
      (_request, response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
      /cannot be reached/,
    ],
  ])('that %s is an error, which names neither link nor token', async (_how, handler, message) => {
    const url = await serve(handler)
    const failure = await createHttpShortener({ url, token: TOKEN, timeoutMs: 150 })
      .shorten(LONG)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(failure).toMatchObject({ name: 'LinkShortenerError', message: expect.stringMatching(message) })
    expect(String(failure)).not.toMatch(new RegExp(`${TOKEN}|tickets`))
  })
})
