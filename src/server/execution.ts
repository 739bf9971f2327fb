import { type ExecutionResult, execute, subscribe } from 'graphql'
import type { Admitted } from './admission.ts'
import { clientErrors, maskResult, type Report } from './errors.ts'
import type { Metrics } from './metrics.ts'
import { type ClientStream, createClientStream } from './stream.ts'

export type Outcome = { readonly result: ExecutionResult } | { readonly stream: ClientStream }

/**
 * Runs an admitted operation to its result or its stream, with all errors masked. Never throws. A subscription whose
 * source cannot be opened is a result without data.
 */
export async function run(admitted: Admitted, report: Report, metrics: Pick<Metrics, 'operation'>): Promise<Outcome> {
  const { args, operation, type, name } = admitted
  const started = performance.now()
  const done = (ok: boolean): void => {
    operation.finish()
    metrics.operation(name, type, ok ? 'ok' : 'errors', (performance.now() - started) / 1000)
  }
  try {
    const outcome = type === 'subscription' ? await subscribe(args) : await execute(args)
    if (Symbol.asyncIterator in outcome) {
      return { stream: createClientStream(outcome, operation.signal, report, done) }
    }
    done(!outcome.errors?.length)
    return { result: maskResult(outcome, report) }
  } catch (error) {
    done(false)
    return { result: { errors: clientErrors(error, report) } }
  }
}
