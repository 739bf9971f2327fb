import { compareIds } from '../core/ids.ts'
import { invalidRequest } from '../http/problems.ts'

/** One page of a list that has no newest_id and oldest_id: likes, direct messages. */
export interface ItemPage<T> {
  readonly shown: readonly T[]
  readonly meta: { readonly result_count: number; readonly next_token?: string; readonly previous_token?: string }
}

/**
 * Cuts a page from items that are ordered newest first by a key that is a number. A token is the edge of its page, not
 * an offset: what arrives while somebody turns pages moves nothing.
 */
export function cutItemPage<T>(
  query: URLSearchParams,
  items: readonly T[],
  size: number,
  keyOf: (item: T) => string,
): ItemPage<T> {
  const cursor = readToken(query)
  const shown = !cursor
    ? items.slice(0, size)
    : cursor.direction === 'n'
      ? items.filter((item) => compareIds(keyOf(item), cursor.key) < 0).slice(0, size)
      : items.filter((item) => compareIds(keyOf(item), cursor.key) > 0).slice(-size)
  const [newest] = shown
  const oldest = shown.at(-1)
  const meta = { result_count: shown.length }
  if (!newest || !oldest) return { shown, meta }
  const older = items.some((item) => compareIds(keyOf(item), keyOf(oldest)) < 0)
  return {
    shown,
    meta: {
      ...meta,
      ...(older && { next_token: token('n', keyOf(oldest)) }),
      ...(cursor && { previous_token: token('p', keyOf(newest)) }),
    },
  }
}

// Padded: X's tokens of direct messages have 16 characters at least.
const token = (direction: 'n' | 'p', key: string) =>
  Buffer.from(`${direction}:${key.padStart(19, '0')}`).toString('base64url')

function readToken(query: URLSearchParams): { direction: 'n' | 'p'; key: string } | undefined {
  const given = query.get('pagination_token')
  if (given === null) return undefined
  const [, direction, digits] = /^([np]):(\d{19})$/.exec(Buffer.from(given, 'base64url').toString()) ?? []
  if (digits !== undefined && (direction === 'n' || direction === 'p')) {
    return { direction, key: BigInt(digits).toString() }
  }
  throw invalidRequest(`The \`pagination_token\` query parameter value [${given}] is not valid`, {
    pagination_token: [given],
  })
}
