import type { IncomingMessage, ServerResponse } from 'node:http'

/** A check that hangs counts as failed after this time, in milliseconds. */
const PATIENCE_MS = 2_000

export type Readiness = () => Promise<Record<string, boolean>>

/** /health/live: the process answers. Says nothing of what it depends on, so a restart is only for what a restart mends. */
export function live(_request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { status: 'live' })
}

/** /health/ready: 200 when every check holds, else 503, with the checks by name. */
export function createReady(readiness: Readiness, stopping: () => boolean) {
  return async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const checks = { ...(await checked(readiness)), ...(stopping() ? { running: false } : {}) }
    const ready = Object.values(checks).every((holds) => holds)
    sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'unavailable', checks })
  }
}

async function checked(readiness: Readiness): Promise<Record<string, boolean>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Record<string, boolean>>((resolve) => {
    timer = setTimeout(() => resolve({ answeredInTime: false }), PATIENCE_MS)
  })
  try {
    return await Promise.race([readiness(), late])
  } catch {
    return { checksRan: false }
  } finally {
    clearTimeout(timer)
  }
}

/** Answers with JSON that no cache keeps. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
