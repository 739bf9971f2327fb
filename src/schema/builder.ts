import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import ValidationPlugin from '@pothos/plugin-validation'
import { PerchError } from '../domain/errors.ts'
import { isStaff } from '../domain/visibility.ts'
import { getDatamodel } from '../generated/pothos.ts'
import { relayOptions } from './relay-options.ts'
import type { SchemaTypes } from './schema-types.ts'

/** The builder that every type of the schema registers with. `buildSchema` (index.ts) turns it into a schema. */
export const builder = new SchemaBuilder<SchemaTypes>({
  // Authorisation runs first: whoever may not ask is not told what was wrong with the question.
  plugins: [ScopeAuthPlugin, ValidationPlugin, RelayPlugin, PrismaPlugin, ComplexityPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    onUnusedQuery: null,
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({
      signedIn: viewer !== null,
      staff: viewer !== null && isStaff(viewer),
      admin: viewer?.role === 'ADMIN',
    }),
    unauthorizedError: (_parent, { viewer }, info) => {
      if (viewer === null)
        return new PerchError('UNAUTHENTICATED', 'This needs a token: send `Authorization: Bearer …`.')
      // Staff are refused only what is for administrators.
      const whom = isStaff(viewer) ? 'administrators' : 'agents and administrators'
      return new PerchError('FORBIDDEN', `${info.parentType.name}.${info.fieldName} is for ${whom}.`)
    },
  },
  validation: {
    validationError: ({ issues }) =>
      new PerchError(
        'BAD_REQUEST',
        issues
          .map(({ path, message }) => {
            const place = (path ?? []).map((part) => (typeof part === 'object' ? part.key : part)).join('.')
            return place === '' ? message : `${place}: ${message}`
          })
          .join(' '),
      ),
  },
  // What an operation may cost is admission's business (server/limits.ts); here stands what things cost.
  complexity: { defaultComplexity: 1, defaultListMultiplier: 1 },
  relay: relayOptions,
})

builder.queryType({ description: 'What can be read.', authScopes: { signedIn: true } })
builder.mutationType({
  description: 'What can be changed. Every payload carries `userErrors` and the `position` that includes the change.',
  authScopes: { signedIn: true },
})
builder.subscriptionType({
  description: 'What can be watched. Every payload carries the `position` to resume after.',
  authScopes: { signedIn: true },
})
