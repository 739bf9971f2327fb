import { PerchError } from '../domain/errors.ts'

/* Global ids: what clients keep of an object. Opaque to them: base64 of `Type:uuid`; of an incoming post, with X's id. */

/** The types that `node` finds. */
const NODE_TYPES = ['Ticket', 'Comment', 'User', 'Account', 'Group', 'IncomingPost', 'BulkUpdateJob'] as const
export type NodeType = (typeof NODE_TYPES)[number]

const FORM = /^([A-Za-z]+):([0-9a-f-]+)$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const X_ID = /^[1-9][0-9]{0,18}$/

/** The global id of an object. */
export function encodeGlobalId(type: string, id: string | number | bigint): string {
  return Buffer.from(`${type}:${id}`).toString('base64')
}

/** The type and the database's id; undefined when the text is not a global id of ours. */
export function parseGlobalId(text: string): { typename: NodeType; id: string } | undefined {
  const match = FORM.exec(Buffer.from(text, 'base64').toString('utf8'))
  const typename = NODE_TYPES.find((type) => type === match?.[1])
  const id = match?.[2]
  if (typename === undefined || id === undefined) return undefined
  return (typename === 'IncomingPost' ? X_ID : UUID).test(id) ? { typename, id } : undefined
}

/** Like `parseGlobalId`, but throws BAD_REQUEST. */
export function decodeGlobalId(text: string): { typename: NodeType; id: string } {
  const parsed = parseGlobalId(text)
  if (!parsed) throw new PerchError('BAD_REQUEST', `${quoted(text)} is not an id.`)
  return parsed
}

/** The database's id out of the global id of an object of this type. Throws BAD_REQUEST. */
export function decodeIdOf(type: NodeType, text: string): string {
  const { typename, id } = decodeGlobalId(text)
  if (typename !== type)
    throw new PerchError('BAD_REQUEST', `${quoted(text)} is the id of a ${typename}, not of a ${type}.`)
  return id
}

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
