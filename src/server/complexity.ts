import { createComplexityRule } from '@pothos/plugin-complexity'
import { GraphQLError, type GraphQLSchema, validate } from 'graphql'
import type { CheckedDocument } from './documents.ts'
import { coded, tooMuch } from './documents.ts'
import { GRAPHQL_FAULT, Refused, rewrite } from './errors.ts'
import type { Limits } from './limits.ts'
import { wrongArgument } from './wording.ts'

/** Throws Refused when variables do not fit or the operation costs too much. */
export type CostCheck = (
  checked: CheckedDocument,
  operationName: string | undefined,
  variables: Record<string, unknown>,
  context: object,
) => void

/**
 * Weighs an operation with its variables (`first: 100` costs more than `first: 1`), so the result belongs to one
 * request and is not remembered. Works for any schema; fields of the complexity plugin bring their own weights.
 */
export function createCostCheck(schema: GraphQLSchema, limits: Limits): CostCheck {
  return (checked, operationName, variables, context) => {
    let cost = 0
    const rule = createComplexityRule({
      context,
      variableValues: variables,
      operationName: operationName ?? null,
      // Keeps the plugin from wording the refusal; the number comes out through onResult.
      validate: () => {},
      onResult: (result) => {
        cost = Math.max(cost, result.complexity)
      },
    })
    let errors: readonly GraphQLError[]
    try {
      errors = validate(schema, checked.document, [rule])
    } catch (error) {
      // Argument values are coerced to weigh them; a scalar may refuse one by throwing.
      if (!(error instanceof GraphQLError)) throw error
      errors = [rewrite(error, wrongArgument(error) ?? 'An argument has an invalid value.', {})]
    }
    if (errors.length > 0)
      throw new Refused(
        errors.map((error) => coded(error, 'BAD_REQUEST')),
        GRAPHQL_FAULT,
      )
    if (!(cost <= limits.complexity)) throw tooMuch('complexity', limits.complexity)
  }
}
