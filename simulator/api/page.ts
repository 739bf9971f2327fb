import { compareIds, snowflakeAt } from '../core/ids.ts'
import { invalidRequest } from '../http/problems.ts'
import type { XPost } from '../world/model.ts'

/** Which posts of a timeline a page is cut from. Ids are exclusive, `startTime` is inclusive, `endTime` is not. */
export interface Range {
  readonly sinceId?: string | undefined
  readonly untilId?: string | undefined
  readonly startTime?: Date | undefined
  readonly endTime?: Date | undefined
}

export interface Page {
  readonly posts: readonly XPost[]
  readonly meta: Readonly<Record<string, unknown>>
}

/*
 * A token is the edge of the page it comes from, not an offset: posts that arrive while somebody turns pages
 * move nothing. "n" goes on to older posts, "p" back to newer ones.
 */
const token = (direction: 'n' | 'p', id: string) => Buffer.from(`${direction}:${id}`).toString('base64url')

function readToken(parameter: string, value: string): { direction: 'n' | 'p'; id: string } {
  const match = /^([np]):(\d{1,19})$/.exec(Buffer.from(value, 'base64url').toString())
  const [, direction, id] = match ?? []
  if (id === undefined || (direction !== 'n' && direction !== 'p')) {
    throw invalidRequest(`The \`${parameter}\` query parameter value [${value}] is not valid`, { [parameter]: [value] })
  }
  return { direction, id }
}

/** Cuts one page, newest first, from posts that are ordered oldest first. */
export function cutPage(
  timeline: readonly XPost[],
  range: Range,
  size: number,
  given?: { readonly parameter: string; readonly value: string },
): Page {
  const start = range.startTime ? snowflakeAt(range.startTime).toString() : undefined
  const end = range.endTime ? snowflakeAt(range.endTime).toString() : undefined
  const inRange = timeline.filter(
    ({ id }) =>
      (range.sinceId === undefined || compareIds(id, range.sinceId) > 0) &&
      (range.untilId === undefined || compareIds(id, range.untilId) < 0) &&
      (start === undefined || compareIds(id, start) >= 0) &&
      (end === undefined || compareIds(id, end) < 0),
  )
  const cursor = given && readToken(given.parameter, given.value)
  const window = !cursor
    ? inRange.slice(-size)
    : cursor.direction === 'n'
      ? inRange.filter(({ id }) => compareIds(id, cursor.id) < 0).slice(-size)
      : inRange.filter(({ id }) => compareIds(id, cursor.id) > 0).slice(0, size)
  const posts = window.toReversed()
  const newest = posts[0]
  const oldest = posts.at(-1)
  if (!newest || !oldest) return { posts, meta: { result_count: 0 } }
  const older = inRange.some(({ id }) => compareIds(id, oldest.id) < 0)
  return {
    posts,
    meta: {
      result_count: posts.length,
      newest_id: newest.id,
      oldest_id: oldest.id,
      ...(older && { next_token: token('n', oldest.id) }),
      ...(cursor && { previous_token: token('p', newest.id) }),
    },
  }
}
