import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'graphql-ws'
import { z } from 'zod'
import { closing } from './connection.ts'

const created = z.object({
  position: z.string(),
  at: z.string(),
  ticket: z
    .object({
      id: z.string(),
      number: z.number(),
      subject: z.string(),
      status: z.string(),
      channel: z.string(),
      createdAt: z.string(),
      requester: z.object({ name: z.string(), xProfile: z.object({ username: z.string() }).nullable() }),
    })
    .nullable(),
})

/** A payload of `ticketCreated`. */
export type NewTicket = z.infer<typeof created>

const SUBSCRIPTION = `subscription ($after: Position) {
  ticketCreated(after: $after) {
    position
    at
    ticket { id number subject status channel createdAt requester { name xProfile { username } } }
  }
}`

/** GraphQL errors after which another try may go well. Those of any other code are told, and are the end. */
const PASSING: readonly unknown[] = ['UNAVAILABLE', 'INTERNAL_SERVER_ERROR']
/** Ends of a socket that another socket would meet too (src/pubsub/PROTOCOL.md). */
const LASTING: readonly unknown[] = [4400, 4406, 4409, 4429]
const PAUSE_MS = 1_000

export interface FollowOptions {
  /** Begin behind this position; not given: from now on. */
  readonly after: string | undefined
  readonly onTicket: (created: NewTicket) => void
  readonly say: (sentence: string) => void
}

/** Tells of every new ticket, each once and in order. Never resolves; rejects with one sentence when going on is no use. */
export async function followTickets(client: Client, { after, onTicket, say }: FollowOptions): Promise<never> {
  let position = after
  for (;;) {
    const asked = await settled(async () => {
      position ??= await currentPosition(client)
      await follow(client, position, (ticket) => {
        onTicket(ticket)
        position = ticket.position // only now: what was handled is never sent again
      })
    })
    if (asked === 'expired') {
      say(
        'Perch no longer has what came after the last position: going on from now; some tickets may not have been shown.',
      )
      position = undefined
    } else {
      await sleep(PAUSE_MS)
    }
  }
}

/** Runs `ask` to its end and says what to do next. Throws one sentence when there is nothing to be done. */
async function settled(ask: () => Promise<void>): Promise<'expired' | 'again'> {
  try {
    await ask()
    return 'again'
  } catch (error) {
    return nextAfter(error)
  }
}

function nextAfter(error: unknown): 'expired' | 'again' {
  const { data: end } = closing.safeParse(error)
  if (end?.code === 4401 || end?.code === 4403) throw refused(end.reason)
  if (end) {
    if (LASTING.includes(end.code)) throw new Error(`Perch closed the connection for good: ${end.code} ${end.reason}`)
    return 'again'
  }
  const { data: errors } = graphqlErrors.safeParse(error)
  const first = errors?.[0]
  if (!first) throw error
  const code = first.extensions?.code
  if (code === 'POSITION_EXPIRED') return 'expired'
  if (code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED') throw refused(first.message)
  if (PASSING.includes(code)) return 'again'
  throw new Error(`Perch refused: ${first.message}`)
}

const graphqlErrors = z.array(
  z.object({ message: z.string(), extensions: z.object({ code: z.string().optional() }).optional() }),
)

const refused = (reason: string) =>
  new Error(`Perch refused the token (${reason.replace(/\.$/, '')}): give another with --token or PERCH_TOKEN.`)

/** The end of the log: asked for first, so that nothing is lost when the connection breaks before the first ticket. */
async function currentPosition(client: Client): Promise<string> {
  let position: string | undefined
  await run(client, 'query { tickets(first: 1) { position } }', {}, (data) => {
    position = z.object({ tickets: z.object({ position: z.string() }) }).parse(data).tickets.position
  })
  if (position === undefined) throw new Error('Perch gave no position.')
  return position
}

async function follow(client: Client, after: string, onTicket: (created: NewTicket) => void): Promise<void> {
  // graphql-ws sends this object again after each reconnect: it must always hold the last position.
  const variables = { after }
  await run(client, SUBSCRIPTION, variables, (data) => {
    const { ticketCreated } = z.object({ ticketCreated: created }).parse(data)
    onTicket(ticketCreated)
    variables.after = ticketCreated.position
  })
}

/** One operation. Resolves when it is complete, rejects with the GraphQL errors or the close event that ended it. */
function run(
  client: Client,
  query: string,
  variables: Record<string, unknown>,
  onData: (data: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ending: unknown
    client.subscribe(
      { query, variables },
      {
        next: ({ data, errors }) => {
          // Fields that failed beside others that did not are no end: the payload still counts.
          if (!data) ending = errors
          else onData(data)
        },
        error: reject,
        complete: () => (ending === undefined ? resolve() : reject(ending)),
      },
    )
  })
}
