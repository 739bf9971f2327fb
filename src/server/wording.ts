import type { GraphQLError } from 'graphql'

/*
 * graphql-js quotes in its messages what somebody sent: a PIN, say, into the answer, and from there into the logs of
 * whoever passes it on. Here the same is said without the value. Messages that are known to name only parts of the
 * schema and of the document pass; any other is put in words of our own, so that what a newer graphql-js adds is
 * silent rather than talkative.
 */

/** Names of GraphQL: what only they make up quotes no value. Digits alone, such as a PIN, are no name. */
const NAME = '[_A-Za-z][_0-9A-Za-z]*'
const TYPE = `"[[]*${NAME}[\\]!]*"`
const MEANT = `(?: Did you mean [^?]*"${NAME}"\\?)?`

const SAFE = [
  `Field "(?:${NAME}\\.)?${NAME}" of required type ${TYPE} was not provided\\.`,
  `Field "(?:${NAME}\\.)?${NAME}" must be non-null\\.`,
  `Field "${NAME}" is not defined by type "${NAME}"\\.${MEANT}`,
  `Expected non-nullable type ${TYPE} not to be null\\.`,
  `Expected value of type ${TYPE}, found null\\.`,
  `Expected type ${TYPE} to be an object\\.`,
  `Exactly one key must be specified for OneOf type ${TYPE}\\.`,
  `OneOf Input Object "${NAME}" must specify exactly one key\\.`,
  `Argument "${NAME}" of required type ${TYPE} was not provided\\.`,
  `Argument "${NAME}" of required type ${TYPE} was provided the variable "\\$${NAME}" which was not provided a runtime value\\.`,
  `Argument "${NAME}" of non-null type ${TYPE} must not be null\\.`,
  `Cannot return null for non-nullable field ${NAME}\\.${NAME}\\.`,
].map((pattern) => new RegExp(`^${pattern}$`))

/** The message, if it quotes no value; scalars of our own, which give a code, never do. */
function safeMessage({ message, extensions }: GraphQLError): string | undefined {
  return extensions['code'] !== undefined || SAFE.some((pattern) => pattern.test(message)) ? message : undefined
}

/** What is wrong with a value that should have been of a type. */
export function wrongValue(error: GraphQLError, type: string): string {
  return safeMessage(error) ?? `Expected a value of type "${type}".`
}

/** An argument that does not fit once the variables are in, or undefined when the error is about something else. */
export function wrongArgument(error: GraphQLError): string | undefined {
  const name = new RegExp(`^Argument "(${NAME})" has invalid value `).exec(error.message)?.[1]
  return name === undefined ? safeMessage(error) : `Argument "${name}" has an invalid value.`
}

/** What the client calls something, if that is a name. */
export function named(text: string): string {
  return new RegExp(`^${NAME}$`).test(text) ? ` named "${text}"` : ''
}

/** A syntax error that names the kind of what it met, and what it is only where that is a name or a sign. */
export function syntaxMessage({ message }: GraphQLError): string {
  const met = /^(Syntax Error: (?:Expected .*?, found|Unexpected)) (Int|Float|String|BlockString|Comment) "/s.exec(
    message,
  )
  if (met) return `${met[1]} ${met[2]}.`
  // Escapes and numbers that break off quote up to ten signs of the text.
  const broken = /^(Syntax Error: Invalid [^:"]*?)(?:, expected .*|: .*)$/s.exec(message)
  return broken ? `${broken[1]}.` : message
}
