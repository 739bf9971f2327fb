/* Perch's GraphQL API, as whoever the cookie says. The header tells the server that this page asks, and no other. */

const HEADERS = { 'content-type': 'application/json', 'x-perch-page': 'requester' }

/** What the API refused. `code` is one of docs/errors.md, or NETWORK. */
export class ApiError extends Error {
  constructor(code, message) {
    super(message)
    this.name = 'ApiError'
    this.code = code
  }
}

/** Whether the person must sign in, again or for the first time. */
export const isSignedOut = (error) => error?.code === 'UNAUTHENTICATED' || error?.code === 'TOKEN_EXPIRED'

async function post(query, variables, accept, signal) {
  try {
    const body = JSON.stringify({ query, variables })
    return await fetch('/graphql', { method: 'POST', headers: { ...HEADERS, accept }, body, signal })
  } catch {
    throw new ApiError('NETWORK', 'There is no connection at the moment.')
  }
}

function refuse(errors) {
  const [first] = errors
  throw new ApiError(first?.extensions?.code ?? 'UNKNOWN', first?.message ?? 'Something went wrong.')
}

/** The data of an operation. Throws ApiError. */
export async function ask(query, variables = {}) {
  const response = await post(query, variables, 'application/json')
  const answer = await response.json().catch(() => undefined)
  if (!answer) throw new ApiError('NETWORK', `The server answered ${response.status}. Try again in a moment.`)
  if (answer.errors) refuse(answer.errors)
  return answer.data
}

/** The results of a subscription, by server-sent events, until `signal` aborts. Throws ApiError when it breaks off. */
async function* listen(query, variables, signal) {
  const response = await post(query, variables, 'text/event-stream', signal)
  if (!response.body) throw new ApiError('NETWORK', 'The connection was lost.')
  let rest = ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }))
    if (done) throw new ApiError('NETWORK', 'The connection was lost.')
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) {
      const data = /^data: ?(.*)$/m.exec(block)?.[1]
      if (!/^event: ?next$/m.test(block) || !data) continue
      const result = JSON.parse(data)
      if (result.errors) refuse(result.errors)
      yield result.data
    }
  }
}

const EVENTS = `subscription ($after: Position) { ticketEvents(after: $after) { position ticket { number } } }`
const LONGEST_PAUSE_MS = 30_000

/**
 * Tells of every ticket that something happens to, by its number, without a gap: after a break it goes on where it was.
 * `null` says that anything may have happened. Ends when `signal` aborts, or nobody is signed in any more.
 */
export async function follow(position, onTicket, signal) {
  let after = position
  let pause = 1_000
  while (!signal.aborted) {
    try {
      for await (const { ticketEvents } of listen(EVENTS, { after }, signal)) {
        after = ticketEvents.position
        pause = 1_000
        onTicket(ticketEvents.ticket?.number ?? null)
      }
    } catch (error) {
      if (signal.aborted || isSignedOut(error)) return
      if (error.code === 'POSITION_EXPIRED') {
        after = undefined
        onTicket(null)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
}
