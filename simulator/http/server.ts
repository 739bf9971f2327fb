import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Simulation } from '../core/simulation.ts'
import { authorize } from '../oauth/caller.ts'
import { type Exchange, requestPart } from './exchange.ts'
import type { Fault } from './faults.ts'
import { isInsteadOfAnswer, misbehave, spoil } from './misbehaviour.ts'
import { plainProblem, Refusal, type Reply } from './problems.ts'
import { type AnyRoute, type Call, createRouter } from './router.ts'
import { send } from './send.ts'

const MAX_BODY_BYTES = 1024 * 1024

interface ServerOptions {
  readonly routes: readonly AnyRoute[]
  readonly simulation: () => Simulation
  readonly onExchange?: ((exchange: Exchange) => void) | undefined
}

/** X over plain HTTP. Goes by path alone: clients dial us but keep saying `Host: api.x.com`. */
export function createXServer({ routes, simulation, onExchange }: ServerOptions): Server {
  const route = createRouter(routes)

  const answer = async (call: Call, limitHeaders: Record<string, string>): Promise<Reply | undefined> => {
    const match = route(call.method, call.path)
    if (!match) throw plainProblem(404)
    const routed = { ...call, params: match.params }
    if ('open' in match.route) return match.route.open(routed)
    const { access = {}, method, path, handle } = match.route
    const caller = authorize(call.headers, access, call.simulation)
    const verdict = call.simulation.limiter.take(`${method} ${path}`, {
      clientId: caller.app.clientId,
      ...(caller.kind === 'user' && { userId: caller.user.id }),
    })
    Object.assign(limitHeaders, verdict.headers)
    if (!verdict.allowed) throw plainProblem(429)
    return handle({ ...routed, caller, limitHeaders })
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const current = simulation()
    const url = new URL(request.url ?? '/', 'http://x')
    const raw = await readBody(request)
    const body = parseBody(raw, request.headers['content-type'])
    const part = requestPart(request, url, body)
    const { method, path } = part
    const ofX = path.startsWith('/2/')
    const report = (status: number, responseBody: unknown, fault?: Fault) => {
      if (ofX) onExchange?.({ ...part, status, responseBody, ...(fault && { fault: fault.kind }) })
    }
    const fault = path.startsWith('/control/') ? undefined : current.faults.take(method, path)
    if (fault?.kind === 'delay') await pause(fault.delayMs ?? 1_000, undefined, { ref: false })
    if (fault && isInsteadOfAnswer(fault)) {
      report(fault.status ?? 0, undefined, fault)
      return misbehave(response, fault, current.now())
    }
    const limitHeaders: Record<string, string> = {}
    const call: Call = {
      method,
      path,
      params: {},
      query: url.searchParams,
      headers: request.headers,
      body,
      simulation: current,
      response,
      streamed: (line) => report(200, line),
    }
    const reply = await answer(call, limitHeaders).catch((error: unknown) => {
      if (error instanceof Refusal) return error.reply
      throw error
    })
    if (!reply) return
    const headers = { ...(ofX && xHeaders(current)), ...limitHeaders, ...reply.headers }
    if (fault && fault.kind !== 'delay') {
      report(reply.status, undefined, fault)
      return spoil(response, reply, headers, fault.kind)
    }
    send(response, reply, headers)
    report(reply.status, reply.body)
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) {
        response.destroy()
        return
      }
      const failure = error instanceof Refusal ? error : plainProblem(500, error instanceof Error ? error.message : '')
      send(response, failure.reply, failure.reply.headers ?? {})
    })
  })
  // Node's 5 s would cut the pooled connections of a client that polls a little less often.
  server.keepAliveTimeout = 65_000
  return server
}

const xHeaders = ({ ids, now }: Simulation) => ({
  // X's clock, which its windows' ends are to be compared with.
  date: now().toUTCString(),
  'x-access-level': 'read-write-directmessages',
  'x-transaction-id': BigInt(ids.next()).toString(16),
  'api-version': '2.167',
})

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw plainProblem(400, 'The body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseBody(raw: string, contentType = ''): unknown {
  if (raw === '') return undefined
  if (contentType.includes('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(raw))
  try {
    return JSON.parse(raw)
  } catch {
    throw plainProblem(400, 'The body is not JSON.')
  }
}
