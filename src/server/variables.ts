import {
  coerceInputValue,
  GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql'
import { wrongValue } from './wording.ts'

/** Told of so many at most: an operation can have many variables, and each many faults. */
const MOST = 20

/**
 * What is wrong with the variables of an operation: where, and what was expected, but never the value. Runs before
 * anything else of graphql-js coerces them, whose messages quote what was sent.
 */
export function variableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const errors: GraphQLError[] = []
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value
    const type = typeFromAST(schema, definition.type)
    if (!isInputType(type)) continue
    const fault = (message: string) => {
      if (errors.length < MOST) errors.push(new GraphQLError(`Variable "$${name}" ${message}`, { nodes: definition }))
    }
    const given = Object.hasOwn(variables, name)
    if (!given && isNonNullType(type) && !definition.defaultValue) {
      fault(`of required type "${type}" was not provided.`)
    }
    if (!given) continue
    const value = variables[name]
    if (value === null && isNonNullType(type)) {
      fault(`of non-null type "${type}" must not be null.`)
      continue
    }
    coerceInputValue(value, type, (path, _value, error) => {
      const at = path.length > 0 ? ` at "${[name, ...path].join('.')}"` : ''
      fault(`got an invalid value${at}; ${wrongValue(error, typeAt(type, path))}`)
    })
  }
  return errors
}

/** The name of the type that is expected at a path inside a value. */
function typeAt(type: GraphQLInputType, path: readonly (string | number)[]): string {
  let current: GraphQLInputType = type
  for (const step of path) {
    if (isNonNullType(current)) current = current.ofType
    if (typeof step === 'number') current = isListType(current) ? current.ofType : current
    else {
      const named = getNamedType(current)
      current = (isInputObjectType(named) && named.getFields()[step]?.type) || current
    }
  }
  return String(current)
}
