import { parseArgs } from 'node:util'
import { connect } from './connection.ts'
import { followTickets } from './follow.ts'
import { lineOf } from './line.ts'
import { makeToken } from './token.ts'

/*
 * `npm run -s watch`: a live list of new tickets. Tickets go to standard output, what happens to the
 * connection goes to standard error. Shows how a client is written: it imports nothing from src/.
 */

const USAGE = 'Usage: npm run -s watch -- [--url http://HOST:PORT] [--token TOKEN] [--after POSITION] [--json]'

async function watch(): Promise<never> {
  const { url, token, after, json } = readOptions()
  const given = token ?? process.env['PERCH_TOKEN']
  const say = (sentence: string) => void process.stderr.write(`${sentence}\n`)
  const client = connect({
    url,
    say,
    renewable: !given,
    // Made anew for each connection: one that was made for the last may have expired since.
    token: async () => given || makeToken().catch(fail),
  })
  return followTickets(client, {
    after,
    say,
    onTicket: (created) => {
      const { position, at, ticket } = created
      const line = json ? JSON.stringify({ position, at, ticket }) : lineOf(created, process.stdout.columns)
      process.stdout.write(`${line}\n`)
    },
  })
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      after: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const address = values.url ?? `http://127.0.0.1:${process.env['PORT'] || 4000}`
  if (!/^(https?|wss?):\/\//.test(address) || !URL.canParse(address)) {
    throw new Error(`--url must be an address such as http://127.0.0.1:4000. ${USAGE}`)
  }
  const url = new URL(address)
  url.protocol = url.protocol.replace('http', 'ws')
  if (url.pathname === '/') url.pathname = '/graphql'
  return { ...values, url: url.href }
}

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  const unknown = error instanceof TypeError && 'code' in error // parseArgs: an option that there is not
  process.stderr.write(`${message}${unknown ? `\n${USAGE}` : ''}\n`)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0))
// Whoever reads us has had enough, as in `npm run -s watch | head`.
process.stdout.on('error', () => process.exit(0))

watch().catch(fail)
