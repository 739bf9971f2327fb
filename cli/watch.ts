import { parseArgs } from 'node:util'
import { connect } from './connection.ts'
import { followTickets } from './follow.ts'
import { lineOf } from './line.ts'
import { say } from './outcome.ts'
import { readServer, SERVER_OPTIONS, SERVER_USAGE } from './server.ts'

/*
 * `perch watch`: a live list of new tickets. Tickets go to standard output, what happens to the
 * connection goes to standard error. Shows how a client is written: it imports nothing from src/.
 */

export const WATCH_USAGE = `Usage: perch watch [options]

Shows new tickets as they come, until Ctrl-C.

  --after POSITION         first those that came after this position; if not given: from now on
  --json                   JSON lines
${SERVER_USAGE}`

/** Never resolves; rejects with one sentence. */
export async function watch(args: string[]): Promise<never> {
  const { values } = parseArgs({
    args,
    options: { ...SERVER_OPTIONS, after: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  const { after, json } = values
  // What ends a list that never ends is no failure.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0))
  const server = readServer(values)
  await server.token() // said now, and in full, if there is none
  return followTickets(connect({ server, say }), {
    after,
    say,
    onTicket: (created) => {
      const { position, at, ticket } = created
      const line = json ? JSON.stringify({ position, at, ticket }) : lineOf(created, process.stdout.columns)
      process.stdout.write(`${line}\n`)
    },
  })
}
