import { readInteger } from '../api/parameters.ts'
import { compareIds } from '../core/ids.ts'
import { invalidRequest } from '../http/problems.ts'

/** One page of a list, and the token of the next. */
export interface ChatPage<T> {
  readonly shown: readonly T[]
  readonly meta: { readonly result_count: number; readonly has_more: boolean; readonly next_token?: string }
}

/**
 * Cuts a page from items that are ordered by sequence id, the greatest first. A token is the edge of its page, not an
 * offset: what arrives while somebody turns pages moves nothing.
 */
export function cutChatPage<T>(
  query: URLSearchParams,
  items: readonly T[],
  sequenceOf: (item: T) => string,
): ChatPage<T> {
  const size = readInteger(query, 'max_results', 1, 100, 10)
  const edge = readToken(query)
  const rest = edge === undefined ? items : items.filter((item) => compareIds(sequenceOf(item), edge) < 0)
  const shown = rest.slice(0, size)
  const last = shown.at(-1)
  if (!last || rest.length === shown.length) return { shown, meta: { result_count: shown.length, has_more: false } }
  const token = Buffer.from(`n:${sequenceOf(last)}`).toString('base64url')
  return { shown, meta: { result_count: shown.length, has_more: true, next_token: token } }
}

function readToken(query: URLSearchParams): string | undefined {
  const given = query.get('pagination_token')
  if (given === null) return undefined
  const [, edge] = /^n:(\d{1,19})$/.exec(Buffer.from(given, 'base64url').toString()) ?? []
  if (edge !== undefined) return edge
  throw invalidRequest(`The \`pagination_token\` query parameter value [${given}] is not valid`, {
    pagination_token: [given],
  })
}
