import { request as httpRequest } from 'node:http'
import { Agent } from 'node:https'
import { connect } from 'node:net'
import { createSimulator, type Exchange, type Simulator, type SimulatorOptions } from '../../simulator/index.ts'
import { createOpenApiValidator } from './openapi.ts'

export interface ValidatedSimulator {
  readonly simulator: Simulator
  /** Every call under /2/ so far, and every line of a stream. */
  readonly exchanges: readonly Exchange[]
  /** What differs from X's document in them. */
  violations(): readonly string[]
  /** Throws with all violations; also when nothing was called, for then nothing was checked. */
  assertNoViolations(): void
}

let validator: ReturnType<typeof createOpenApiValidator> | undefined

/** A simulator whose every exchange is checked against X's OpenAPI document. Answers under a fault are not. */
export async function validatedSimulator(options: SimulatorOptions = {}): Promise<ValidatedSimulator> {
  validator ??= createOpenApiValidator()
  const { check } = validator
  const exchanges: Exchange[] = []
  const violations: string[] = []
  const simulator = await createSimulator({
    ...options,
    onExchange(exchange) {
      exchanges.push(exchange)
      if (exchange.fault === undefined || exchange.fault === 'delay') violations.push(...check(exchange))
      options.onExchange?.(exchange)
    },
  })
  return {
    simulator,
    exchanges,
    violations: () => violations,
    assertNoViolations() {
      if (exchanges.length === 0) throw new Error('no call was made: nothing was checked')
      if (violations.length > 0) throw new Error(`X's document says otherwise:\n${[...new Set(violations)].join('\n')}`)
    },
  }
}

/** An agent for twitter-api-v2: addresses stay X's, sockets are dialled at the simulator. */
export function simulatorAgent(simulator: Simulator): Agent {
  return Object.assign(new Agent({ keepAlive: true }), {
    createConnection: () => connect({ host: '127.0.0.1', port: simulator.port }),
  })
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** A call to the simulator with a token; the answer must be JSON. */
export async function call(
  simulator: Simulator,
  method: string,
  path: string,
  options: { readonly token?: string; readonly body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(simulator.url + path, {
    method,
    headers: {
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
}

export interface OpenStream {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  /** Events so far. */
  readonly events: readonly StreamEvent[]
  /** Signs of life between the events so far. */
  readonly keepAlives: () => number
  /** Everything received, byte for byte. */
  readonly raw: () => string
  /** Resolves when there are `count` events. */
  until(count: number): Promise<readonly StreamEvent[]>
  readonly ended: Promise<void>
  close(): void
}

export interface StreamEvent {
  readonly event_uuid: string
  readonly event_type: string
  readonly filter: Record<string, string>
  readonly tag?: string
  readonly payload: Record<string, unknown>
  readonly includes?: { readonly users?: { readonly id: string }[]; readonly tweets?: { readonly id: string }[] }
}

/** Opens the Activity stream as a plain HTTP client would. */
export function openStream(simulator: Simulator, token: string, query = ''): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${simulator.url}/2/activity/stream${query}`, {
      headers: { authorization: `Bearer ${token}` },
      agent: false,
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      const waiting = new Set<() => void>()
      response.setEncoding('utf8')
      response.on('error', () => undefined)
      const lines = () => text.split('\r\n').slice(0, -1)
      const events = () =>
        lines().flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { data: StreamEvent }).data]))
      response.on('data', (chunk: string) => {
        text += chunk
        for (const wake of waiting) wake()
      })
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        get events() {
          return events()
        },
        keepAlives: () => lines().filter((line) => line === '').length,
        raw: () => text,
        async until(count) {
          while (events().length < count) {
            await new Promise<void>((wake) => {
              const once = () => {
                waiting.delete(once)
                wake()
              }
              waiting.add(once)
            })
          }
          return events()
        },
        ended: new Promise((end) => response.on('close', () => end())),
        close: () => request.destroy(),
      })
    })
    request.end()
  })
}
