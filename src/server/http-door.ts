import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionResult, GraphQLError, type GraphQLErrorExtensions } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Admit } from './admission.ts'
import { codeOf } from './admission.ts'
import { readBody } from './body.ts'
import { doorOf } from './door-of.ts'
import { clientErrors, Refused, type Report, rewrite, withHttp } from './errors.ts'
import { run } from './execution.ts'
import { graphiqlOptions, isLocal } from './graphiql.ts'
import { sendJson } from './health.ts'
import type { Limits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { createReport, requestIdOf } from './report.ts'
import type { Session, Sessions } from './sessions.ts'
import type { ClientStream } from './stream.ts'

export interface HttpDoorOptions {
  readonly admit: Admit
  readonly sessions: Sessions
  readonly limits: Limits
  readonly metrics: Metrics
  readonly logger: Logger
  readonly graphiql: boolean
  readonly graphiqlHeaders: Readonly<Record<string, string>>
  /** Origins whose pages may call us from a browser; none by default. */
  readonly corsOrigins: readonly string[]
  /** What a request says who it is by. Throws PerchError when it may not say so. */
  readonly credentialOf: (request: IncomingMessage) => string | undefined
}

interface NodeContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** Handles /graphql. graphql-yoga does the HTTP wire (content negotiation, SSE, GraphiQL); the deciding is `admit`'s. */
export async function createHttpDoor(
  options: HttpDoorOptions,
): Promise<(request: IncomingMessage, response: ServerResponse) => Promise<void>> {
  const { admit, sessions, limits, metrics, logger } = options
  // Nine megabytes of JavaScript: read only where it is shown.
  const render = options.graphiql ? (await import('@graphql-yoga/render-graphiql')).renderGraphiQL : undefined

  const handle = async (params: unknown, { req, res }: NodeContext): Promise<Answer> => {
    const report = createReport(logger, requestIdOf(res))
    const door = doorOf(req)
    let session: Session
    try {
      session = await sessions.open(options.credentialOf(req))
    } catch (error) {
      metrics.refused(door, codeOf(error))
      return refusal(error, report)
    }
    if (res.closed) session.close()
    else res.once('close', () => session.close())
    try {
      const outcome = await run(admit(params, door, session), report, metrics)
      return 'stream' in outcome ? results(outcome.stream) : outcome.result
    } catch (error) {
      return refusal(error, report)
    }
  }

  const plugin: Plugin<object, NodeContext> = {
    onRequestParse({ request, requestParser, setRequestParser, endResponse, fetchAPI }) {
      if (request.method === 'POST' && !isJson(request.headers.get('content-type'))) {
        // Forms and text/plain are what a foreign page can send without asking first (CORS simple requests).
        const body = JSON.stringify({
          errors: [{ message: 'Send application/json.', extensions: { code: 'BAD_REQUEST' } }],
        })
        endResponse(new fetchAPI.Response(body, { status: 415, headers: { 'content-type': 'application/json' } }))
        return
      }
      if (!requestParser) return
      setRequestParser(async (incoming) => {
        try {
          return await requestParser(incoming)
        } catch (error) {
          // Yoga adds the parser's words, which quote the body; they would be logged.
          if (error instanceof GraphQLError) throw rewrite(error, error.message, withoutCause(error.extensions))
          throw new GraphQLError('The request cannot be read as one of GraphQL.', {
            extensions: { code: 'BAD_REQUEST' },
          })
        }
      })
    },
    onParams({ setParamsHandler }) {
      setParamsHandler(({ params, context }) => handle(params, context))
    },
  }

  const yoga = createYoga<NodeContext>({
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    cors: options.corsOrigins.length > 0 ? corsFor(options.corsOrigins) : false,
    graphiql: options.graphiql
      ? (_, context) => graphiqlOptions(context && isLocal(context.req) ? options.graphiqlHeaders : {})
      : false,
    ...(render ? { renderGraphiQL: render } : {}),
    logging: yogaLogger(logger),
    maskedErrors: { maskError: (error) => wireError(error, createReport(logger)) },
    plugins: [plugin],
  })
  return async (request, response) => {
    if (request.method === 'POST') {
      const body = await readBody(request, limits.messageBytes).catch(() => null)
      // The client is gone; there is nobody to answer.
      if (body === null) return
      if (!body) return sendJson(response, 413, { errors: [tooLarge(limits.messageBytes)] })
      // Yoga takes a body that was read before from here.
      Object.assign(request, { body: body.toString('utf8') })
    }
    await yoga.handle(request, response)
  }
}

type Answer = ExecutionResult | AsyncIterable<ExecutionResult>

function refusal(error: unknown, report: Report): ExecutionResult {
  return { errors: withHttp(clientErrors(error, report), error instanceof Refused ? error.http : undefined) }
}

/** A stream as Yoga's SSE writer wants it. A failure is a last result: an iterator that throws would cut the connection. */
function results(stream: ClientStream): AsyncIterable<ExecutionResult> {
  let over = false
  const iterator: AsyncIterator<ExecutionResult> = {
    async next() {
      const step = over ? undefined : await stream.next()
      if (step?.kind === 'result') return { done: false, value: step.result }
      over = true
      return step?.kind === 'failed'
        ? { done: false, value: { errors: step.errors } }
        : { done: true, value: undefined }
    },
    async return() {
      over = true
      stream.stop()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

function tooLarge(max: number): object {
  const extensions = { code: 'LIMIT_EXCEEDED', limit: 'messageBytes', max }
  return { message: `The request exceeds ${max} bytes.`, extensions }
}

function isJson(contentType: string | null): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json'
}

function corsFor(origins: readonly string[]) {
  // Without credentials: cookies count for our own page only, and the token travels in a header that a page must have.
  return {
    origin: [...origins],
    credentials: false,
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type'],
    maxAge: 600,
  }
}

function withoutCause({ originalError: _, ...extensions }: GraphQLErrorExtensions): GraphQLErrorExtensions {
  return extensions
}

/** Errors of the wire itself (unreadable JSON, a wrong method), in our codes and without their inner causes. */
function wireError(error: unknown, report: Report): GraphQLError {
  if (error instanceof GraphQLError && !error.originalError) {
    const { code, http } = error.extensions
    // Never "spec": what is no GraphQL request at all is answered 400 whatever the client accepts.
    return rewrite(error, error.message, { code: code ?? 'BAD_REQUEST', http: { status: 400, ...http, spec: false } })
  }
  const [seen] = withHttp(clientErrors(error, report))
  return seen ?? new GraphQLError('Unexpected error.')
}

function yogaLogger(logger: Logger) {
  const say = (level: 'debug' | 'error' | 'warn') => (first: unknown) =>
    logger[level](first instanceof Error ? { err: first } : {}, first instanceof Error ? first.message : String(first))
  // What Yoga calls info is chatter about every request.
  return { debug: say('debug'), info: say('debug'), warn: say('warn'), error: say('debug') }
}
