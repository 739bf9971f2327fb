import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, GraphQLClient } from 'graphql-request'
import type { z } from 'zod'
import { CommandError } from './outcome.ts'
import type { Server } from './server.ts'

/** GraphQL errors after which the same question may go well. */
const PASSING: readonly unknown[] = ['UNAVAILABLE', 'INTERNAL_SERVER_ERROR']
/** What a proxy says of a server that is away. */
const AWAY = [502, 503, 504]
/** A server that went away without a word is not waited for longer. */
const ANSWER_MS = 30_000

export interface Asking {
  /** How long an answer may take. */
  readonly answerMs?: number
  /** How long a server that does not answer is asked again. */
  readonly patienceMs?: number
  /** The first time that it has to be asked again. */
  readonly onTrouble?: () => void
}

/** Queries and mutations over HTTP. */
export interface Api {
  /** Asks, again if there is no answer, and checks the answer's form. Throws CommandError with one sentence. */
  ask<T>(form: z.ZodType<T>, query: string, variables?: Record<string, unknown>, asking?: Asking): Promise<T>
}

export function createApi(server: Server): Api {
  let token: Promise<string> | undefined
  const client = new GraphQLClient(server.http)
  return {
    async ask(form, query, variables = {}, { answerMs = ANSWER_MS, patienceMs = 3_000, onTrouble } = {}) {
      const until = performance.now() + patienceMs
      for (let attempt = 0; ; attempt++) {
        token ??= server.token()
        const authorization = `Bearer ${await token}`
        try {
          const signal = AbortSignal.timeout(answerMs)
          const requestHeaders = { authorization }
          return form.parse(await client.request({ document: query, variables, requestHeaders, signal }))
        } catch (error) {
          const wait = Math.min(2_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2)
          if (!passing(error) || performance.now() + wait > until) throw told(error, server.http)
          if (attempt === 0) onTrouble?.()
          await sleep(wait)
        }
      }
    },
  }
}

function passing(error: unknown): boolean {
  if (!(error instanceof ClientError)) return isNetworkError(error)
  const codes = error.response.errors?.map(({ extensions }) => extensions?.['code']) ?? []
  return codes.length > 0 ? codes.every((code) => PASSING.includes(code)) : AWAY.includes(error.response.status)
}

/** `fetch` rejects with a TypeError that has a cause when there was no answer, or none to its end. */
const isNetworkError = (error: unknown): boolean =>
  error instanceof Error &&
  (error instanceof TypeError
    ? error.cause !== undefined
    : ['AbortError', 'SocketError', 'TimeoutError'].includes(error.name))

function told(error: unknown, url: string): unknown {
  if (isNetworkError(error)) return new CommandError(`No answer from ${url}: is Perch running there? See --url.`)
  if (!(error instanceof ClientError)) return error
  const first = error.response.errors?.[0]
  const code = first?.extensions?.['code']
  if (code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED')
    return new CommandError(
      `Perch refused the token (${first?.message.replace(/\.$/, '')}): give another with --token or PERCH_TOKEN.`,
    )
  return new CommandError(
    first ? `Perch refused: ${first.message}` : `${url} answered with status ${error.response.status}: is it a Perch?`,
  )
}
