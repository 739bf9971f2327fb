// Appends to events.jsonl what happened to tickets since its last line. Run it as often as you like.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { GraphQLClient } from 'graphql-request'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

const url = process.env.PERCH_GRAPHQL_URL ?? 'http://127.0.0.1:4000/graphql'
const authorization = `Bearer ${process.env.PERCH_TOKEN}`
const file = 'events.jsonl'

const perch = new GraphQLClient(url, { headers: { authorization } })
const { eventLog } = await perch.request('{ eventLog { start end } }')
const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : ['']
// Behind the last line break is nothing, or half a line of a run that was killed: it is written anew.
if (lines.pop() !== '') writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
const last = lines.at(-1)
// graphql-ws sends this object again after a reconnect: keep the last position in it.
const variables = { after: last ? JSON.parse(last).position : eventLog.start, until: eventLog.end }

const socket = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
})
const query = `subscription ($after: Position, $until: Position) {
  ticketEvents(after: $after, until: $until) {
    position at type ticketId ticketNumber actor { kind userId part } changes { field before after }
  }
}`
for await (const { data, errors } of socket.iterate({ query, variables })) {
  if (!data) throw new Error(errors[0].message) // POSITION_EXPIRED: there is a gap, begin a new file
  appendFileSync(file, `${JSON.stringify(data.ticketEvents)}\n`)
  variables.after = data.ticketEvents.position
}
await socket.dispose()
