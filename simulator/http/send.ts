import type { ServerResponse } from 'node:http'
import type { Reply } from './problems.ts'

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** A reply's body as it goes over the wire. */
export const textOf = ({ body }: Reply): string => (typeof body === 'string' ? body : JSON.stringify(body))

/** Writes the status line and headers: JSON unless they say otherwise. */
export function begin(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, { ...JSON_TYPE, ...headers })
}

/** Answers. */
export function send(response: ServerResponse, reply: Reply, headers: Readonly<Record<string, string>>): void {
  begin(response, reply.status, headers)
  response.end(textOf(reply))
}
