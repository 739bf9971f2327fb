/** What one client may ask at once. Every door keeps the same numbers (see admission.ts). */
export interface Limits {
  /** Lexical tokens of a document; graphql-js stops parsing there, so nothing behind it is ever built. */
  readonly tokens: number
  /** Nested fields, fragments followed. Introspection is measured apart, see `introspectionDepth`. */
  readonly depth: number
  /** Nested fields below `__schema` or `__type`. GraphiQL and code generators need about 16. */
  readonly introspectionDepth: number
  /** Aliased fields, each time they are spread. */
  readonly aliases: number
  /** Fields of the operation's root, fragments followed. */
  readonly rootFields: number
  /** @pothos/plugin-complexity's sum: a field is 1, a list multiplies what it holds. */
  readonly complexity: number
  /** Nesting of the variables' JSON. Coercion recurses, so depth is what could exhaust the stack. */
  readonly variableDepth: number
  /** Bytes of a request body and of a WebSocket message. */
  readonly messageBytes: number
  /** Time for a new socket to send ConnectionInit, in milliseconds; then 4408. */
  readonly connectionInitMs: number
  /** Operations under way on one socket. */
  readonly operationsPerSocket: number
  /** Subscriptions under way for one user in this process, over all sockets and streams. */
  readonly subscriptionsPerUser: number
  /** Bytes that may wait for one socket before it is ended as a slow consumer. */
  readonly bufferedBytes: number
  /** A connection that takes none of the waiting bytes for so long is cut, in milliseconds. */
  readonly stallMs: number
}

export const DEFAULT_LIMITS: Limits = {
  tokens: 1_000,
  depth: 12,
  introspectionDepth: 20,
  aliases: 30,
  rootFields: 20,
  complexity: 10_000,
  variableDepth: 16,
  // A thousand posts to convert, each with its link and its account, are about 150 KiB.
  messageBytes: 256 * 1024,
  connectionInitMs: 10_000,
  operationsPerSocket: 100,
  subscriptionsPerUser: 1_000,
  bufferedBytes: 4 * 1024 * 1024,
  stallMs: 15_000,
}
