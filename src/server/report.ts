import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Report } from './errors.ts'

const HEADER = 'x-request-id'

/** Logs what is masked from a client under `requestId` (a new one each time, when omitted), and returns that id. */
export function createReport(logger: Logger, requestId?: string): Report {
  return (error) => {
    const id = requestId ?? randomUUID()
    logger.error({ err: error, requestId: id }, 'An operation failed unexpectedly')
    return id
  }
}

/** Gives a response its id, which the client can quote. Ids sent by clients are not taken over: they would enter our log. */
export function nameRequest(response: ServerResponse): void {
  response.setHeader(HEADER, randomUUID())
}

/** The id given by nameRequest. */
export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader(HEADER))
}
