import type { LogReader } from './log-reader.ts'

/** The same log, but a question that is not answered within `ms` fails: a hung connection must not hang the feed. */
export function timedLog(log: LogReader, ms: number): LogReader {
  return {
    head: () => within(ms, log.head()),
    read: (after, limit) => within(ms, log.read(after, limit)),
  }
}

function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The event log did not answer within ${ms} ms.`)), ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
