import { type GraphQLInputType, type GraphQLSchema, getNamedType, isInputObjectType, isObjectType } from 'graphql'

/**
 * The names of fields that take a secret, such as a PIN: scalars say so by the extension `secret`. A document that names
 * one may hold the secret itself, so it must not be kept.
 */
export function fieldsWithSecrets(schema: GraphQLSchema): readonly string[] {
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType)
  const fields = objects.flatMap((type) => Object.values(type.getFields()))
  return fields.filter(({ args }) => args.some(({ type }) => holdsSecret(type))).map(({ name }) => name)
}

/** Input types may hold themselves. */
function holdsSecret(type: GraphQLInputType, seen = new Set<string>()): boolean {
  const named = getNamedType(type)
  if (named.extensions['secret'] === true) return true
  if (!isInputObjectType(named) || seen.has(named.name)) return false
  seen.add(named.name)
  return Object.values(named.getFields()).some((field) => holdsSecret(field.type, seen))
}
