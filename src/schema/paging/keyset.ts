import { z } from 'zod'
import { PerchError } from '../../domain/errors.ts'
import { allOf, type SqlFragment, sql } from '../../domain/sql.ts'
import { type PageArgs, type PageSize, pageSize } from './page-args.ts'

/*
 * Keyset paging: a page begins behind an object's place in the order, not at a count, so objects
 * that are inserted meanwhile neither repeat nor displace others. The place is (value, id).
 */

const KINDS = {
  // PostgreSQL knows no year 0.
  timestamptz: z.iso.datetime({ precision: 3 }).refine((text) => !text.startsWith('0000')),
  int: z.int32(),
  text: z.string().refine((text) => !text.includes('\u0000')),
}

const ID_KINDS = {
  uuid: z.guid(),
  xId: z.string().regex(/^[0-9]{1,19}$/),
}

/** An order that objects can be paged in. */
export interface Order<Row> {
  /** Names the order in its cursors, so that a cursor of another order is refused. */
  readonly name: string
  /** The value to order by, over the rows paged, and the id that breaks ties. */
  readonly value: SqlFragment
  readonly id: SqlFragment
  readonly kind: keyof typeof KINDS
  /** The ids' form: ours, when not given, or X's numbers as text. */
  readonly idKind?: keyof typeof ID_KINDS
  readonly descending: boolean
  /** The same value, read from a row. */
  readonly valueOf: (row: Row) => string | number
  readonly idOf: (row: Row) => string
}

type Place = { readonly value: string | number; readonly id: string }

/** A page asked for. */
export interface PageRequest<Row> extends PageSize {
  readonly order: Order<Row>
  readonly after?: Place
  readonly before?: Place
}

/** Reads Relay's arguments for an order. Throws BAD_REQUEST, also for a cursor of another order. */
export function pageRequest<Row>(args: PageArgs, order: Order<Row>): PageRequest<Row> {
  return {
    ...pageSize(args),
    order,
    ...(typeof args.after === 'string' && { after: readCursor(args.after, order) }),
    ...(typeof args.before === 'string' && { before: readCursor(args.before, order) }),
  }
}

/** The page as SQL: `where` and `orderBy` for the rows, and `limit`, one more than the page holds. */
export function pageSql<Row>({ order, size, fromEnd, after, before }: PageRequest<Row>) {
  const cast = (place: Place) => {
    const id = order.idKind === 'xId' ? sql`${place.id}::text` : sql`${place.id}::uuid`
    switch (order.kind) {
      case 'timestamptz':
        return sql`(${place.value}::timestamptz, ${id})`
      case 'int':
        return sql`(${place.value}::int, ${id})`
      case 'text':
        return sql`(${place.value}::text, ${id})`
    }
  }
  const here = sql`(${order.value}, ${order.id})`
  const below = (place: Place) => sql`${here} < ${cast(place)}`
  const above = (place: Place) => sql`${here} > ${cast(place)}`
  const bounds: SqlFragment[] = []
  if (after) bounds.push(order.descending ? below(after) : above(after))
  if (before) bounds.push(order.descending ? above(before) : below(before))
  const descending = order.descending !== fromEnd
  return {
    where: allOf(bounds),
    orderBy: descending
      ? sql`ORDER BY ${order.value} DESC, ${order.id} DESC`
      : sql`ORDER BY ${order.value} ASC, ${order.id} ASC`,
    limit: sql`LIMIT ${size + 1}::int`,
  }
}

/** A page of rows, in the order asked for. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

/** Makes the page of what `pageSql` found (in the order it was found). */
export function cutPage<Item>(found: readonly Item[], request: PageRequest<never>): Page<Item> {
  const more = found.length > request.size
  const rows = found.slice(0, request.size)
  return request.fromEnd
    ? { rows: rows.reverse(), hasPreviousPage: more, hasNextPage: request.before !== undefined }
    : { rows, hasNextPage: more, hasPreviousPage: request.after !== undefined }
}

/** A page as Relay wants it. */
export function toConnection<Row>(page: Page<Row>, order: Order<Row>) {
  const edges = page.rows.map((node) => ({ node, cursor: writeCursor(order, node) }))
  return {
    edges,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

const cursorSchema = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()])

const nameOf = (order: Order<never>): string => `${order.name} ${order.descending ? 'DESC' : 'ASC'}`

function writeCursor<Row>(order: Order<Row>, row: Row): string {
  const place = [nameOf(order), order.valueOf(row), order.idOf(row)]
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function readCursor<Row>(cursor: string, order: Order<Row>): Place {
  const parsed = cursorSchema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')))
  if (!parsed.success) throw new PerchError('BAD_REQUEST', 'This is not a cursor that came from here.')
  const [name, value, id] = parsed.data
  if (name !== nameOf(order))
    throw new PerchError(
      'BAD_REQUEST',
      `This cursor belongs to the order ${name}, but the list is ordered by ${nameOf(order)}. Begin without a cursor.`,
    )
  if (!KINDS[order.kind].safeParse(value).success || !ID_KINDS[order.idKind ?? 'uuid'].safeParse(id).success)
    throw new PerchError('BAD_REQUEST', 'This is not a cursor that came from here.')
  return { value, id }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
