import type { ExecutionResult, GraphQLError } from 'graphql'
import { PerchError } from '../domain/errors.ts'
import { clientErrors, maskResult, type Report } from './errors.ts'

/** One step of a subscription: a result, the errors that end it, or its regular end. */
export type Step =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'failed'; readonly errors: readonly GraphQLError[] }
  | { readonly kind: 'done' }

/** A running subscription as a door sees it. */
export interface ClientStream {
  /** The next step; asked one at a time, and not again after the end. */
  next(): Promise<Step>
  /** The client wants no more. */
  stop(): void
}

/**
 * Puts a door's needs around graphql-js's iterator. That one answers neither an abort while it waits for its source
 * nor a return() behind a pending next(); here both end the stream at once, whatever the source does, and the source
 * is told. `ended` is called exactly once, true when nothing went wrong.
 */
export function createClientStream(
  source: AsyncIterable<ExecutionResult>,
  signal: AbortSignal,
  report: Report,
  ended: (ok: boolean) => void,
): ClientStream {
  const iterator = source[Symbol.asyncIterator]()
  let last: Step | undefined
  let waiting: ((step: Step) => void) | undefined

  const give = (step: Step): void => {
    const settle = waiting
    waiting = undefined
    settle?.(step)
  }
  const end = (step: Step): void => {
    if (last) return
    last = step
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a generator that is busy takes its return() only when it yields, and may reject then.
    iterator.return?.().catch(() => {})
    ended(step.kind === 'done')
    give(step)
  }
  const onAbort = (): void => {
    const told = signal.reason instanceof PerchError
    end(told ? { kind: 'failed', errors: clientErrors(signal.reason, report) } : { kind: 'done' })
  }

  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)

  return {
    next() {
      if (last) return Promise.resolve(last)
      return new Promise((resolve) => {
        waiting = resolve
        iterator.next().then(
          (item) => {
            if (last) return
            if (item.done) end({ kind: 'done' })
            else give({ kind: 'result', result: maskResult(item.value, report) })
          },
          (error: unknown) => end({ kind: 'failed', errors: clientErrors(error, report) }),
        )
      })
    },
    stop: () => end({ kind: 'done' }),
  }
}
