import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { Exchange } from '../../simulator/index.ts'
import {
  FURTHER_EVENT_TYPES,
  FURTHER_PROBLEMS,
  FURTHER_PROPERTIES,
  FURTHER_VALUES,
  PAYLOADS_WITHOUT_SCHEMA,
  RENAMED,
  RENAMED_PARAMETERS,
  WIDER_PATTERNS,
} from './openapi-drift.ts'

/*
 * Checks calls to X against X's own OpenAPI document (test/fixtures/x-openapi.json, whole). Objects of the document
 * are closed: a property that it does not name is a finding. What may differ all the same is in openapi-drift.ts.
 * OAuth (/2/oauth2/*) is not in the document and not checked.
 */

type Json = Record<string, unknown>

/** A call and its answer; whether a fault was injected is not the document's business. */
export type CheckedExchange = Omit<Exchange, 'fault'>

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Json
}

interface Operation {
  readonly template: string
  readonly pattern: RegExp
  readonly parameters: readonly Parameter[]
  readonly body: { readonly required: boolean; readonly schema: Json } | undefined
  readonly responses: Readonly<Record<string, Json>>
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A property that must be an object. */
function at(json: unknown, ...path: readonly string[]): Json {
  let value = json
  for (const key of path) value = isObject(value) ? value[key] : undefined
  if (!isObject(value)) throw new Error(`x-openapi.json has nothing at ${path.join('.')}`)
  return value
}

function readDocument(): Json {
  const file = new URL('../fixtures/x-openapi.json', import.meta.url)
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const schemas = at(document, 'components', 'schemas')
  for (const [path, schema] of Object.entries(FURTHER_PROPERTIES)) {
    const [name = '', property = ''] = path.split('.')
    at(schemas, name, 'properties')[property] = schema
  }
  for (const [name, pattern] of Object.entries(WIDER_PATTERNS)) at(schemas, name)['pattern'] = pattern
  const eventType = at(schemas, 'CreateActivitySubscriptionRequest', 'properties', 'event_type')
  if (Array.isArray(eventType['enum'])) eventType['enum'].push(...FURTHER_EVENT_TYPES)
  close(document)
  if (!isObject(document)) throw new Error('x-openapi.json is not an object')
  return document
}

/** No property that the document does not name. */
function close(node: unknown): void {
  if (Array.isArray(node)) node.forEach(close)
  if (!isObject(node)) return
  if (node['type'] === 'object' && isObject(node['properties'])) node['additionalProperties'] ??= false
  Object.values(node).forEach(close)
}

function readOperations(document: Json): Map<string, Operation[]> {
  const operations = new Map<string, Operation[]>()
  for (const [template, item] of Object.entries(at(document, 'paths'))) {
    for (const [method, operation] of Object.entries(at({ item }, 'item'))) {
      if (!isObject(operation) || !isObject(operation['responses'])) continue
      const list = Array.isArray(operation['parameters']) ? operation['parameters'] : []
      const body = isObject(operation['requestBody']) ? operation['requestBody'] : undefined
      const known = operations.get(method.toUpperCase()) ?? []
      operations.set(method.toUpperCase(), known)
      known.push({
        template,
        pattern: new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
        parameters: list.map((parameter) => resolve(document, parameter)),
        body: body && { required: body['required'] === true, schema: jsonSchema(body) ?? {} },
        responses: Object.fromEntries(
          Object.entries(operation['responses']).map(([status, response]) => [status, jsonSchema(response) ?? {}]),
        ),
      })
    }
  }
  // "/2/users/me" before "/2/users/{id}".
  for (const known of operations.values()) known.sort((a, b) => wildcards(a) - wildcards(b))
  return operations
}

/** Of a body as JSON; media and streams have others. */
function jsonSchema(body: unknown): Json | undefined {
  const content = isObject(body) && isObject(body['content']) ? body['content']['application/json'] : undefined
  return isObject(content) && isObject(content['schema']) ? content['schema'] : undefined
}

const wildcards = ({ template }: Operation) => template.split('{').length

function resolve(document: Json, parameter: unknown): Parameter {
  const reference = isObject(parameter) ? parameter['$ref'] : undefined
  const found = typeof reference === 'string' ? at(document, ...reference.slice(2).split('/')) : parameter
  return found as Parameter
}

/** A validator over the whole document; making one takes some 50 ms, schemas are compiled as they are needed. */
export function createOpenApiValidator(): { check(exchange: CheckedExchange): string[] } {
  const document = readDocument()
  const operations = readOperations(document)
  const ajv = new Ajv({ strict: false, allErrors: false, validateSchema: false })
  formats.default(ajv)
  ajv.addSchema(document, 'x')
  const compiled = new Map<object, ValidateFunction>()

  const findings = (schema: object, value: unknown, where: string): string[] => {
    const validate = compiled.get(schema) ?? ajv.compile(absolute(schema))
    compiled.set(schema, validate)
    return validate(value) ? [] : (validate.errors ?? []).map((error) => `${where}${describe(error)}`)
  }

  const refusal = {
    anyOf: [{ $ref: '#/components/schemas/Problem' }, { $ref: '#/components/schemas/Error' }, ...FURTHER_PROBLEMS],
  }

  const checkRequest = ({ parameters, body, pattern }: Operation, exchange: CheckedExchange): string[] => {
    const found: string[] = []
    const names = new Set(Object.keys(exchange.query).map((name) => RENAMED_PARAMETERS[name] ?? name))
    for (const [given, value] of Object.entries(exchange.query)) {
      const name = RENAMED_PARAMETERS[given] ?? given
      const parameter = parameters.find((each) => each.in === 'query' && each.name === name)
      if (!parameter) found.push(`query ${given}: not in the document`)
      else found.push(...findings(parameter.schema, toValue(parameter, value), `query ${given}`))
    }
    const path = pattern.exec(exchange.path)?.groups ?? {}
    for (const parameter of parameters) {
      const missing = parameter.in === 'query' && parameter.required && !names.has(parameter.name)
      if (missing) found.push(`query ${parameter.name}: missing`)
      if (parameter.in === 'path') {
        found.push(...findings(parameter.schema, path[parameter.name], `path ${parameter.name}`))
      }
    }
    if (!body && exchange.requestBody !== undefined) found.push('request: a body where the document has none')
    if (body?.required && exchange.requestBody === undefined) found.push('request: the body is missing')
    if (body && exchange.requestBody !== undefined)
      found.push(...findings(body.schema, exchange.requestBody, 'request'))
    return found
  }

  const checkResponse = (operation: Operation, exchange: CheckedExchange): string[] => {
    const { status, responseBody } = exchange
    const body = documentNames(responseBody)
    if (status >= 400) return findings(refusal, body, 'response')
    const schema = operation.responses[String(status)]
    if (!schema) return [`response: status ${status} is not in the document`]
    if (operation.template !== '/2/activity/stream') return findings(schema, body, 'response')
    return checkEvent(schema, body)
  }

  /** The payload's schema goes by event_type, which JSON Schema cannot say: the document's discriminator is `../event_type`. */
  const checkEvent = (schema: Json, body: unknown): string[] => {
    const data = isObject(body) && isObject(body['data']) ? body['data'] : {}
    const { payload, ...envelope } = data
    const type = String(data['event_type'])
    const found = findings(schema, isObject(body) && body['data'] ? { ...body, data: envelope } : body, 'event')
    if (PAYLOADS_WITHOUT_SCHEMA.includes(type)) return found
    const mapping = at(
      document,
      'components',
      'schemas',
      'ActivityStreamingResponsePayload',
      'discriminator',
      'mapping',
    )
    const reference = mapping[type]
    if (typeof reference !== 'string') return [...found, `event: the type ${type} is not in the document`]
    return [...found, ...findings(payloadSchema(reference), payload, `event ${type}`)]
  }

  const payloads = new Map<string, object>()
  const payloadSchema = (reference: string): object => {
    const schema = payloads.get(reference) ?? { $ref: reference }
    payloads.set(reference, schema)
    return schema
  }

  return {
    check(exchange) {
      const { method, path } = exchange
      if (path.startsWith('/2/oauth2/')) return []
      const operation = operations.get(method)?.find(({ pattern }) => pattern.test(path))
      const found = operation
        ? // A request that X refuses may be wrong: that is what it is refused for.
          [...(exchange.status === 400 ? [] : checkRequest(operation, exchange)), ...checkResponse(operation, exchange)]
        : exchange.status === 404
          ? []
          : ['not in the document']
      return found.map((finding) => `${method} ${path} → ${exchange.status}: ${finding}`)
    },
  }
}

/** References of the document hold from anywhere. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"x#/components/'))
}

/** A query value as its schema sees it: a list, a number or a text. */
function toValue({ name, schema }: Parameter, value: string): unknown {
  if (schema['type'] === 'integer') return Number(value)
  if (schema['type'] !== 'array') return value
  const renamed = value.split(',').map((item) => RENAMED[item] ?? item)
  return renamed.filter((item) => !FURTHER_VALUES[name]?.includes(item)).length > 0
    ? renamed.filter((item) => !FURTHER_VALUES[name]?.includes(item))
    : firstOf(schema)
}

/** Only further values were asked for: stand in one that the document knows, its list must not be empty. */
function firstOf(schema: Json): unknown[] {
  const values = at(schema, 'items')['enum']
  return Array.isArray(values) ? values.slice(0, 1) : []
}

function documentNames(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(documentNames)
  if (!isObject(node)) return node
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [RENAMED[name] ?? name, documentNames(value)]))
}

const describe = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath} ${message} ${JSON.stringify(params)}`
