import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AnsweredFault } from './messages.ts'
import { WireError } from './wire.ts'

/** The SDK's limit for a request (juicebox-sdk, requests.rs, BODY_SIZE_LIMIT). */
const MAX_BODY_BYTES = 2_048

interface DoorReply {
  readonly status: number
  readonly body: Uint8Array | string
}

/** How one kind of realm reads a request and writes the answer. Rejects with a WireError for what it cannot read. */
export type Door = (body: Uint8Array, headers: IncomingHttpHeaders) => Promise<DoorReply>

/** A realm's HTTP server, and how it misbehaves. */
export interface RealmServer {
  readonly server: Server
  /** From now on. Requests that hang are cut off, whatever comes instead. */
  setFault(fault: AnsweredFault | null): void
}

const STATUS = { 'upgrade-required': 426, 'rate-limited': 429, unavailable: 503 } as const

/** `POST /req`, for SDKs of 0.2 and later (juicebox-software-realm, router/router.go). */
export function createRealmServer(door: Door): RealmServer {
  let fault: AnsweredFault | null = null
  const hanging = new Set<ServerResponse>()

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (fault === 'hang') {
      hanging.add(response)
      response.once('close', () => hanging.delete(response))
      return
    }
    send(response, fault ? { status: STATUS[fault], body: `simulated: ${fault}` } : await answer(request))
  }

  const answer = async (request: IncomingMessage): Promise<DoorReply> => {
    if (request.method !== 'POST' || request.url !== '/req') return { status: 404, body: 'There is only POST /req.' }
    if (!isSupported(request.headers['x-juicebox-version'])) return { status: 426, body: 'SDK upgrade required' }
    const body = await readBody(request)
    if (!body) return { status: 413, body: `The body is longer than ${MAX_BODY_BYTES} bytes.` }
    return door(body, request.headers)
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (error instanceof WireError) return send(response, { status: 400, body: error.message })
      send(response, { status: 500, body: 'The realm failed.' })
    })
  })

  // Node's 5 s would cut the pooled connections of a client that comes back a little later.
  server.keepAliveTimeout = 65_000

  return {
    server,
    setFault(next) {
      fault = next
      for (const response of hanging) response.destroy()
    },
  }
}

function isSupported(version: string | string[] | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(String(version)) ?? []
  return major !== undefined && (Number(major) > 0 || Number(minor) >= 2)
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // Read on all the same: leaving the loop would close the socket before the refusal is written.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  return size <= MAX_BODY_BYTES ? new Uint8Array(Buffer.concat(chunks)) : undefined
}

function send(response: ServerResponse, { status, body }: DoorReply): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/octet-stream' })
  response.end(body)
}
