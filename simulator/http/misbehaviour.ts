import type { ServerResponse } from 'node:http'
import type { Fault, FaultKind } from './faults.ts'
import { plainProblem, type Reply } from './problems.ts'
import { begin, send, textOf } from './send.ts'

const HTML = '<!DOCTYPE html><html><head><title>X</title></head><body><h1>Something is wrong</h1></body></html>'

/** Whether the call is never carried out. The other kinds spoil the answer of a call that is. */
export const isInsteadOfAnswer = ({ kind }: Fault): boolean => ['status', 'html', 'hang', 'disconnect'].includes(kind)

/** Does in the place of an answer what the fault says. */
export function misbehave(response: ServerResponse, fault: Fault, now: Date): void {
  const status = fault.status ?? 503
  // A hang needs nothing: the socket stays open until the client or the simulator gives up.
  if (fault.kind === 'disconnect') response.destroy()
  if (fault.kind === 'html') {
    send(response, { status, body: HTML }, { 'content-type': 'text/html; charset=utf-8' })
  }
  if (fault.kind === 'status') {
    const { reply } = plainProblem(status, undefined, status === 429 ? limitHeaders(fault, now) : {})
    send(response, reply, reply.headers ?? {})
  }
}

function limitHeaders({ resetSeconds }: Fault, now: Date): Record<string, string> {
  if (resetSeconds === null) return {}
  const reset = String(Math.ceil(now.getTime() / 1_000) + (resetSeconds ?? 900))
  const headers = { 'x-rate-limit-limit': '1', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': reset }
  // X's clock, which the window's end is to be compared with.
  return { date: now.toUTCString(), ...headers }
}

/**
 * Half of the answer to a call that was carried out. `truncate` promises the whole and hangs up in the middle,
 * `half-json` calls the half the whole, `hang-body` sends it and then nothing more.
 */
export function spoil(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  kind: FaultKind,
): void {
  const whole = Buffer.from(textOf(reply))
  const half = whole.subarray(0, Math.floor(whole.length / 2))
  const promised = kind === 'half-json' ? half : whole
  begin(response, reply.status, { ...headers, 'content-length': String(promised.length) })
  if (kind === 'half-json') response.end(half)
  else response.write(half, () => kind === 'truncate' && response.destroy())
}
