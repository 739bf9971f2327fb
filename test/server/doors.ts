import { codes, collect, serverSent, type TestServer } from './support.ts'

/** What a door answered, in one shape for all doors. */
export interface Answer {
  /** HTTP status; undefined for a WebSocket. */
  readonly status?: number
  readonly data: unknown
  readonly codes: unknown[]
}

export interface Ask {
  readonly query: string
  readonly variables?: Record<string, unknown>
  readonly operationName?: string
  /** Null sends none. */
  readonly authorization?: string | null
}

type Door = (server: TestServer, ask: Ask) => Promise<Answer>

const json: (response: Response) => Promise<Answer> = async (response) => {
  const body = (await response.json()) as { data?: unknown; errors?: unknown }
  return { status: response.status, data: body.data, codes: body.errors ? codes(body.errors) : [] }
}

const firstEvent: (response: Response) => Promise<Answer> = async (response) => {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return json(response)
  for await (const { event, data } of serverSent(response)) {
    if (event !== 'next') continue
    const body = JSON.parse(data)
    return { status: response.status, data: body.data, codes: body.errors ? codes(body.errors) : [] }
  }
  return { status: response.status, data: undefined, codes: [] }
}

function headers(ask: Ask, accept: string, server: TestServer): Record<string, string> {
  const authorization = ask.authorization === undefined ? server.bearer : ask.authorization
  return { accept, ...(authorization === null ? {} : { authorization }) }
}

function byGet(server: TestServer, ask: Ask, accept: string): Promise<Response> {
  const url = new URL(server.graphql)
  url.searchParams.set('query', ask.query)
  if (ask.variables) url.searchParams.set('variables', JSON.stringify(ask.variables))
  if (ask.operationName) url.searchParams.set('operationName', ask.operationName)
  return fetch(url, { headers: headers(ask, accept, server) })
}

function byPost(server: TestServer, ask: Ask, accept: string): Promise<Response> {
  const { authorization: _, ...body } = ask
  return fetch(server.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers(ask, accept, server) },
    body: JSON.stringify(body),
  })
}

/** Every door, asked the same way. */
export const DOORS: Readonly<Record<'POST' | 'GET' | 'SSE by POST' | 'SSE by GET' | 'WebSocket', Door>> = {
  POST: async (server, ask) => json(await byPost(server, ask, 'application/json')),
  GET: async (server, ask) => json(await byGet(server, ask, 'application/json')),
  'SSE by POST': async (server, ask) => firstEvent(await byPost(server, ask, 'text/event-stream')),
  'SSE by GET': async (server, ask) => firstEvent(await byGet(server, ask, 'text/event-stream')),
  WebSocket: async (server, ask) => {
    const authorization = ask.authorization === undefined ? server.bearer : ask.authorization
    const client = server.client({ connectionParams: authorization === null ? {} : { authorization } })
    try {
      const { results, error } = await collect(client, ask.query, 1, ask.variables, ask.operationName)
      const [first] = results
      return { data: first?.data, codes: error ? codes(error) : first?.errors ? codes(first.errors) : [] }
    } finally {
      await client.dispose()
    }
  },
}
export const DOOR_NAMES = Object.keys(DOORS) as (keyof typeof DOORS)[]
