import { type GraphQLError, type ValidationRule, ValuesOfCorrectTypeRule } from 'graphql'
import { rewrite } from './errors.ts'
import { wrongValue } from './wording.ts'

/** graphql-js's rule about literals, in words that do not quote them. */
export const valuesRule: ValidationRule = (context) =>
  ValuesOfCorrectTypeRule(
    Object.create(context, {
      reportError: {
        value: (error: GraphQLError) => {
          const message = wrongValue(error, String(context.getInputType() ?? context.getParentInputType()))
          context.reportError(rewrite(error, message, error.extensions))
        },
      },
    }),
  )
