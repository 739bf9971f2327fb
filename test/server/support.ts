import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import {
  GraphQLFloat,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql'
import { type Client, type ClientOptions, createClient } from 'graphql-ws'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { PerchError, PositionExpiredError } from '../../src/domain/errors.ts'
import type { Context } from '../../src/schema/context.ts'
import {
  createAuthenticator,
  createTokenSigner,
  deriveTokenKey,
  type KnownUser,
  type Role,
} from '../../src/server/auth.ts'
import { createMetrics, type Metrics } from '../../src/server/metrics.ts'
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/server.ts'

/** What the resolvers of the test schema saw happen. */
export interface Seen {
  /** Subscriptions whose source has been released. */
  released: number
  /** Mutations that ran. */
  mutations: number
  /** Viewer of the last `whoami`. */
  viewer: Context['viewer'] | undefined
}

const text = { type: GraphQLString }

export function testSchema(seen: Seen): GraphQLSchema {
  const Nested: GraphQLObjectType = new GraphQLObjectType({
    name: 'Nested',
    fields: () => ({
      value: { ...text, resolve: () => 'x' },
      nested: { type: Nested, resolve: () => ({}) },
      list: { type: new GraphQLList(Nested), resolve: () => [{}] },
    }),
  })
  async function* numbers(_: unknown, args: { to?: number; everyMs?: number }, context: Context) {
    try {
      for (let n = 1; n <= (args.to ?? Number.POSITIVE_INFINITY); n += 1) {
        yield { count: n, bulky: 'x'.repeat(64_000) }
        await delay(args.everyMs ?? 5, undefined, { signal: context.signal }).catch(() => {})
        if (context.signal.aborted) return
      }
    } finally {
      seen.released += 1
    }
  }
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        hello: { ...text, resolve: () => 'world' },
        whoami: {
          ...text,
          resolve: (_, __, context: Context) => {
            seen.viewer = context.viewer
            return context.viewer ? `${context.viewer.userId} ${context.viewer.role}` : null
          },
        },
        echo: { ...text, args: { text }, resolve: (_, args: { text?: string }) => args.text },
        add: {
          type: GraphQLFloat,
          args: { n: { type: new GraphQLNonNull(GraphQLInt) } },
          resolve: (_, { n }) => n + 1,
        },
        nested: { type: Nested, resolve: () => ({}) },
        page: {
          type: Nested,
          args: { first: { type: GraphQLInt } },
          extensions: { complexity: ({ first }: { first?: number }) => ({ field: 1, multiplier: first ?? 1 }) },
          resolve: () => ({}),
        },
        big: { ...text, args: { size: { type: GraphQLInt } }, resolve: (_, { size }) => 'x'.repeat(size ?? 1) },
        crash: {
          ...text,
          resolve: () => {
            throw new Error('secret password of the database')
          },
        },
        forbidden: {
          ...text,
          resolve: () => {
            throw new PerchError('FORBIDDEN', 'Not yours.')
          },
        },
        wait: {
          ...text,
          resolve: async (_, __, context: Context) => {
            if (!context.signal.aborted) await once(context.signal, 'abort')
            throw context.signal.reason
          },
        },
        pause: { ...text, args: { ms: { type: GraphQLInt } }, resolve: (_, { ms }) => delay(ms ?? 1, 'done') },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        change: {
          type: GraphQLInt,
          resolve: () => {
            seen.mutations += 1
            return seen.mutations
          },
        },
      },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        count: {
          type: GraphQLInt,
          args: { to: { type: GraphQLInt }, everyMs: { type: GraphQLInt } },
          subscribe: numbers,
        },
        bulky: { ...text, args: { everyMs: { type: GraphQLInt } }, subscribe: numbers },
        /** Never yields, and does not heed its signal either. */
        deaf: {
          type: GraphQLInt,
          subscribe: () => ({
            [Symbol.asyncIterator]() {
              return this
            },
            next: () => new Promise(() => {}),
            return: () => {
              seen.released += 1
              return new Promise(() => {})
            },
          }),
        },
        expiring: {
          type: GraphQLInt,
          subscribe: async function* () {
            yield { expiring: 1 }
            throw new PositionExpiredError('The position is pruned.')
          },
        },
        crashing: {
          type: GraphQLInt,
          subscribe: async function* () {
            yield { crashing: 1 }
            throw new Error('secret password of the database')
          },
        },
        tooOld: {
          type: GraphQLInt,
          subscribe: () => {
            throw new PositionExpiredError('The position is pruned.')
          },
        },
      },
    }),
  })
}

export const KEY = deriveTokenKey('a secret for tests')
const signer = createTokenSigner(KEY)

