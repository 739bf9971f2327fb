import { snowflakeAt, timeOfId } from '../core/ids.ts'
import { invalidRequest, nothingThere, type Reply } from '../http/problems.ts'
import type { AuthorizedCall, Route } from '../http/router.ts'
import { cutPage, type Page, type Range } from './page.ts'
import { checkId, readId, readInteger, readSelection, readTime, type Selection } from './parameters.ts'
import { bodyOf, renderPosts } from './render-posts.ts'
import { parseQuery, QueryError } from './search-query.ts'
import { canSee } from './visibility.ts'

const ACCESS = { user: ['tweet.read', 'users.read'], app: true }
const RANGE = ['since_id', 'until_id', 'start_time', 'end_time', 'max_results', 'pagination_token']
const DAY_MS = 86_400_000
const SEARCH_DAYS = 7
const MAX_QUERY = 512
/** X keeps this many of a user's mentions in reach. */
const MENTIONS_KEPT = 800
const OWN_KEPT = 3_200

const readRange = (query: URLSearchParams): Range => ({
  sinceId: readId(query, 'since_id'),
  untilId: readId(query, 'until_id'),
  startTime: readTime(query, 'start_time'),
  endTime: readTime(query, 'end_time'),
})

function cursorOf(query: URLSearchParams): { parameter: string; value: string } | undefined {
  for (const parameter of ['pagination_token', 'next_token']) {
    const value = query.get(parameter)
    if (value !== null) return { parameter, value }
  }
  return undefined
}

const answer = (call: AuthorizedCall, page: Page, selection: Selection): Reply => ({
  status: 200,
  body: bodyOf(renderPosts(call, page.posts, selection), page.meta),
})

/** GET /2/users/:id/mentions */
function mentions(call: AuthorizedCall): Reply {
  const { query, simulation, caller } = call
  const selection = readSelection(query, 'post', RANGE)
  const id = checkId('id', call.params['id'] ?? '')
  const size = readInteger(query, 'max_results', 5, 100, 10)
  const range = readRange(query)
  if (!simulation.world.users.has(id)) throw nothingThere('user', 'id', id)
  const visible = simulation.world.mentioning(id).filter((post) => canSee(simulation.world, caller, post))
  return answer(call, cutPage(visible.slice(-MENTIONS_KEPT), range, size, cursorOf(query)), selection)
}

/** GET /2/users/:id/tweets: what the user said, reposts and answers included. X keeps the last 3,200 in reach. */
function own(call: AuthorizedCall): Reply {
  const { query, simulation, caller } = call
  const selection = readSelection(query, 'post', [...RANGE, 'exclude'])
  const id = checkId('id', call.params['id'] ?? '')
  const size = readInteger(query, 'max_results', 5, 100, 10)
  const range = readRange(query)
  if (!simulation.world.users.has(id)) throw nothingThere('user', 'id', id)
  const said = simulation.world.timeline.filter(
    (post) => post.authorId === id && canSee(simulation.world, caller, post),
  )
  return answer(call, cutPage(said.slice(-OWN_KEPT), range, size, cursorOf(query)), selection)
}

/** GET /2/tweets/search/recent: the last seven days. */
function search(call: AuthorizedCall): Reply {
  const { query, simulation, caller } = call
  const selection = readSelection(query, 'post', [...RANGE, 'query', 'next_token', 'sort_order'])
  const text = query.get('query') ?? ''
  if (text.trim() === '') throw invalidRequest('The `query` query parameter can not be empty', { query: [text] })
  if (text.length > MAX_QUERY) {
    const message = `There were errors processing your request: Rules must be ${MAX_QUERY} characters or less`
    throw invalidRequest(message, { query: [text] })
  }
  const size = readInteger(query, 'max_results', 10, 100, 10)
  const range = searchRange(readRange(query), simulation.now(), simulation.policy.searchLagSeconds)
  try {
    const matches = parseQuery(text, simulation.world)
    const found = simulation.world.timeline.filter((post) => matches(post) && canSee(simulation.world, caller, post))
    return answer(call, cutPage(found, range, size, cursorOf(query)), selection)
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    throw invalidRequest(`There were errors processing your request: ${error.message}`, { query: [text] })
  }
}

function searchRange(range: Range, now: Date, lagSeconds: number): Range {
  const oldest = new Date(now.getTime() - SEARCH_DAYS * DAY_MS)
  const since = range.sinceId
  if (since !== undefined && timeOfId(since).getTime() < oldest.getTime()) {
    throw invalidRequest(
      `'since_id' must be a tweet id created after [${oldest.toISOString()}]. ` +
        `Please use a 'since_id' that is larger than ${snowflakeAt(oldest)}`,
      { since_id: [since] },
    )
  }
  if (range.startTime && range.startTime.getTime() < oldest.getTime()) {
    const value = range.startTime.toISOString()
    throw invalidRequest(`'start_time' must be on or after ${oldest.toISOString()}`, { start_time: [value] })
  }
  const unbounded = since === undefined && !range.startTime && !range.endTime
  const endTime = unbounded && lagSeconds > 0 ? new Date(now.getTime() - lagSeconds * 1_000) : range.endTime
  return { ...range, startTime: range.startTime ?? oldest, endTime }
}

/** Mentions of a user and recent search. */
export const timelineRoutes: readonly Route[] = [
  { method: 'GET', path: '/2/users/:id/tweets', access: ACCESS, handle: own },
  { method: 'GET', path: '/2/users/:id/mentions', access: ACCESS, handle: mentions },
  { method: 'GET', path: '/2/tweets/search/recent', access: ACCESS, handle: search },
]
