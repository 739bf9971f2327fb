import type { RelayPluginOptions } from '@pothos/plugin-relay'
import type { GraphQLResolveInfo } from 'graphql'
import { PerchError } from '../domain/errors.ts'
import { isStaff } from '../domain/visibility.ts'
import type { Context } from './context.ts'
import { decodeGlobalId, encodeGlobalId } from './global-id.ts'
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './paging/page-args.ts'
import type { SchemaTypes } from './schema-types.ts'

type Types = PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>
type NodeId = { typename: string; id: string }

/**
 * What an end user may fetch by id; incoming posts are for administrators (F19). Tickets and comments are narrowed to their own by the types
 * themselves; of people, only themselves; how the team is set up is not theirs to read.
 */
function mayFetch({ viewer }: Context, { typename, id }: NodeId): boolean {
  if (viewer === null) return false
  if (typename === 'IncomingPost') return viewer.role === 'ADMIN'
  if (isStaff(viewer) || typename === 'Ticket' || typename === 'Comment') return true
  return typename === 'User' && id === viewer.userId
}

/** Relay as the schema speaks it, with a description on everything that the plugin adds. */
export const relayOptions = {
  encodeGlobalID: encodeGlobalId,
  decodeGlobalID: decodeGlobalId,
  cursorType: 'String',
  nodesOnConnection: { description: 'The objects of the page, in order.' },
  nodeTypeOptions: { description: 'An object that can be fetched by its id.' },
  pageInfoTypeOptions: { description: 'Where a page lies among all of them.' },
  idFieldOptions: { description: 'The global id: opaque, and the same for as long as the object lives.' },
  nodeQueryOptions: {
    description: 'The object with this id; null when there is none, or none that you see.',
    args: { id: { description: 'A global id.' } },
    resolve: (
      _root: object,
      { id }: { id: NodeId },
      context: Context,
      _info: GraphQLResolveInfo,
      load: (id: NodeId) => unknown,
    ) => (mayFetch(context, id) ? load(id) : null),
  },
  nodesQueryOptions: {
    description: 'The objects with these ids, in that order; null in the place of each that you do not see.',
    args: { ids: { description: `At most ${MAX_PAGE_SIZE} global ids.` } },
    resolve: async (
      _root: object,
      { ids }: { ids: NodeId[] },
      context: Context,
      _info: GraphQLResolveInfo,
      load: (ids: NodeId[]) => Promise<unknown[]>,
    ) => {
      if (ids.length > MAX_PAGE_SIZE)
        throw new PerchError('BAD_REQUEST', `At most ${MAX_PAGE_SIZE} ids can be given; there are ${ids.length}.`)
      // The plugin loads every id of the arguments, whatever it is handed here; so what may not be seen is cut out.
      const loaded = await load(ids)
      return ids.map((id, index) => (mayFetch(context, id) ? loaded[index] : null))
    },
    complexity: ({ ids }: { ids: readonly unknown[] }) => ({ field: 1, multiplier: ids.length }),
  },
  edgesFieldOptions: { description: 'The objects of the page with their cursors, in order.' },
  nodeFieldOptions: { description: 'The object.' },
  cursorFieldOptions: { description: 'Its place: what `after` and `before` take.' },
  pageInfoFieldOptions: { description: 'Where this page lies.' },
  hasNextPageFieldOptions: { description: 'Whether more follow behind this page.' },
  hasPreviousPageFieldOptions: { description: 'Whether more stand before this page.' },
  startCursorFieldOptions: { description: 'The cursor of the first of the page; null when it is empty.' },
  endCursorFieldOptions: { description: 'The cursor of the last of the page; null when it is empty.' },
  firstArgOptions: {
    description: `How many from the start, at most ${MAX_PAGE_SIZE}. Without first and last: ${DEFAULT_PAGE_SIZE}.`,
  },
  lastArgOptions: { description: `How many from the end, at most ${MAX_PAGE_SIZE}.` },
  afterArgOptions: { description: 'Only what stands behind this cursor.' },
  beforeArgOptions: { description: 'Only what stands before this cursor.' },
  defaultConnectionTypeOptions: { description: 'A page of a list.' },
  defaultEdgeTypeOptions: { description: 'An object in a list, and its place there.' },
  defaultConnectionFieldOptions: {
    complexity: ({ first, last }: { first?: number | null; last?: number | null }) => ({
      field: 1,
      multiplier: Math.min(MAX_PAGE_SIZE, Math.max(0, first ?? last ?? DEFAULT_PAGE_SIZE)),
    }),
  },
} as RelayPluginOptions<Types>