/** Users of the test server; tests may change them. */
export function testUsers(): Map<string, KnownUser> {
  return new Map<string, KnownUser>([
    ['ada', knownUser('ada', 'ADMIN')],
    ['bob', knownUser('bob', 'AGENT')],
    ['eve', knownUser('eve', 'END_USER')],
    ['gone', knownUser('gone', 'AGENT', { active: false })],
  ])
}

/** Somebody whom the database knows, and who sees all tickets. */
export const knownUser = (id: string, role: Role, more: Partial<KnownUser> = {}): KnownUser => ({
  id,
  role,
  active: true,
  ticketAccess: 'ALL',
  groupIds: [],
  ...more,
})

export function token(sub = 'bob', role: Role = 'AGENT', ttlSeconds = 3600): Promise<string> {
  return signer.sign({ sub, role, ttlSeconds })
}

export interface TestServer extends RunningServer {
  readonly seen: Seen
  readonly users: Map<string, KnownUser>
  readonly metrics: Metrics
  readonly graphql: string
  /** The header that `post` and `client` send unless told otherwise: bob, an agent. */
  readonly bearer: string
  readonly log: string[]
  post(body: unknown, headers?: Record<string, string>): Promise<Response>
  client(options?: Partial<ClientOptions>): Client
}

const services = {} as unknown as ServerOptions['services']

/** A server on a free port; the caller closes it. */
export async function startTestServer(options: Partial<ServerOptions> = {}, userTtlMs?: number): Promise<TestServer> {
  const seen: Seen = { released: 0, mutations: 0, viewer: undefined }
  const users = testUsers()
  const log: string[] = []
  const metrics = createMetrics()
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    schema: testSchema(seen),
    services,
    auth: createAuthenticator({
      key: KEY,
      findUser: async (id) => users.get(id) ?? null,
      ...(userTtlMs === undefined ? {} : { userTtlMs }),
    }),
    graphiql: false,
    metrics,
    readiness: async () => ({ database: true }),
    logger: pino({ level: 'warn' }, { write: (line: string) => void log.push(line) }),
    ...options,
  })
  const bearer = `Bearer ${await token()}`
  const graphql = `${server.url}/graphql`
  return {
    ...server,
    seen,
    users,
    metrics,
    graphql,
    bearer,
    log,
    post: (body, headers = {}) =>
      fetch(graphql, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', authorization: bearer, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    client: (more = {}) =>
      createClient({
        url: graphql.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        connectionParams: { authorization: bearer },
        ...more,
      }),
  }
}

/** The codes of a result's or a refusal's errors. */
export function codes(errors: unknown): unknown[] {
  if (!Array.isArray(errors)) return [errors]
  return errors.map((error: { extensions?: { code?: string } }) => error.extensions?.code)
}

/** Everything an operation over a WebSocket brings, then its end. */
export async function collect(
  client: Client,
  query: string,
  most = 1000,
  variables: Record<string, unknown> = {},
  operationName?: string,
) {
  const results: { data?: Record<string, unknown> | null | undefined; errors?: unknown }[] = []
  let error: unknown
  try {
    for await (const result of client.iterate({ query, variables, ...(operationName ? { operationName } : {}) })) {
      results.push(result)
      if (results.length >= most) break
    }
  } catch (thrown) {
    error = thrown
  }
  return { results, error }
}

/** One event of a server-sent stream. */
export interface ServerSent {
  readonly event: string
  readonly data: string
}

/** Reads server-sent events until the stream ends. */
export async function* serverSent(response: Response): AsyncGenerator<ServerSent> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true })
    for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
      const block = rest.slice(0, at)
      rest = rest.slice(at + 2)
      const event = /^event: ?(.*)$/m.exec(block)?.[1]
      if (event !== undefined) yield { event, data: /^data: ?(.*)$/m.exec(block)?.[1] ?? '' }
    }
  }
}

/** A raw graphql-transport-ws socket, for what a well-behaved client would not do. */
export async function rawSocket(server: TestServer, init: object | undefined, protocol = 'graphql-transport-ws') {
  const socket = new WebSocket(server.graphql.replace('http', 'ws'), protocol)
  const messages: { id?: string; type: string; payload?: unknown }[] = []
  const closed = new Promise<{ code: number; reason: string; at: number }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason), at: Date.now() }))
  })
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  socket.on('error', () => {})
  await once(socket, 'open')
  const say = (message: object): void => socket.send(JSON.stringify(message))
  const until = async (
    matches: (message: (typeof messages)[number]) => boolean,
  ): Promise<(typeof messages)[number]> => {
    for (;;) {
      const found = messages.find(matches)
      if (found) return found
      await Promise.race([once(socket, 'message'), closed])
      if (socket.readyState !== WebSocket.OPEN && !messages.some(matches)) throw new Error('The socket closed first.')
    }
  }
  if (init) {
    say({ type: 'connection_init', payload: init })
    await until((message) => message.type === 'connection_ack')
  }
  return { socket, messages, closed, say, until }
}
