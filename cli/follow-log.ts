import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'graphql-ws'
import { z } from 'zod'
import { closing } from './connection.ts'
import { CommandError } from './outcome.ts'

/** GraphQL errors after which another try may go well. Those of any other code are told, and are the end. */
const PASSING: readonly unknown[] = ['UNAVAILABLE', 'INTERNAL_SERVER_ERROR']
/** Ends of a socket that another socket would meet too (src/pubsub/PROTOCOL.md). */
const LASTING: readonly unknown[] = [4400, 4406, 4409, 4429]
/** graphql-ws closes with it when the token could not be made. */
const NO_TOKEN = 4005
const PAUSE_MS = 1_000

/** The log no longer reaches back to the position, or is another one. */
export class PositionExpired extends Error {}

/** What a payload came to. */
export interface Taken {
  /** Its place in the log: what comes next is asked for behind it. */
  readonly position: string
  /** Nothing more is wanted. */
  readonly last?: boolean
}

export interface LogSubscription {
  /** A subscription with the variable `$after`. */
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
  readonly after: string
  /** A payload without any of its fields is asked for again: for whoever keeps what it gets. */
  readonly whole?: boolean
  /** Handles the data of a payload. What was handled is never sent again. */
  readonly take: (data: unknown) => Taken
}

/**
 * Every payload behind a position, each once and in order, whatever becomes of the connection. Resolves when Perch has
 * no more or `take` wants no more. Rejects with PositionExpired, or with one sentence when going on is no use.
 */
export async function followLog(client: Client, subscription: LogSubscription): Promise<void> {
  // graphql-ws sends this object again after each reconnect: it must always hold the last position.
  const variables = { ...subscription.variables, after: subscription.after }
  for (;;) {
    try {
      return await run(client, { query: subscription.query, variables }, (data, errors) => {
        if (subscription.whole && errors) throw errors
        const { position, last } = subscription.take(data)
        variables.after = position
        return last === true
      })
    } catch (error) {
      refuseLasting(error)
      await sleep(PAUSE_MS)
    }
  }
}

/** A query over the same socket. Asked again until there is an answer; rejects as `followLog` does. */
export async function askOnce<T>(client: Client, form: z.ZodType<T>, query: string): Promise<T> {
  for (;;) {
    try {
      let answer: T | undefined
      await run(client, { query, variables: {} }, (data) => {
        answer = form.parse(data)
        return false
      })
      if (answer !== undefined) return answer
    } catch (error) {
      refuseLasting(error)
    }
    await sleep(PAUSE_MS)
  }
}

/** Throws one sentence, or PositionExpired, unless another try may go well. */
function refuseLasting(error: unknown): void {
  const { data: end } = closing.safeParse(error)
  if (end?.code === 4401 || end?.code === 4403) throw refused(end.reason)
  if (end) {
    if (end.code === NO_TOKEN) throw new CommandError(end.reason)
    if (LASTING.includes(end.code))
      throw new CommandError(`Perch closed the connection for good: ${end.code} ${end.reason}`)
    return
  }
  const { data: errors } = graphqlErrors.safeParse(error)
  const first = errors?.[0]
  if (!first) throw error
  const code = first.extensions?.code
  if (code === 'POSITION_EXPIRED') throw new PositionExpired(first.message)
  if (code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED') throw refused(first.message)
  if (!PASSING.includes(code)) throw new CommandError(`Perch refused: ${first.message}`)
}

const graphqlErrors = z.array(
  z.object({ message: z.string(), extensions: z.object({ code: z.string().optional() }).optional() }),
)

const refused = (reason: string) =>
  new CommandError(`Perch refused the token (${reason.replace(/\.$/, '')}): give another with --token or PERCH_TOKEN.`)

/** One operation, until it is complete or `onData` says that it is enough. Rejects with what ended it. */
function run(
  client: Client,
  operation: { query: string; variables: Record<string, unknown> },
  onData: (data: unknown, errors: unknown) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ending: unknown
    let over = false
    const finish = (settle: () => void): void => {
      over = true
      stop()
      settle()
    }
    const stop = client.subscribe(operation, {
      next: ({ data, errors }) => {
        if (over) return
        // Fields that failed beside others that did not are no end: the payload still counts.
        if (!data) {
          ending = errors
          return
        }
        try {
          if (onData(data, errors)) finish(resolve)
        } catch (error) {
          finish(() => reject(error))
        }
      },
      error: (error) => !over && reject(error),
      complete: () => !over && (ending === undefined ? resolve() : reject(ending)),
    })
  })
}
