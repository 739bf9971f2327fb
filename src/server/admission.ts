import type { ExecutionArgs, GraphQLSchema, OperationTypeNode } from 'graphql'
import { z } from 'zod'
import { PerchError } from '../domain/errors.ts'
import type { Context } from '../schema/context.ts'
import { createCostCheck } from './complexity.ts'
import { type CheckedDocument, coded, createDocuments, tooMuch } from './documents.ts'
import { GRAPHQL_FAULT, Refused, refuse } from './errors.ts'
import type { Limits } from './limits.ts'
import { nestsDeeperThan } from './measure.ts'
import type { Metrics } from './metrics.ts'
import type { Operation, Session } from './sessions.ts'
import { variableErrors } from './variables.ts'
import { named } from './wording.ts'

/** The ways in. `sse_*` are POST and GET with `accept: text/event-stream`. */
export type Door = 'post' | 'get' | 'sse_post' | 'sse_get' | 'ws'

/** What may enter where. GET changes nothing (RFC 9110, 9.2.1), and only streams and sockets can carry subscriptions. */
const ENTRY: Readonly<Record<Door, readonly `${OperationTypeNode}`[]>> = {
  post: ['query', 'mutation'],
  get: ['query'],
  sse_post: ['query', 'mutation', 'subscription'],
  sse_get: ['query', 'subscription'],
  ws: ['query', 'mutation', 'subscription'],
}

/** An operation that was let in. Whoever runs it calls `operation.finish()` at its end. */
export interface Admitted {
  readonly args: ExecutionArgs
  readonly operation: Operation
  readonly door: Door
  readonly type: `${OperationTypeNode}`
  /** As the client named it; undefined when it did not. */
  readonly name: string | undefined
}

/** Lets an operation in, or throws Refused or PerchError. */
export type Admit = (request: unknown, door: Door, session: Session) => Admitted

export interface AdmissionOptions {
  readonly schema: GraphQLSchema
  readonly limits: Limits
  readonly services: Pick<
    Context,
    'prisma' | 'store' | 'feed' | 'accounts' | 'incomingPosts' | 'replies' | 'bulkUpdates'
  >
  readonly metrics: Pick<Metrics, 'refused'>
}

const requestSchema = z.object({
  query: z.string({ error: 'Must provide query string.' }),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
})

/**
 * The one policy in front of every door: it parses, validates, measures and weighs an operation, looks at who asks,
 * and builds what resolvers may reach. Doors differ in nothing but ENTRY; a limit added here holds at all of them.
 */
export function createAdmission({ schema, limits, services, metrics }: AdmissionOptions): Admit {
  const documents = createDocuments(schema, limits)
  const checkCost = createCostCheck(schema, limits)

  const decide = (request: unknown, door: Door, session: Session, operation: Operation): Admitted => {
    const params = requestSchema.safeParse(request)
    if (!params.success) {
      throw refuse('BAD_REQUEST', params.error.issues[0]?.message ?? 'The request is not one of GraphQL.')
    }
    const variables = params.data.variables ?? {}
    if (nestsDeeperThan(variables, limits.variableDepth)) throw tooMuch('variableDepth', limits.variableDepth)
    // GraphQL over HTTP lets an empty name stand for none, and GraphiQL sends one.
    const operationName = params.data.operationName || undefined
    const checked = documents(params.data.query)
    const { node, shape } = choose(checked, operationName)
    checkEntry(node.operation, door)
    if (!session.viewer && [...shape.roots].some((name) => !name.startsWith('__'))) {
      throw new PerchError('UNAUTHENTICATED', 'This operation needs a token.')
    }
    const wrong = variableErrors(schema, node, variables)
    if (wrong.length > 0) {
      throw new Refused(
        wrong.map((error) => coded(error, 'BAD_REQUEST')),
        GRAPHQL_FAULT,
      )
    }
    const contextValue: Context = {
      viewer: session.viewer,
      latestViewer: () => session.viewer,
      ...services,
      signal: operation.signal,
    }
    checkCost(checked, operationName, variables, contextValue)
    if (node.operation === 'subscription') operation.stream()
    const args: ExecutionArgs = {
      schema,
      document: checked.document,
      contextValue,
      variableValues: variables,
      operationName: operationName ?? null,
    }
    return { args, operation, door, type: node.operation, name: node.name?.value }
  }

  return (request, door, session) => {
    let operation: Operation | undefined
    try {
      operation = session.begin()
      return decide(request, door, session, operation)
    } catch (error) {
      operation?.finish()
      metrics.refused(door, codeOf(error))
      throw error
    }
  }
}

function choose(checked: CheckedDocument, name: string | undefined): CheckedDocument['operations'][number] {
  const { operations } = checked
  const found = name === undefined ? operations[0] : operations.find(({ node }) => node.name?.value === name)
  if (name !== undefined && !found) throw refuse('BAD_REQUEST', `Unknown operation${named(name)}.`, {}, GRAPHQL_FAULT)
  if (!found) throw refuse('BAD_REQUEST', 'The document holds no operation.', {}, GRAPHQL_FAULT)
  if (name === undefined && operations.length > 1) {
    throw refuse('BAD_REQUEST', 'Must provide operation name if query contains multiple operations.', {}, GRAPHQL_FAULT)
  }
  return found
}

function checkEntry(type: `${OperationTypeNode}`, door: Door): void {
  if (ENTRY[door].includes(type)) return
  if (type === 'subscription') {
    throw refuse('BAD_REQUEST', 'Subscriptions need `accept: text/event-stream` or a WebSocket.', {}, { status: 406 })
  }
  throw refuse('BAD_REQUEST', `A ${type} must be sent by POST.`, {}, { status: 405, headers: { allow: 'POST' } })
}

/** The code under which a refusal is counted. */
export function codeOf(error: unknown): string {
  if (error instanceof Refused) return String(error.errors[0]?.extensions.code ?? 'BAD_REQUEST')
  return error instanceof PerchError ? error.code : 'INTERNAL_SERVER_ERROR'
}
