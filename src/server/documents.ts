import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  Source,
  specifiedRules,
  TokenKind,
  ValuesOfCorrectTypeRule,
  validate,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import { Refused, refuse, rewrite } from './errors.ts'
import type { Limits } from './limits.ts'
import { measure, type Shape } from './measure.ts'
import { fieldsWithSecrets } from './secrets.ts'
import { valuesRule } from './values-rule.ts'
import { syntaxMessage } from './wording.ts'

/** A document that kept the limits and is valid for the schema. */
export interface CheckedDocument {
  readonly document: DocumentNode
  readonly operations: readonly { readonly node: OperationDefinitionNode; readonly shape: Shape }[]
}

/** Gives the checked document of a source text, or throws Refused. */
export type Documents = (source: string) => CheckedDocument

/** graphql-js's rules; the one that would quote values says the same without them. */
const RULES = specifiedRules.map((rule) => (rule === ValuesOfCorrectTypeRule ? valuesRule : rule))

/** Characters of source text whose results are remembered; their syntax trees take about thirty times that. */
const REMEMBERED = 2_000_000

/**
 * Parses and validates each source text once. Refusals are remembered too: a client that repeats a bad document costs
 * nothing. Not remembered is what may hold a secret, such as a PIN in the text. Cheap structural limits run before
 * graphql-js's rules, some of which are quadratic.
 */
export function createDocuments(schema: GraphQLSchema, limits: Limits): Documents {
  const secretive = fieldsWithSecrets(schema)
  const cache = new LRUCache<string, CheckedDocument | Refused>({
    maxSize: REMEMBERED,
    max: 2_000,
    sizeCalculation: (_, source) => source.length + 100,
  })
  return (source) => {
    let found = cache.get(source)
    if (!found) {
      found = check(source)
      if (!secretive.some((name) => source.includes(name))) cache.set(source, found)
    }
    if (found instanceof Refused) throw found
    return found
  }

  function check(source: string): CheckedDocument | Refused {
    let document: DocumentNode
    try {
      document = parse(source, { maxTokens: limits.tokens })
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      if (hasMoreTokens(source, limits.tokens)) return tooMuch('tokens', limits.tokens)
      return new Refused([rewrite(error, syntaxMessage(error), { code: 'GRAPHQL_PARSE_FAILED' })])
    }
    const shapes = measure(document)
    for (const shape of shapes) {
      if (shape.depth > limits.depth) return tooMuch('depth', limits.depth)
      if (shape.introspectionDepth > limits.introspectionDepth) {
        return tooMuch('introspectionDepth', limits.introspectionDepth)
      }
      if (shape.aliases > limits.aliases) return tooMuch('aliases', limits.aliases)
      if (shape.rootFields > limits.rootFields) return tooMuch('rootFields', limits.rootFields)
    }
    const errors = validate(schema, document, RULES, { maxErrors: 20 })
    if (errors.length > 0) return new Refused(errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')))
    const nodes = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    return { document, operations: nodes.flatMap((node, at) => (shapes[at] ? [{ node, shape: shapes[at] }] : [])) }
  }
}

/** The refusal for a broken limit: which one, and its number. */
export function tooMuch(limit: keyof Limits, max: number): Refused {
  return refuse('LIMIT_EXCEEDED', `The operation exceeds the limit of ${max} for ${limit}.`, { limit, max })
}

/** The same error with a code, without whatever it wraps. */
export function coded(error: GraphQLError, code: string): GraphQLError {
  return rewrite(error, error.message, { code })
}

/** Asks the lexer, since the parser's refusal differs from a syntax error by its wording only. */
function hasMoreTokens(source: string, max: number): boolean {
  const lexer = new Lexer(new Source(source))
  try {
    for (let count = 0; lexer.advance().kind !== TokenKind.EOF; count += 1) if (count >= max) return true
    return false
  } catch {
    return false
  }
}
